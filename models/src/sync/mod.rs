//! What waits are counted by, and locks.

#[path = "../../../crates/sortie/src/sync/countdown.rs"]
#[allow(dead_code, reason = "some of it is for users' eyes")]
pub(crate) mod countdown;
#[path = "../../../crates/sortie/src/sync/once.rs"]
#[allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "for users of the type"
)]
mod once;
#[path = "../../../crates/sortie/src/sync/permits.rs"]
#[allow(dead_code, reason = "some of it is for users' eyes")]
pub(crate) mod permits;
pub(crate) mod pool;
mod protocol;
#[path = "../../../crates/sortie/src/sync/raw_mutex.rs"]
#[allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "for users of the mutex"
)]
mod raw_mutex;
#[path = "../../../crates/sortie/src/sync/room.rs"]
#[allow(dead_code, reason = "its pool is another")]
mod room;
mod rwlock;
#[path = "../../../crates/sortie/src/sync/spin.rs"]
mod spin;

use crate::base::identity::Identity;
use crate::context::{Context, ContextError};
use crate::park::wait_queue::{Ended, Until};

fn until(_: &Context) -> Until<'_> {
    unreachable!("no model has contexts")
}

fn ended_by(_: Ended, _: &Context) -> ContextError {
    unreachable!("no model has contexts")
}

/// A number that the caller has and nobody else: a multiple of 8, and not 0.
fn thread_number() -> usize {
    Identity::current().number() as usize * 8
}
