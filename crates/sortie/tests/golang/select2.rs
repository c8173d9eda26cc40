//! Go's test/chan/select2.go: a select does not use memory.
//!
//! <https://github.com/golang/go/blob/master/test/chan/select2.go>

use sortie::chan::{Receiver, Sender, bounded, select};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Counts what each thread, or goroutine, allocates.
struct Counting;

static ALLOCATED: AtomicU64 = AtomicU64::new(0);

// SAFETY: all calls go to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if MINE.get() {
            ALLOCATED.fetch_add(layout.size() as u64, Relaxed);
        }
        // SAFETY: as this function's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as this function's.
        unsafe { System.dealloc(at, layout) };
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

thread_local! {
    /// Whether this goroutine is one of this test's.
    static MINE: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

fn exchange(sender: &Sender<i32>, receiver: &Receiver<i32>, idle: &Receiver<i32>, count: usize) {
    sortie::scope(|s| {
        s.go(|| {
            MINE.set(true);
            (0..count).try_for_each(|_| sender.send(1)).unwrap();
        });
        s.go(|| {
            MINE.set(true);
            for _ in 0..count {
                select! {
                    recv(receiver) -> message => assert_eq!(message, Ok(1)),
                    recv(idle) -> _ => panic!("nobody sends"),
                }
            }
        });
    });
}

#[test]
fn select_uses_no_memory() {
    const COUNT: usize = 10_000;
    sortie::run(|| {
        let (sender, receiver) = bounded(0);
        let (_idle_sender, idle) = bounded(0);
        let used = || {
            let before = ALLOCATED.load(Relaxed);
            exchange(&sender, &receiver, &idle, COUNT);
            ALLOCATED.load(Relaxed) - before
        };
        // The dumps of other tests have the stacks of these goroutines walked, which
        // allocates; so the least of many is what counts. A byte for each select
        // would be as many, always.
        let least = (0..20).map(|_| used()).min();
        assert!(least < Some(COUNT as u64), "{least:?} for {COUNT} selects");
    });
}
