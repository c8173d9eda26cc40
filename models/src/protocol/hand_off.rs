//! Handing over: seat and wake gate together.
//!
//! * *A machine* has a processor with a goroutine in its queue, and runs another that
//!   is stuck in user code. When that comes back it enters; if the processor is
//!   gone it takes an idle one, or else puts the goroutine into the global queue,
//!   and sleeps.
//! * *Sysmon* takes the processor away, and gives it to a machine that sleeps if there
//!   is work for it, else to the idle ones.
//!
//! Checked: both goroutines end, whoever runs them; the processor is in one hand at
//! a time, and each owner sees what the last one did with it.
//!
//! Seen to fail: without `light` or without `heavy`; without the last look of
//! `hand_off` (in `machines`); when the machine that comes back does not wake
//! anybody for the goroutine it puts away.

use super::explore_bounded;
use super::machines::Scheduler;
use loom::thread;

/// The machine that was stuck, and the other.
const STUCK: usize = 0;
const OTHER: usize = 1;

/// The goroutine on the stuck machine comes back, and ends.
fn come_back(scheduler: &Scheduler) {
    let mut p = scheduler.enter(STUCK);
    if p.is_none() {
        // As `blocking::regain`.
        p = scheduler.take_idle();
        if let Some(p) = p {
            scheduler.acquire(STUCK, p);
        }
    }
    if p.is_some() {
        scheduler.run();
    } else {
        scheduler.inject();
        scheduler.wake_for_work();
    }
    scheduler.work(STUCK, p, false);
}

/// Sysmon looks at the machine while it is stuck, and so many goroutines queue.
fn retake(queued: u32) {
    let scheduler = Scheduler::new(1, 2, queued + 1, false);
    let p = scheduler.take_idle().unwrap();
    scheduler.acquire(STUCK, p);
    for _ in 0..queued {
        scheduler.processors[p].push();
    }
    scheduler.machines[STUCK].seat.exit();
    let stuck = {
        let scheduler = scheduler.clone();
        thread::spawn(move || come_back(&scheduler))
    };
    let other = {
        let scheduler = scheduler.clone();
        thread::spawn(move || scheduler.work(OTHER, None, false))
    };
    scheduler.look_at(STUCK, p);
    stuck.join().unwrap();
    other.join().unwrap();
}

#[test]
fn with_work_queued() {
    explore_bounded("hand-off, work queued", 3, || retake(1));
}

#[test]
fn with_nothing_queued() {
    explore_bounded("hand-off, nothing queued", 3, || retake(0));
}
