//! Go's runtime/proc_test.go (BSD-style licence, The Go Authors): the tests of
//! the scheduler that do not need channels.
//!
//! <https://github.com/golang/go/blob/master/src/runtime/proc_test.go>

use crate::procs::Procs;
use sortie::runtime::lock_os_thread;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

/// TestYieldProgress and TestYieldLockedProgress: a goroutine that yields in a
/// loop lets others run, locked to its thread or not.
fn yield_progress(locked: bool) {
    let _procs = Procs::set(1);
    sortie::run(|| {
        let stop = AtomicBool::new(false);
        sortie::scope(|s| {
            s.go(|| {
                let _lock = locked.then(lock_os_thread);
                while !stop.load(SeqCst) {
                    sortie::yield_now();
                }
            });
            for _ in 0..50 {
                sortie::yield_now();
            }
            stop.store(true, SeqCst);
        });
    });
}

#[test]
fn yielding_lets_others_progress() {
    yield_progress(false);
}

#[test]
fn yielding_while_locked_lets_others_progress() {
    yield_progress(true);
}

/// TestYieldLocked: a locked goroutine keeps its thread over yields and sleeps.
#[test]
fn a_locked_goroutine_keeps_its_thread() {
    // SAFETY: has no preconditions.
    let thread = || unsafe { libc::gettid() };
    sortie::run(|| {
        let handle = sortie::go(move || {
            let _lock = lock_os_thread();
            let before = thread();
            for _ in 0..10 {
                sortie::yield_now();
                sortie::sleep(Duration::from_millis(1));
                assert_eq!(thread(), before);
            }
        });
        handle.join().unwrap();
    });
}

/// TestBlockLocked: locked goroutines that wait for each other.
#[test]
fn locked_goroutines_wait_for_each_other() {
    sortie::run(|| {
        let turn = AtomicU32::new(0);
        sortie::scope(|s| {
            for me in 0..2 {
                let turn = &turn;
                s.go(move || {
                    let _lock = lock_os_thread();
                    for round in 0..10 {
                        while turn.load(SeqCst) != 2 * round + me {
                            sortie::yield_now();
                        }
                        turn.fetch_add(1, SeqCst);
                    }
                });
            }
        });
        assert_eq!(turn.load(SeqCst), 20);
    });
}

/// TestGoroutineParallelism: as many goroutines as processors run at the same
/// time; they take strict turns without ever yielding.
fn parallelism(load: bool) {
    const PROCESSORS: u32 = 4;
    const ROUNDS: u32 = 10;
    let _procs = Procs::set(PROCESSORS as usize);
    sortie::run(|| {
        let stop = AtomicBool::new(false);
        sortie::scope(|s| {
            if load {
                // TestGoroutineParallelism2 arms the poller and loads the
                // scheduler with goroutines that come and go.
                for _ in 0..PROCESSORS {
                    s.go(|| {
                        while !stop.load(SeqCst) {
                            sortie::sleep(Duration::from_micros(100));
                        }
                    });
                }
            }
            for _ in 0..3 {
                let turn = AtomicU32::new(0);
                sortie::scope(|inner| {
                    for me in 0..PROCESSORS {
                        let turn = &turn;
                        inner.go(move || {
                            for round in 0..ROUNDS {
                                let expected = PROCESSORS * round + me;
                                while turn.load(SeqCst) != expected {
                                    std::hint::spin_loop();
                                }
                                turn.store(expected + 1, SeqCst);
                            }
                        });
                    }
                });
            }
            stop.store(true, SeqCst);
        });
    });
}

#[test]
fn goroutines_run_in_parallel() {
    parallelism(false);
}

#[test]
fn goroutines_run_in_parallel_under_load() {
    parallelism(true);
}

/// TestTimerFairness: a timer fires while goroutines keep the processors busy
/// with each other.
#[test]
fn timers_fire_while_goroutines_yield_to_each_other() {
    let _procs = Procs::set(2);
    sortie::run(|| {
        let stop = AtomicBool::new(false);
        sortie::scope(|s| {
            for _ in 0..4 {
                s.go(|| {
                    while !stop.load(SeqCst) {
                        sortie::yield_now();
                    }
                });
            }
            for _ in 0..20 {
                sortie::sleep(Duration::from_millis(1));
            }
            stop.store(true, SeqCst);
        });
    });
}

/// TestTimerFairness2: the same, with goroutines in short system calls.
#[test]
fn timers_fire_while_goroutines_make_system_calls() {
    let _procs = Procs::set(2);
    sortie::run(|| {
        let stop = AtomicBool::new(false);
        sortie::scope(|s| {
            for _ in 0..4 {
                s.go(|| {
                    while !stop.load(SeqCst) {
                        std::fs::metadata("/proc/self").unwrap();
                        sortie::yield_now();
                    }
                });
            }
            for _ in 0..20 {
                sortie::sleep(Duration::from_millis(1));
            }
            stop.store(true, SeqCst);
        });
    });
}

/// TestPreemption and TestAsyncPreempt: goroutines that spin, waiting for each
/// other, all get to run on one processor.
#[test]
fn spinning_goroutines_do_not_starve_each_other() {
    let _procs = Procs::set(1);
    sortie::run(|| {
        let turn = AtomicU32::new(0);
        sortie::scope(|s| {
            for me in 0..2 {
                let turn = &turn;
                s.go(move || {
                    for round in 0..5 {
                        while turn.load(SeqCst) != 2 * round + me {
                            std::hint::spin_loop();
                        }
                        turn.fetch_add(1, SeqCst);
                    }
                });
            }
        });
    });
}

/// TestPreemptSplitBig: the main goroutine gets on beside one that never stops.
#[test]
fn an_endless_loop_does_not_stop_the_world() {
    let _procs = Procs::set(1);
    sortie::run(|| {
        let stop = AtomicBool::new(false);
        sortie::scope(|s| {
            s.go(|| {
                while !stop.load(SeqCst) {
                    std::hint::spin_loop();
                }
            });
            for _ in 0..3 {
                sortie::sleep(Duration::from_millis(1));
                sortie::go(|| ()).join().unwrap();
            }
            stop.store(true, SeqCst);
        });
    });
}

/// TestLockOSThreadNesting.
#[test]
fn locking_to_a_thread_nests() {
    // SAFETY: has no preconditions.
    let thread = || unsafe { libc::gettid() };
    sortie::run(|| {
        sortie::go(move || {
            let outer = lock_os_thread();
            let inner = lock_os_thread();
            let before = thread();
            drop(outer);
            for _ in 0..20 {
                sortie::sleep(Duration::from_micros(100));
                assert_eq!(thread(), before, "still locked once");
            }
            drop(inner);
            // Now it may move.
            while thread() == before {
                sortie::sleep(Duration::from_micros(100));
            }
        })
        .join()
        .unwrap();
    });
}

/// TestLockOSThreadExit: the thread of a goroutine that ends while locked is not
/// used for others.
#[test]
fn the_thread_of_a_goroutine_that_ends_locked_ends() {
    sortie::run(|| {
        let thread = sortie::go(|| {
            std::mem::forget(lock_os_thread());
            // SAFETY: has no preconditions.
            unsafe { libc::gettid() }
        })
        .join()
        .unwrap();
        let gone = || !std::path::Path::new(&format!("/proc/self/task/{thread}")).exists();
        while !gone() {
            sortie::sleep(Duration::from_millis(1));
        }
    });
}

/// TestLockOSThreadAvoidsStatePropagation: what a locked goroutine does to its
/// thread is not inherited by threads that run other goroutines.
#[test]
fn a_locked_threads_state_does_not_spread() {
    let name = || {
        let mut name = [0u8; 16];
        // SAFETY: writes at most 16 bytes.
        unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
        name
    };
    sortie::run(|| {
        sortie::go(move || {
            let _lock = lock_os_thread();
            let before = name();
            // SAFETY: renames this thread.
            unsafe { libc::prctl(libc::PR_SET_NAME, c"marked".as_ptr()) };
            for _ in 0..50 {
                let others = sortie::go(move || {
                    sortie::yield_now();
                    name()
                });
                assert!(!others.join().unwrap().starts_with(b"marked"));
            }
            // SAFETY: renames this thread back.
            unsafe { libc::prctl(libc::PR_SET_NAME, before.as_ptr()) };
        })
        .join()
        .unwrap();
    });
}

/// TestPreemptionAfterSyscall: goroutines that mix system calls and computing
/// share one processor.
#[test]
fn short_system_calls_do_not_monopolise_the_processor() {
    let _procs = Procs::set(1);
    for microseconds in [10, 100, 1000] {
        sortie::run(|| {
            let stop = AtomicBool::new(false);
            sortie::scope(|s| {
                s.go(|| {
                    while !stop.load(SeqCst) {
                        std::thread::sleep(Duration::from_micros(microseconds));
                    }
                });
                for _ in 0..5 {
                    sortie::sleep(Duration::from_millis(1));
                }
                stop.store(true, SeqCst);
            });
        });
    }
}

/// TestNumGoroutine: the count agrees with a dump.
#[test]
fn the_number_of_goroutines_agrees_with_a_dump() {
    // Other tests run goroutines of their own, so compare while they rest.
    sortie::run(|| {
        for _ in 0..1000 {
            let before = sortie::runtime::num_goroutines();
            let dump = sortie::runtime::dump();
            let after = sortie::runtime::num_goroutines();
            if before == after && dump.len() == before {
                return;
            }
            sortie::sleep(Duration::from_millis(1));
        }
        panic!("the count never agreed with a dump");
    });
}

/// TestBigGOMAXPROCS.
#[test]
fn a_thousand_processors_work() {
    let _procs = Procs::set(1024);
    assert_eq!(sortie::runtime::max_procs(), 1024);
    sortie::run(|| {
        let count = AtomicUsize::new(0);
        sortie::scope(|s| {
            for _ in 0..2000 {
                s.go(|| {
                    sortie::yield_now();
                    count.fetch_add(1, SeqCst);
                });
            }
        });
        assert_eq!(count.load(SeqCst), 2000);
    });
}

/// TestStopTheWorldDeadlock: stopping the world again and again while goroutines
/// are made.
#[test]
fn the_world_is_stopped_while_goroutines_are_made() {
    let _procs = Procs::set(3);
    sortie::run(|| {
        let stop = AtomicBool::new(false);
        sortie::scope(|s| {
            s.go(|| {
                for _ in 0..1000 {
                    sortie::runtime::num_goroutines();
                    sortie::runtime::dump();
                }
                stop.store(true, SeqCst);
            });
            while !stop.load(SeqCst) {
                sortie::go(|| ());
                sortie::yield_now();
            }
        });
    });
}

/// TestSchedLocalQueueSteal and TestWakeup tests in spirit: work made on one
/// processor is taken over by others that were idle.
#[test]
fn idle_processors_take_over_work() {
    let _procs = Procs::set(2);
    sortie::run(|| {
        for _ in 0..100 {
            let other_ran = AtomicBool::new(false);
            sortie::scope(|s| {
                s.go(|| other_ran.store(true, SeqCst));
                // Never yields: another machine has to come for it.
                let start = Instant::now();
                while !other_ran.load(SeqCst) {
                    std::hint::spin_loop();
                    assert!(start.elapsed() < Duration::from_secs(60), "nobody came");
                }
            });
        }
    });
}
