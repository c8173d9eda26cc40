//! Stopping the world: taking all processors.
//!
//! For changing their number, and for looking at all goroutines. Machines that
//! run user code lose their processor without noticing (see `seat`); those inside
//! the runtime give it up when they next look for work. Goroutines without a
//! processor go on, until they need one.

use super::processor::{P, Status};
use super::scheduler::Scheduler;
use super::trace;
use crate::base::atomic::Ordering;
use crate::base::lock::{Guard, Lock};
use std::time::Duration;

/// One at a time may stop the world.
static STOPPING: Lock<()> = Lock::new(());

/// The stopped world. It goes on when this is dropped.
#[derive(Debug)]
pub(crate) struct Stopped {
    scheduler: &'static Scheduler,
    _one: Guard<'static, ()>,
}

impl Scheduler {
    /// Whether somebody stops the world.
    #[inline]
    pub(super) fn world_stops(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Stops the world. Must not be called while the caller has a processor, so
    /// goroutines do it in a [`blocking`](super::blocking::blocking) call.
    pub(crate) fn stop_world(&'static self) -> Stopped {
        let one = STOPPING.lock();
        self.stopping.store(true, Ordering::SeqCst);
        {
            let mut idle = self.idle.lock();
            idle.stopped = true;
            while let Some(p) = idle.processors.pop() {
                self.gate.remove_idle();
                p.set_status(Status::Stopped);
            }
        }
        loop {
            let mut left = 0;
            for p in self.processors() {
                if p.status() == Status::Stopped {
                    continue;
                }
                p.attention.store(true, Ordering::Relaxed);
                let processor = std::ptr::from_ref::<P>(p).cast_mut();
                if p.seat().is_some_and(|seat| seat.retake(processor)) {
                    if let Some(m) = trace::machine_of(p) {
                        trace::retaken(p, m);
                    }
                    p.machine.store(std::ptr::null_mut(), Ordering::Release);
                    p.set_status(Status::Stopped);
                } else {
                    left += 1;
                }
            }
            if left == 0 {
                return Stopped {
                    scheduler: self,
                    _one: one,
                };
            }
            // They are inside the runtime, and about to find out.
            std::thread::sleep(Duration::from_micros(20));
        }
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        let scheduler = self.scheduler;
        scheduler.stopping.store(false, Ordering::SeqCst);
        scheduler.idle.lock().stopped = false;
        let mut work = scheduler.global_len();
        for p in scheduler.processors() {
            p.set_status(Status::Running);
            let has_own = p.has_work() || p.timers.next() != crate::base::clock::NEVER;
            if has_own || work > 0 {
                work = work.saturating_sub(usize::from(!has_own));
                scheduler.start_machine(p, false);
            } else {
                scheduler.make_idle(p);
            }
        }
        scheduler.gate.before_last_look();
        if scheduler.any_work() || scheduler.lacks_watcher() {
            scheduler.wake_for_work();
        }
    }
}
