//! Waiting for several channels, without the macros.

#[path = "../../../../crates/sortie/src/chan/select/case.rs"]
mod case;
#[path = "../../../../crates/sortie/src/chan/select/dynamic.rs"]
mod dynamic;
#[path = "../../../../crates/sortie/src/chan/select/endpoint.rs"]
mod endpoint;
#[path = "../../../../crates/sortie/src/chan/select/engine.rs"]
mod engine;
#[path = "../../../../crates/sortie/src/chan/select/operation.rs"]
mod operation;

pub(super) use dynamic::Select;
