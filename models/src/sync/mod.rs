//! What waits are counted by.

#[path = "../../../crates/sortie/src/sync/countdown.rs"]
#[allow(dead_code, reason = "some of it is for users' eyes")]
pub(crate) mod countdown;
#[path = "../../../crates/sortie/src/sync/permits.rs"]
#[allow(dead_code, reason = "some of it is for users' eyes")]
pub(crate) mod permits;
