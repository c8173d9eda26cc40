//! Channels that deliver times: nobody sends, whoever looks computes whether
//! there is a message. So an `after` that is not used costs nothing.

use super::errors::Refused;
use crate::base::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::base::clock::{self, NEVER};
use crate::base::instant::Instant as ClockInstant;
use crate::goroutine::WaitReason;
use crate::park::wait_queue::{Until, wait_for_nothing};
use crate::park::{Place, Woken};
use std::panic::Location;
use std::time::{Duration, Instant};

/// An instant on the runtime's clock.
pub(super) fn on_clock(instant: Instant) -> u64 {
    ClockInstant::from(instant).on_clock()
}

/// A time of the runtime's clock that is over, as an instant: rather late by what the
/// clocks may be apart than too early, but not in the future.
fn as_instant(time: u64) -> Instant {
    const APART: Duration = Duration::from_micros(1);
    let instant: Instant = ClockInstant::from_clock(time).into();
    (instant + APART).min(Instant::now())
}

/// Waits as long as there is time.
fn wait(until: &Until<'_>, reason: WaitReason, location: &'static Location<'static>) -> Woken {
    let place = Place {
        reason,
        location,
        origin: None,
    };
    wait_for_nothing(until, place)
}

/// One message, at a certain time.
#[derive(Debug)]
pub(super) struct At {
    when: Instant,
    time: u64,
    received: AtomicBool,
}

impl At {
    pub(super) fn new(when: Instant) -> Self {
        At {
            when,
            time: on_clock(when),
            received: AtomicBool::new(false),
        }
    }

    fn is_due(&self) -> bool {
        !self.received.load(Ordering::Relaxed) && clock::now() >= self.time
    }
}

/// A message now and then.
#[derive(Debug)]
pub(super) struct Tick {
    next: AtomicU64,
    period: u64,
}

impl Tick {
    /// `None` if the first would never come.
    pub(super) fn new(period: Duration) -> Option<Self> {
        let period = u64::try_from(period.as_nanos()).ok()?;
        let next = clock::now().checked_add(period)?;
        Some(Tick {
            next: AtomicU64::new(next),
            period,
        })
    }
}

/// What the three have in common.
pub(super) trait Times {
    /// The message, if it is due.
    fn take(&self) -> Option<Instant>;

    /// Whether there is a message.
    fn has_message(&self) -> bool;

    /// When the next message comes, on the runtime's clock.
    fn next(&self) -> u64;

    fn receive(
        &self,
        until: &Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<Instant, Refused<()>> {
        loop {
            if let Some(message) = self.take() {
                return Ok(message);
            }
            if until.is_over() {
                return Err(Refused::NotNow(()));
            }
            let first = Until {
                deadline: self.next().min(until.deadline),
                ..*until
            };
            let reason = if first.deadline == NEVER {
                WaitReason::ChannelReceiveNever
            } else {
                WaitReason::ChannelReceive
            };
            if wait(&first, reason, location) == Woken::Interrupted {
                return Err(Refused::NotNow(()));
            }
        }
    }
}

impl Times for At {
    fn take(&self) -> Option<Instant> {
        (self.is_due() && !self.received.swap(true, Ordering::AcqRel)).then_some(self.when)
    }

    fn has_message(&self) -> bool {
        self.is_due()
    }

    fn next(&self) -> u64 {
        if self.received.load(Ordering::Relaxed) {
            NEVER
        } else {
            self.time
        }
    }
}

impl Times for Tick {
    fn take(&self) -> Option<Instant> {
        let mut next = self.next.load(Ordering::Acquire);
        loop {
            let now = clock::now();
            if now < next {
                return None;
            }
            // Ticks that nobody took are dropped, and time starts anew.
            let after = now.saturating_add(self.period);
            match self
                .next
                .compare_exchange(next, after, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return Some(as_instant(next)),
                Err(seen) => next = seen,
            }
        }
    }

    fn has_message(&self) -> bool {
        clock::now() >= self.next.load(Ordering::Acquire)
    }

    fn next(&self) -> u64 {
        self.next.load(Ordering::Acquire)
    }
}

/// No message, ever.
pub(super) fn receive_never(
    until: &Until<'_>,
    location: &'static Location<'static>,
) -> Refused<()> {
    if !until.is_now() {
        wait(until, WaitReason::ChannelReceiveNever, location);
    }
    Refused::NotNow(())
}
