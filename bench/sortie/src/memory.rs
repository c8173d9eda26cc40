//! 1 M goroutines that wait on one channel, and what each keeps resident.

use crate::scaled;
use bench_program::Settling;
use sortie::chan::bounded;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) fn run() -> f64 {
    static STARTED: AtomicU64 = AtomicU64::new(0);
    let goroutines = scaled(1_000_000);
    let (sender, receiver) = bounded::<u64>(0);
    let mut memory = Settling::start();
    for _ in 0..goroutines {
        let receiver = receiver.clone();
        sortie::go(move || {
            STARTED.fetch_add(1, Ordering::AcqRel);
            receiver.recv().unwrap_err();
        });
    }
    while STARTED.load(Ordering::Acquire) < goroutines || !memory.has_settled() {
        sortie::sleep(Settling::PAUSE);
    }
    let bytes = memory.bytes_each(goroutines);
    drop(sender);
    bytes
}
