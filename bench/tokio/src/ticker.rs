//! A ticker of one millisecond, and how late its ticks are beside others. Code that
//! blocks or computes without end goes to `spawn_blocking`, as tokio asks for.

use bench_program::{BLOCKERS, PERIOD, lateness, ticks};
use std::hint::black_box;
use std::io::{PipeWriter, Read};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Beside nothing.
pub(crate) async fn alone() -> f64 {
    let ticks = ticks();
    let mut late = Vec::with_capacity(ticks);
    let mut due = Instant::now() + PERIOD;
    while late.len() < ticks {
        tokio::time::sleep_until(due.into()).await;
        late.push(due.elapsed());
        due += PERIOD;
    }
    lateness(late)
}

/// Beside blocking tasks that are stuck in `read` on a pipe.
pub(crate) async fn beside_blockers() -> f64 {
    let writers = block().await;
    let late = alone().await;
    drop(writers);
    late
}

/// Gets blocking tasks stuck. They are until these are dropped.
pub(crate) async fn block() -> Vec<PipeWriter> {
    static ENTERING: AtomicUsize = AtomicUsize::new(0);
    let mut writers = Vec::new();
    for _ in 0..BLOCKERS {
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        writers.push(writer);
        tokio::task::spawn_blocking(move || {
            ENTERING.fetch_add(1, Ordering::AcqRel);
            reader.read(&mut [0])
        });
    }
    while ENTERING.load(Ordering::Acquire) < BLOCKERS {
        tokio::task::yield_now().await;
    }
    writers
}

/// Beside twice as many endless loops as there are workers.
pub(crate) async fn beside_hogs() -> f64 {
    static RUNNING: AtomicUsize = AtomicUsize::new(0);
    let hogs = 2 * crate::workers();
    for _ in 0..hogs {
        tokio::task::spawn_blocking(|| {
            RUNNING.fetch_add(1, Ordering::AcqRel);
            let mut count = 0u64;
            loop {
                count = black_box(count).wrapping_add(1);
            }
        });
    }
    while RUNNING.load(Ordering::Acquire) < hogs {
        tokio::task::yield_now().await;
    }
    alone().await
}
