//! Contexts: whether a piece of work is still wanted, told to all who do parts of
//! it. Go's package `context`.

mod after;
mod alarm;
mod blocking;
mod cancel;
mod closed;
#[expect(clippy::module_inception, reason = "the type has this name")]
mod context;
mod deadline;
mod end;
mod error;
mod list;
mod node;
mod state;
#[cfg(test)]
mod tests;
mod value;

pub use after::StopFn;
pub use blocking::{
    JoinContextError, RecvContextError, SendContextError, sleep_ctx, sleep_until_ctx,
};
pub use cancel::{CancelCauseFn, CancelFn};
pub use context::Context;
pub use error::ContextError;
