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
mod permits;
mod semaphore;
mod wait_group;

pub use semaphore::{OwnedPermit, Permit, Semaphore};
pub use wait_group::{WaitGroup, WaitGroupToken};
