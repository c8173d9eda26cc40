//! The words of a goroutine's header that are a protocol.

#[path = "../../../crates/sortie/src/goroutine/claim.rs"]
pub(crate) mod claim;
#[path = "../../../crates/sortie/src/goroutine/join_word.rs"]
pub(crate) mod join_word;
