//! Rare matters, looked after by sysmon: memory, and the number of processors.

use super::procs;
use super::scheduler::Scheduler;
use crate::base::atomic::Ordering;

impl Scheduler {
    /// Gives memory back that was not needed since the last call.
    pub(super) fn trim(&self) {
        let fibers = self.fibers.trim();
        let headers = self.slab.trim();
        self.trimmed
            .store(fibers == 0 && !headers, Ordering::Relaxed);
    }

    /// Threads that run machines, and those of them that sleep.
    pub(crate) fn thread_counts(&self) -> (usize, usize) {
        let idle = self.idle.lock();
        (idle.threads, idle.machines.len())
    }

    /// Machines that run a goroutine without a processor: it blocks, or computes on.
    pub(crate) fn threads_without_processor(&self) -> usize {
        let machines = self.machines.lock();
        let without = machines.iter().filter(|m| {
            m.tid.load(Ordering::Acquire) != 0
                && !m.asleep.load(Ordering::Acquire)
                && m.seat.peek().is_null()
        });
        without.count()
    }

    /// Whether the last trim found nothing to do.
    pub(super) fn is_trimmed(&self) -> bool {
        self.trimmed.load(Ordering::Relaxed)
    }

    /// Follows the affinity mask and the cgroup's quota, unless somebody set the
    /// number of processors.
    pub(super) fn follow_cpus(&'static self) {
        if self.follows_cpus.load(Ordering::Relaxed) {
            let count = procs::default();
            if count != self.processors().len() {
                let _stopped = self.stop_world();
                self.resize(count);
            }
        }
    }

    /// Sets the number of processors. Returns the old one.
    pub(crate) fn set_max_procs(&'static self, count: usize) -> usize {
        self.follows_cpus.store(false, Ordering::Relaxed);
        let change = || {
            let _hidden = sortie_fiber::race::hide();
            let _stopped = self.stop_world();
            let old = self.processors().len();
            if count != old {
                self.resize(count);
            }
            if count > old {
                // Sysmon would do it within some milliseconds. If they have to be confined
                // to that many, it does.
                self.confinement.release(&self.all_machines());
            }
            old
        };
        let old = super::blocking::blocking(change);
        // It may sleep until a processor is in use, though goroutines compute without one:
        // more than there are processors now.
        self.sysmon.wake();
        old
    }
}
