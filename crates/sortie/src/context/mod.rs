//! Contexts: whether a piece of work is still wanted, told to all who do parts of
//! it. Go's package `context`.

mod cancel;
#[expect(clippy::module_inception, reason = "the type has this name")]
mod context;
mod error;
mod node;

pub use cancel::CancelFn;
pub use context::Context;
pub use error::ContextError;
