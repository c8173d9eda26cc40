//! Channels that deliver times: nobody sends, whoever looks computes whether
//! there is a message. So an `after` that is not used costs nothing.

use super::errors::Refused;
use crate::base::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::base::clock::{self, NEVER};
use crate::goroutine::WaitReason;
use crate::park::wait_queue::{Until, wait_for_nothing};
use crate::park::{Place, Woken};
use std::panic::Location;
use std::time::{Duration, Instant};

/// Nanoseconds within which two readings of the clocks are one moment.
const CLOSE: u64 = 1000;

/// The moment at which the process first asked, on both clocks; to convert.
fn origin() -> (Instant, u64) {
    static ORIGIN: std::sync::OnceLock<(Instant, u64)> = std::sync::OnceLock::new();
    *ORIGIN.get_or_init(|| {
        // The thread may lose its CPU between the two, and all times would be off by
        // that for ever. So they are read until they are close to each other. The
        // clock comes second: nothing may happen before its time.
        let both = || {
            let before = clock::now();
            let instant = Instant::now();
            let after = clock::now();
            (after - before, (instant, after))
        };
        let mut best = both();
        for _ in 0..100 {
            if best.0 < CLOSE {
                break;
            }
            let next = both();
            if next.0 < best.0 {
                best = next;
            }
        }
        best.1
    })
}

/// An instant on the runtime's clock.
pub(super) fn on_clock(instant: Instant) -> u64 {
    let (start, clock) = origin();
    let nanoseconds = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(NEVER);
    match instant.checked_duration_since(start) {
        Some(after) => clock.saturating_add(nanoseconds(after)),
        // Never 0, which has a meaning of its own.
        None => clock.saturating_sub(nanoseconds(start - instant)).max(1),
    }
}

/// A time of the runtime's clock as an instant.
fn as_instant(time: u64) -> Instant {
    let (start, clock) = origin();
    if time >= clock {
        start + Duration::from_nanos(time - clock)
    } else {
        start - Duration::from_nanos(clock - time)
    }
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
        let _ = origin();
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
