//! Noticing that nothing will ever happen again.
//!
//! All goroutines wait for each other if nothing is runnable, no timer is set, nobody
//! waits for the network or is to be notified of a signal, and every thread of the process is known to sleep in the runtime. The last
//! point is what other runtimes do not look at: any other thread could make a
//! goroutine ready. Threads are counted in `/proc/self/task`, so the answer is
//! right whatever libraries are linked and whatever they started.
//!
//! The look is taken by sysmon when no processor has been in use for a while,
//! twice, with everything unchanged in between.

use super::scheduler::Scheduler;
use crate::base::atomic::{AtomicBool, AtomicUsize, Ordering};
use crate::base::clock::NEVER;
use sortie_fiber::race;

/// Threads, other than machines, that wait in the runtime for goroutines.
static WAITING_THREADS: AtomicUsize = AtomicUsize::new(0);

/// Whether the main goroutine ended by `task::exit`.
static MAIN_EXITED: AtomicBool = AtomicBool::new(false);

/// The main goroutine ended by `task::exit`, and its thread waits for ever.
pub(crate) fn main_exited() {
    MAIN_EXITED.store(true, Ordering::Release);
}

/// The calling thread, which is no machine, goes to sleep in the runtime until
/// somebody makes it ready.
pub(crate) fn thread_waits() {
    WAITING_THREADS.fetch_add(1, Ordering::AcqRel);
}

/// Such a thread was made ready. Said by who does it, before the thread knows.
pub(crate) fn thread_is_ready() {
    WAITING_THREADS.fetch_sub(1, Ordering::AcqRel);
}

/// Those outside, other than threads, who may make goroutines ready: signals that
/// somebody is notified of.
static OUTSIDERS: AtomicUsize = AtomicUsize::new(0);

/// Somebody outside may make goroutines ready from now on.
pub(crate) fn others_may_wake() {
    OUTSIDERS.fetch_add(1, Ordering::AcqRel);
}

/// One of them does not any more. Whoever says so wakes sysmon.
pub(crate) fn others_do_not_wake() {
    OUTSIDERS.fetch_sub(1, Ordering::AcqRel);
}

/// Threads of this process, as far as the kernel tells.
fn threads() -> Option<usize> {
    Some(std::fs::read_dir("/proc/self/task").ok()?.count())
}

impl Scheduler {
    /// Whether there are goroutines, but nothing that the runtime knows of could
    /// ever make one of them run.
    pub(super) fn may_be_deadlocked(&self) -> bool {
        let (made, ended) = self.goroutine_counts();
        (made != ended || MAIN_EXITED.load(Ordering::Acquire))
            && OUTSIDERS.load(Ordering::Acquire) == 0
            && !self.any_work()
            && !self.is_network_waited_for()
            && self.next_timer() == NEVER
    }

    /// Ends the process with a report if this is a deadlock.
    pub(super) fn check_deadlock(&'static self) {
        let before = self.activity();
        if self.may_be_deadlocked() && self.all_asleep() && self.activity() == before {
            let (made, ended) = self.goroutine_counts();
            let message = if made == ended {
                "no goroutines (main called task::exit) - deadlock!"
            } else {
                "all goroutines are asleep - deadlock!"
            };
            (self.config.hooks.deadlock)(self, message);
        }
    }

    /// A number that changes whenever a goroutine runs.
    fn activity(&self) -> u64 {
        let turns = self.all_processors().iter().map(|p| p.tick.get());
        turns.sum()
    }

    /// Whether every thread of the process sleeps in the runtime, but for the
    /// caller.
    fn all_asleep(&self) -> bool {
        let (machines, asleep) = {
            let machines = self.machines.lock();
            let alive = machines
                .iter()
                .filter(|m| m.tid.load(Ordering::Acquire) != 0);
            let asleep = alive
                .clone()
                .filter(|m| m.asleep.load(Ordering::Acquire))
                .count();
            (alive.count(), asleep)
        };
        let waiting = WAITING_THREADS.load(Ordering::Acquire);
        const OTHERS: usize = 1 + race::OWN_THREADS; // the caller, and a detector's
        machines == asleep && threads() == Some(asleep + waiting + OTHERS)
    }
}
