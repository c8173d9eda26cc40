//! Watching: whoever waits for the network hears of it, whoever polls.
//!
//! * *Who waits*, a thread, counts his wait, passes a full barrier, and wakes a machine if
//!   a processor is idle and nobody watches.
//! * *A machine* that has no work makes its processor idle, passes the heavy barrier, looks
//!   for waits, and sleeps in the poller if there are some and nobody else does. It is woken
//!   there when it is to work. One that has work looks in passing.
//!
//! Checked: the wait ends once there is an event, which comes at any time, also when the
//! watcher is called away for work meanwhile, or comes back from polling to find that its
//! processor is another's. If it did not, all would sleep, which loom reports.
//!
//! Seen to fail: when who waits does not wake a machine; without the heavy barrier, or
//! without the look for waits; when a watcher that is called away is not woken in the
//! poller.

use super::explore_bounded;
use super::machines::Scheduler;
use loom::thread;

/// So many machines share a processor, so many goroutines are submitted, and then there is
/// an event that a thread waits for.
fn watch(machines: usize, goroutines: u32) {
    let scheduler = Scheduler::new(1, machines, goroutines + 1, false);
    let mut p = scheduler.take_idle();
    scheduler.acquire(0, 0);
    let threads: Vec<_> = (0..machines)
        .map(|m| {
            let (scheduler, p) = (scheduler.clone(), p.take());
            thread::spawn(move || scheduler.work(m, p, false))
        })
        .collect();
    let waits = scheduler.clone();
    let waiter = thread::spawn(move || {
        waits.wait_for_network();
        // As if it were the end of a goroutine: machines may end when all have.
        waits.run();
    });
    for _ in 0..goroutines {
        scheduler.inject();
        scheduler.wake_for_work();
    }
    scheduler.network.happen();
    waiter.join().unwrap();
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn one_machine() {
    explore_bounded("watching, one machine", 3, || watch(1, 0));
}

#[test]
fn called_away() {
    explore_bounded("watching, called away", 2, || watch(1, 1));
}

#[test]
fn two_machines() {
    explore_bounded("watching, two machines", 2, || watch(2, 1));
}
