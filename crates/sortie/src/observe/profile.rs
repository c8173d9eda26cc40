//! What goroutines do, counted by state, reason and place.

use crate::base::atomic::Ordering;
use crate::goroutine::{G, State, WaitReason};
use crate::sched::{M, Scheduler};
use std::collections::HashMap;
use std::panic::Location;
use std::ptr;

/// All goroutines, counted by what they do, by
/// [`runtime::goroutine_profile`](crate::runtime::goroutine_profile).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GoroutineProfile {
    /// Those that run on a processor.
    pub running: usize,
    /// Those that run without one: they block in the kernel or a C library, or compute
    /// on for long.
    pub without_proc: usize,
    /// Those that are ready to run.
    pub runnable: usize,
    /// Those that wait.
    pub waiting: usize,
    /// For what and where they wait, most first.
    pub places: Vec<WaitPlace>,
}

/// Goroutines that wait at the same place for the same thing, in
/// [`GoroutineProfile::places`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WaitPlace {
    /// What they wait for.
    pub reason: WaitReason,
    /// Where in the program.
    pub place: &'static Location<'static>,
    /// Where that was made, if it is a channel or the like.
    pub origin: Option<&'static Location<'static>>,
    /// How many they are.
    pub count: usize,
}

impl GoroutineProfile {
    /// How many goroutines there were.
    pub fn len(&self) -> usize {
        self.running + self.without_proc + self.runnable + self.waiting
    }

    /// Whether there were none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many waited for what, most first.
    pub fn reasons(&self) -> Vec<(WaitReason, usize)> {
        let mut reasons: Vec<(WaitReason, usize)> = Vec::new();
        for place in &self.places {
            match reasons
                .iter_mut()
                .find(|(reason, _)| *reason == place.reason)
            {
                Some((_, count)) => *count += place.count,
                None => reasons.push((place.reason, place.count)),
            }
        }
        reasons.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.as_str().cmp(b.0.as_str())));
        reasons
    }

    /// Counts, while everything goes on.
    pub(crate) fn take(scheduler: &'static Scheduler) -> Self {
        let mut profile = GoroutineProfile::default();
        let mut places: HashMap<Key, WaitPlace> = HashMap::new();
        scheduler.slab.for_each_in_parts(|g| match g.state() {
            State::Free | State::Dead => {}
            State::Runnable => profile.runnable += 1,
            State::Running if has_processor(g) => profile.running += 1,
            State::Running => profile.without_proc += 1,
            State::Waiting => {
                profile.waiting += 1;
                // It may go on while we look; then this is where it waited last.
                if let Some(wait) = g.wait() {
                    let origin = wait.origin.map_or(ptr::null(), ptr::from_ref);
                    let key = (wait.reason, ptr::from_ref(wait.place), origin);
                    let entry = places.entry(key).or_insert(WaitPlace {
                        reason: wait.reason,
                        place: wait.place,
                        origin: wait.origin,
                        count: 0,
                    });
                    entry.count += 1;
                }
            }
        });
        profile.places = places.into_values().collect();
        let order = |place: &WaitPlace| (place.place.file(), place.place.line());
        profile
            .places
            .sort_by(|a, b| b.count.cmp(&a.count).then(order(a).cmp(&order(b))));
        profile
    }
}

/// What, where, and where that was made.
type Key = (
    WaitReason,
    *const Location<'static>,
    *const Location<'static>,
);

/// Whether a goroutine that runs has a processor.
fn has_processor(g: &G) -> bool {
    // SAFETY: set from a `&'static M`; machines are never freed.
    let m = unsafe { g.machine.load(Ordering::Relaxed).cast::<M>().as_ref() };
    m.is_none_or(|m| !m.seat.peek().is_null())
}
