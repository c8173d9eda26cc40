//! Points in time, which no model uses: channels of times do, which are only compiled.

use std::time::Instant as StdInstant;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Instant(u64);

impl Instant {
    pub(crate) fn from_clock(time: u64) -> Self {
        Instant(time)
    }

    pub(crate) fn on_clock(self) -> u64 {
        self.0
    }
}

impl From<StdInstant> for Instant {
    fn from(_: StdInstant) -> Self {
        unreachable!("no model has channels of times")
    }
}

impl From<Instant> for StdInstant {
    fn from(_: Instant) -> Self {
        unreachable!("no model has channels of times")
    }
}
