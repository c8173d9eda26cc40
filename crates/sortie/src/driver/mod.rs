//! Sources of readiness: timers, and descriptors.
//!
//! A driver *returns* goroutines that became ready, in a list, and triggers that have
//! fired, one by one; it never calls up into the scheduler. The scheduler asks its
//! drivers when it looks for work, and lets one idle machine sleep until the next of
//! their events.

pub(crate) mod poller;
pub(crate) mod timers;
pub(crate) mod trigger;
