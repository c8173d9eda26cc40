//! The blocking operations of the layers below, with a context: they end when it
//! ends. Those of the layers above have theirs beside them.
//!
//! They are named like the operation, with `_ctx`. A context that has ended already is
//! an error even if the operation could be done at once, so that a loop over them
//! ends. Otherwise the operation is done or it is not: whatever it was to take along
//! comes back in the error.

mod channels;
mod error;
mod join;
mod sleep;

pub use error::{JoinContextError, RecvContextError, SendContextError};
pub use sleep::sleep_ctx;

use super::context::Context;
use super::error::ContextError;
use crate::base::clock::NEVER;
use crate::park::wait_queue::Until;

impl Context {
    /// As long as it has not ended.
    #[inline]
    fn until(&self) -> Until<'_> {
        Until {
            deadline: NEVER,
            interrupt: self.interrupt(),
        }
    }

    /// An error if it has ended.
    #[inline]
    fn check(&self) -> Result<(), ContextError> {
        self.err().map_or(Ok(()), Err)
    }

    /// Why it ended, which a wait has noticed.
    #[cold]
    fn ended(&self) -> ContextError {
        self.err().expect("a wait ends early only with its context")
    }
}
