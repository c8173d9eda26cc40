//! The goroutines that exist when a recording begins, or ends.

use super::output::Notes;
use crate::base::atomic::Ordering;
use crate::goroutine::State;
use crate::record::encode::Kind;
use crate::record::sites;
use crate::sched::{M, Scheduler};

/// Notes what all goroutines do at the moment. They go on meanwhile: of those that
/// change their state there are events.
pub(super) fn take(scheduler: &'static Scheduler) -> Notes {
    let mut notes = Notes::new();
    notes.add(Kind::MaxProcs, &[scheduler.processors().len() as u64]);
    scheduler.slab.for_each(|g| {
        let state = g.state();
        if matches!(state, State::Free | State::Dead) {
            return;
        }
        let id = g.id.load(Ordering::Relaxed);
        let wait = g.wait().filter(|_| state == State::Waiting);
        let site = wait.map_or(0, |wait| {
            sites::number(wait.reason as u8, wait.place, wait.origin)
        });
        let mut runs_on = 0;
        if state == State::Running {
            // SAFETY: set from a `&'static M`, if it was.
            if let Some(m) = unsafe { g.machine.load(Ordering::Relaxed).cast::<M>().as_ref() } {
                // SAFETY: seats hold `&'static P`s.
                let p = unsafe { m.seat.peek().as_ref() };
                runs_on =
                    u64::from(m.index + 1) << 3 | p.map_or(0, |p| u64::from(p.index + 1) << 35);
            }
        }
        notes.add(Kind::Exists, &[id, state as u64 | runs_on, site]);
        let place = g.created_at();
        let site = place.map_or(0, |place| sites::number(sites::NO_REASON, place, None));
        let creator = g.creator.load(Ordering::Relaxed);
        notes.add(Kind::Origin, &[id, site, creator]);
    });
    notes
}
