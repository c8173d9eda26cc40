//! `ThreadCached` as this program's global allocator: the allocator inside never
//! sees a fiber.

#[path = "common/threads.rs"]
mod threads;

use sortie_fiber::{Fiber, Progress, ThreadCached, on_fiber};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use threads::Worker;

/// Notes on whose behalf it is called.
struct Witness;

thread_local! {
    /// Calls by this thread.
    static CALLS: Cell<usize> = const { Cell::new(0) };
}
static CALLS_ON_FIBERS: AtomicUsize = AtomicUsize::new(0);

impl Witness {
    fn note(&self) {
        CALLS.set(CALLS.get() + 1);
        if on_fiber() {
            CALLS_ON_FIBERS.fetch_add(1, Ordering::Relaxed);
        }
    }
}

// SAFETY: passes everything on to the system's allocator.
unsafe impl GlobalAlloc for Witness {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.note();
        // SAFETY: passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.note();
        // SAFETY: passed on.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.note();
        // SAFETY: passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.note();
        // SAFETY: passed on.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: ThreadCached<Witness> = ThreadCached::new(Witness);

/// Calls that the allocator counted for the calling thread or fiber.
fn calls() -> usize {
    CALLS.get()
}

#[test]
fn calls_count_for_the_thread_below() {
    let workers = [Worker::start(), Worker::start()];
    let mut fiber = Fiber::<(), usize, ()>::new(|suspender, ()| {
        for _ in 0..10 {
            let mut list: Vec<u8> = Vec::with_capacity(10);
            list.extend_from_slice(&[1; 1000]);
            drop(list);
            drop(std::hint::black_box(vec![0u8; 5000]));
            // Seen from the fiber nobody ever allocates.
            suspender.suspend(calls());
        }
    })
    .unwrap();
    for round in 0..10 {
        let progress;
        let worker = &workers[round % 2];
        let grown;
        (fiber, progress, grown) = worker.run(move || {
            let before = calls();
            let progress = fiber.resume(());
            (fiber, progress, calls() - before)
        });
        assert_eq!(progress, Progress::Suspended(0));
        assert!(grown >= 5, "{grown} calls");
    }
    drop(fiber);
    assert_eq!(CALLS_ON_FIBERS.load(Ordering::Relaxed), 0);
}

#[test]
fn nested_fibers_use_the_same_thread() {
    let mut outer = Fiber::<(), (), usize>::new(|_, ()| {
        let mut inner = Fiber::<(), (), usize>::new(|_, ()| {
            drop(std::hint::black_box(vec![1u8; 100]));
            calls()
        })
        .unwrap();
        let Progress::Returned(inner) = inner.resume(()) else {
            panic!("it returns");
        };
        inner + calls()
    })
    .unwrap();
    let before = calls();
    assert_eq!(outer.resume(()), Progress::Returned(0));
    assert!(calls() > before + 2);
    assert_eq!(CALLS_ON_FIBERS.load(Ordering::Relaxed), 0);
}

#[test]
fn a_million_blocks_allocated_here_and_freed_there() {
    const BLOCKS: usize = 1_000_000;
    const BATCH: usize = 10_000;
    type Blocks = Vec<Box<[u8]>>;
    let workers: Vec<Worker> = (0..3).map(|_| Worker::start()).collect();
    let (sender, blocks) = mpsc::channel::<Blocks>();

    let mut makes = Fiber::<(), (), ()>::new(move |suspender, ()| {
        for batch in 0..BLOCKS / BATCH {
            let make = |index| vec![batch as u8; 1 + index % 200].into_boxed_slice();
            sender.send((0..BATCH).map(make).collect()).unwrap();
            suspender.suspend(());
        }
    })
    .unwrap();
    let mut frees = Fiber::<(), (), usize>::new(move |suspender, ()| {
        let (mut queue, mut freed) = (VecDeque::new(), 0);
        for blocks in blocks {
            for block in blocks {
                queue.push_back(block);
                if queue.len() > 1000 {
                    let block: Box<[u8]> = queue.pop_front().unwrap();
                    assert_eq!(block[0], block[block.len() - 1]);
                    freed += 1;
                }
            }
            suspender.suspend(());
        }
        freed + queue.len()
    })
    .unwrap();
    for round in 0.. {
        if !makes.is_finished() {
            (makes, _) = workers[round % 3].resume(makes, ());
        }
        let progress;
        (frees, progress) = workers[(round + 1) % 3].resume(frees, ());
        if let Progress::Returned(freed) = progress {
            assert_eq!(freed, BLOCKS);
            break;
        }
    }
    assert_eq!(CALLS_ON_FIBERS.load(Ordering::Relaxed), 0);
}

#[test]
fn threads_and_fibers_allocate_at_once() {
    std::thread::scope(|scope| {
        for seed in 0..4usize {
            scope.spawn(move || {
                let mut fibers: Vec<_> = (0..10usize)
                    .map(|number| {
                        Fiber::<(), (), usize>::new(move |suspender, ()| {
                            let mut set = HashSet::new();
                            for value in 0..500 {
                                set.insert((value * 7919 + seed + number) % 1009);
                                if value % 50 == 0 {
                                    suspender.suspend(());
                                }
                            }
                            set.len()
                        })
                        .unwrap()
                    })
                    .collect();
                let mut sum = 0;
                while !fibers.is_empty() {
                    fibers.retain_mut(|fiber| match fiber.resume(()) {
                        Progress::Suspended(()) => true,
                        Progress::Returned(length) => {
                            sum += length;
                            false
                        }
                    });
                }
                assert_eq!(sum, 10 * 500);
            });
        }
    });
    assert_eq!(CALLS_ON_FIBERS.load(Ordering::Relaxed), 0);
}
