//! Barriers.

use super::until;
use crate::base::clock;
use crate::base::lock::Lock;
use crate::context::{Context, ContextError};
use crate::goroutine::WaitReason;
use crate::park::Place;
use crate::park::wait_queue::{self, End, Ended, Queued, ToReady, Until, WaitQueue};
use std::fmt;
use std::panic::Location;
use std::time::Duration;

/// A place where a number of goroutines or threads wait for each other, again and
/// again: std's [`Barrier`](std::sync::Barrier).
///
/// # Examples
/// ```
/// use sortie::sync::Barrier;
///
/// # sortie::run(|| {
/// let barrier = Barrier::new(3);
/// sortie::scope(|s| {
///     for _ in 0..3 {
///         s.go(|| {
///             // The first part of the work.
///             let result = barrier.wait();
///             if result.is_leader() {
///                 println!("all have done the first part");
///             }
///             // The second part.
///         });
///     }
/// });
/// # });
/// ```
pub struct Barrier {
    size: usize,
    line: Lock<Line>,
}

/// Those who have come.
struct Line {
    queue: WaitQueue,
    /// How many they are. One whose time is over counts until he has left.
    count: usize,
    /// How often the barrier was opened.
    openings: u64,
}

impl Queued for Line {
    fn queue(&self) -> &WaitQueue {
        &self.queue
    }
}

/// Whether one is the leader of those who passed a [`Barrier`] together.
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Whether this is the one of them who is the leader: the last who came.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

impl Barrier {
    /// A barrier that opens when so many have come. For 0 and 1 it is always open.
    pub const fn new(n: usize) -> Self {
        Barrier {
            size: n,
            line: Lock::new(Line {
                queue: WaitQueue::new(),
                count: 0,
                openings: 0,
            }),
        }
    }

    fn arrive(
        &self,
        until: Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<BarrierWaitResult, Ended> {
        let mut line = self.line.lock();
        if line.count + 1 >= self.size {
            let mut ready = ToReady::new();
            line.count = 0;
            line.openings += 1;
            line.queue.grant_all(0, &mut ready);
            drop(line);
            drop(ready);
            return Ok(BarrierWaitResult(true));
        }
        line.count += 1;
        let openings = line.openings;
        let place = Place {
            reason: WaitReason::Barrier,
            location,
            origin: None,
        };
        let ended = wait_queue::wait(&self.line, line, End::Back, 0, until, place);
        if !matches!(ended, Ended::Granted(_)) {
            let mut line = self.line.lock();
            // If it has opened meanwhile, he was one of those for whom it did.
            if line.openings == openings {
                line.count -= 1;
                return Err(ended);
            }
        }
        Ok(BarrierWaitResult(false))
    }

    /// Waits until enough have come. Then all go on, and the barrier is closed for the
    /// next.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread.
    #[track_caller]
    pub fn wait(&self) -> BarrierWaitResult {
        match self.arrive(Until::GRANTED, Location::caller()) {
            Ok(result) => result,
            Err(ended) => unreachable!("a wait without end: {ended:?}"),
        }
    }

    /// As [`wait`](Self::wait), for `timeout` at most. `None` if there were not enough
    /// by then: it is as if the caller had never come, and others wait on.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let barrier = sortie::sync::Barrier::new(2);
    /// assert!(barrier.wait_timeout(Duration::from_millis(1)).is_none());
    /// ```
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> Option<BarrierWaitResult> {
        let until = Until::deadline(clock::after(timeout));
        self.arrive(until, Location::caller()).ok()
    }

    /// As [`wait`](Self::wait), until `context` ends at most.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    ///
    /// # Errors
    /// Why `context` ended. It is as if the caller had never come, and others wait on.
    #[track_caller]
    pub fn wait_ctx(&self, context: &Context) -> Result<BarrierWaitResult, ContextError> {
        context.err().map_or(Ok(()), Err)?;
        self.arrive(until(context), Location::caller())
            .map_err(|ended| super::ended_by(ended, context))
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier").finish_non_exhaustive()
    }
}

impl fmt::Debug for BarrierWaitResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BarrierWaitResult")
            .field("is_leader", &self.is_leader())
            .finish()
    }
}
