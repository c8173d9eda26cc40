//! Trying again after a while, where no event tells when there is a point in it: a Unix
//! socket that has no room for what comes from a socket it is not connected with.

use super::socket::How;
use crate::base::clock;
use crate::context::Context;
use crate::park::Woken;
use crate::park::wait_queue::{self, Until};
use std::io;

/// The shortest and longest pause, in nanoseconds.
const FIRST: u64 = 50_000;
const LONGEST: u64 = 10_000_000;

/// The pauses of one operation: each is twice as long as the one before.
#[derive(Debug)]
pub(super) struct Pause(u64);

impl Pause {
    pub(super) const fn new() -> Self {
        Pause(FIRST)
    }

    /// When the next one is over, if it begins now.
    pub(super) fn end(&mut self) -> u64 {
        let end = clock::now().saturating_add(self.0);
        self.0 = (self.0 * 2).min(LONGEST);
        end
    }

    /// Lets the next one pass.
    ///
    /// # Errors
    /// If the context ends.
    pub(super) fn wait(&mut self, how: How<'_>) -> io::Result<()> {
        let until = Until {
            deadline: self.end(),
            interrupt: how.context.and_then(Context::interrupt),
        };
        match (
            wait_queue::wait_for_nothing(&until, how.place()),
            how.context,
        ) {
            (Woken::Interrupted, Some(context)) => Err(context.ended().into()),
            _ => Ok(()),
        }
    }
}
