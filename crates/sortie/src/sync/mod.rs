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
//!
//! What waits has a form with a time-out, and one with a
//! [`Context`](crate::context::Context), whose name ends in `_ctx`. A context that has
//! ended already is an error even if there would be no need to wait.

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
