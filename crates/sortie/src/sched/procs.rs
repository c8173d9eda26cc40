//! How many processors there are: the default, and changing it.

use super::processor::{P, Status};
use super::scheduler::Scheduler;
use super::trace;
use crate::base::affinity::CpuSet;
use crate::base::atomic::Ordering;
use crate::goroutine::{GRef, List};

/// The number of processors that the affinity mask and cgroup quota allow.
pub(crate) fn default() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The number of CPUs that the calling thread may run on.
pub(crate) fn cpus() -> usize {
    CpuSet::of(0).map_or_else(default, |set| set.len())
}

impl Scheduler {
    /// All processors that there ever were: those in use, and those that were
    /// taken out of use, whose counts still count.
    pub(crate) fn all_processors(&self) -> &'static [&'static P] {
        // SAFETY: leaked vectors only.
        unsafe { &*self.every.load(Ordering::Acquire) }
    }

    /// Makes the processors, while nothing runs yet.
    pub(crate) fn first_processors(&'static self, count: usize) {
        self.set_count(count, &mut List::new());
        for p in self.processors() {
            self.make_idle(p);
        }
    }

    /// Changes the number of processors in use. The world is stopped.
    pub(super) fn resize(&'static self, count: usize) {
        let mut orphans = List::new();
        self.set_count(count, &mut orphans);
        self.global.append(orphans);
    }

    fn set_count(&'static self, count: usize, orphans: &mut List) {
        let mut every = self.all_processors().to_vec();
        while every.len() < count {
            let index = every.len() as u32;
            let seed = self.config.seed ^ (u64::from(index) << 32);
            every.push(Box::leak(Box::new(P::new(index, seed, self))));
        }
        for p in &every[count..] {
            self.empty(p, every[0], orphans);
        }
        for p in &every[..count] {
            p.timers.put_to_use();
        }
        self.set_processors(every[..count].to_vec());
        trace::max_procs(count);
        self.every
            .store(Box::into_raw(Box::new(every)), Ordering::Release);
    }

    /// Takes everything out of a processor that is not used any more.
    fn empty(&self, p: &'static P, heir: &'static P, orphans: &mut List) {
        debug_assert_eq!(p.status(), Status::Stopped);
        // SAFETY: the world is stopped, so the caller has all processors.
        unsafe {
            let next: Option<GRef> = p.take_next();
            next.into_iter().for_each(|g| orphans.push_back(g));
            while let Some(g) = p.queue.pop() {
                orphans.push_back(g.as_ref());
            }
            self.slab.give(std::mem::take(p.headers()));
            self.fibers.give(p.take_fibers(0));
        }
        self.fibers.release_all(p);
        p.timers.move_to(&heir.timers);
    }
}
