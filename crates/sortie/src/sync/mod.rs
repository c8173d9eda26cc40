//! Waiting for each other without messages: Go's `sync` and `x/sync`.
//!
//! | Go | here |
//! |----|------|
//! | `sync.WaitGroup` | [`WaitGroup`] |
//! | `semaphore.Weighted` | [`Semaphore`] |
//! | `errgroup.Group` | [`ErrGroup`] |
//! | `singleflight.Group` | [`SingleFlight`] |
//!
//! Everything here is used by goroutines and by plain OS threads alike. Who waits is
//! parked, and has his turn in the order in which he came.

mod countdown;
mod err_group;
mod permits;
mod semaphore;
mod single_flight;
mod wait_group;

pub use err_group::ErrGroup;
pub use semaphore::{OwnedPermit, Permit, Semaphore};
pub use single_flight::SingleFlight;
pub use wait_group::{WaitGroup, WaitGroupToken};

use crate::base::clock::NEVER;
use crate::context::{Context, ContextError};
use crate::park::wait_queue::{Ended, Until};

/// To wait until a context ends at most.
fn until(context: &Context) -> Until<'_> {
    Until {
        deadline: NEVER,
        interrupt: context.interrupt(),
    }
}

/// Why a wait until a context's end was in vain.
fn ended_by(ended: Ended, context: &Context) -> ContextError {
    debug_assert_eq!(ended, Ended::Interrupted);
    context.err().expect("a context that ends waits has ended")
}
