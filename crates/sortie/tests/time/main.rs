//! Sleeping, timers, tickers, and functions that run later. One file a subject; Go's
//! own tests are in files named after Go's.
//!
//! How late something is depends on what else the machine does, so nothing here asks
//! for that; only that nothing happens early, twice, or not at all.

#[path = "../common/parked.rs"]
mod parked;
#[path = "../common/procs.rs"]
mod procs;

mod functions;
mod processors;
mod racing;
mod sleep_test;
mod tick_test;
mod waiting;

use sortie::chan::{Receiver, bounded};
use sortie::time::{Instant, Timer};
use std::time::Duration;

const NANOSECOND: Duration = Duration::from_nanos(1);
const MILLISECOND: Duration = Duration::from_millis(1);
/// So far away that it does not come.
const HOUR: Duration = Duration::from_secs(3600);

/// A timer of one of the two kinds, and where its times arrive.
struct Pair {
    timer: Timer,
    arrivals: Receiver<Instant>,
}

impl Pair {
    /// One that sends a message.
    fn message(duration: Duration) -> Self {
        let timer = Timer::new(duration);
        let arrivals = timer.chan().clone();
        Pair { timer, arrivals }
    }

    /// One that calls a function, which sends the time.
    fn function(duration: Duration) -> Self {
        let (sender, arrivals) = bounded(1);
        let timer = Timer::after_func(duration, move || {
            let _ = sender.send(Instant::now());
        });
        Pair { timer, arrivals }
    }

    const KINDS: [fn(Duration) -> Self; 2] = [Self::message, Self::function];
}

/// Waits until the clock has gone on: what is set for now is due then.
fn a_moment() {
    let now = Instant::now();
    while Instant::now() == now {
        std::hint::spin_loop();
    }
}
