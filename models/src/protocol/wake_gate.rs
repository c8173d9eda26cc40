//! The wake gate: no goroutine is left while everybody sleeps.
//!
//! * *The submitter* puts a goroutine where it is found, passes the light barrier,
//!   and wakes a machine if a processor is idle and nobody searches.
//! * *The searcher*, before it sleeps, says that its processor is idle and that it
//!   searches no longer, passes the heavy barrier, and looks once more. One that
//!   finds work, and is the last, wakes the next.
//!
//! Checked: a goroutine that is submitted while the only machine goes to sleep is
//! run; so are two, submitted by two threads at once. Of two goroutines, the first
//! of which occupies its machine until the second has run, both are run, although
//! their submitter may find that somebody searches already. If one were not, all
//! would sleep, which loom reports.
//!
//! Seen to fail: without `light` or without `heavy`; without the last look; when a
//! searcher says that it searches no longer only after the last look; when one that
//! finds work does not wake the next, or finds it in the last look and does not count
//! as a searcher again; when a submitter who finds no processor leaves the count
//! outside the idle lock. Not seen within the bound: that `should_wake` must read
//! the idle count with `Acquire`.

use super::explore_bounded;
use super::machines::Scheduler;
use loom::thread;

/// Submits so many goroutines to so many machines that all go to sleep.
fn submit(machines: usize, goroutines: u32) {
    let scheduler = Scheduler::new(machines, machines, goroutines, goroutines > 1);
    let threads: Vec<_> = (0..machines)
        .map(|m| {
            let p = scheduler.take_idle().unwrap();
            scheduler.acquire(m, p);
            let scheduler = scheduler.clone();
            thread::spawn(move || scheduler.work(m, Some(p), false))
        })
        .collect();
    for _ in 0..goroutines {
        scheduler.inject();
        scheduler.wake_for_work();
    }
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn one_machine() {
    explore_bounded("wake gate, one machine", 4, || submit(1, 1));
}

/// Two submit at once, while the only machine goes to sleep again and again.
#[test]
fn two_submitters() {
    explore_bounded("wake gate, two submitters", 4, || {
        let scheduler = Scheduler::new(1, 1, 2, false);
        let p = scheduler.take_idle().unwrap();
        scheduler.acquire(0, p);
        let machine = {
            let scheduler = scheduler.clone();
            thread::spawn(move || scheduler.work(0, Some(p), false))
        };
        let submitter = {
            let scheduler = scheduler.clone();
            thread::spawn(move || {
                scheduler.inject();
                scheduler.wake_for_work();
            })
        };
        scheduler.inject();
        scheduler.wake_for_work();
        submitter.join().unwrap();
        machine.join().unwrap();
    });
}

#[test]
fn two_machines() {
    explore_bounded("wake gate, two machines", 2, || submit(2, 2));
}
