//! "all goroutines are asleep": when it is said, and when not.
//!
//! After TestSimpleDeadlock, TestLockedDeadlock, TestGoexitDeadlock and others of
//! Go's runtime/crash_test.go (BSD-style licence, The Go Authors).

use crate::program::Case;
use sortie::runtime::lock_os_thread;
use sortie::task::JoinHandle;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

const ASLEEP: &str = "fatal error: all goroutines are asleep - deadlock!\n";

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "deadlock::goroutines_wait_for_each_other",
        program: || sortie::run(wait_in_a_circle),
        check: |case| {
            let outcome = case.run();
            outcome
                .status(2)
                .says(&[
                    "goroutine 1 [join]:",
                    "deadlock.rs",
                    "parked at",
                    "created at",
                ])
                .says(&["[scope]:", "deadlock.rs", "created by goroutine 1 at"])
                .says(&["[join]:", "[join]:"])
                .says(&["[sleep]:"]);
            assert!(outcome.stderr.starts_with(ASLEEP), "{}", outcome.stderr);
        },
    },
    Case {
        name: "deadlock::a_plain_thread_joins",
        program: || {
            let handle = sortie::go(wait_for_ever);
            let _ = handle.join();
        },
        check: |case| {
            case.run().status(2).says(&[ASLEEP]);
        },
    },
    Case {
        name: "deadlock::while_locked_to_a_thread",
        program: || {
            sortie::run(|| {
                let _lock = lock_os_thread();
                wait_for_ever();
            });
        },
        check: |case| {
            case.run()
                .status(2)
                .says(&[ASLEEP, "goroutine 1 [join, locked to thread]:"]);
        },
    },
    Case {
        // Sysmon has just seen goroutines that are ready, and is not to wait for them.
        name: "deadlock::after_messages_for_a_while",
        program: || {
            sortie::run(|| {
                let (sender, receiver) = sortie::chan::bounded(0);
                sortie::go(move || receiver.into_iter().count());
                for number in 0..100_000 {
                    sender.send(number).unwrap();
                }
                wait_for_ever();
            });
        },
        check: |case| {
            case.run().status(2).says(&[ASLEEP, "[chan receive]:"]);
        },
    },
    Case {
        name: "deadlock::locked_in_another_goroutine",
        program: || {
            sortie::run(|| {
                sortie::go(|| {
                    let _lock = lock_os_thread();
                    wait_for_ever();
                });
                wait_for_ever();
            });
        },
        check: |case| {
            case.run().status(2).says(&[ASLEEP]);
        },
    },
    Case {
        name: "deadlock::main_exits_and_no_goroutine_is_left",
        program: || {
            sortie::run(|| {
                sortie::go(|| {
                    for _ in 0..10 {
                        sortie::yield_now();
                    }
                });
                sortie::task::exit();
            });
        },
        check: |case| {
            case.run()
                .status(2)
                .says(&["fatal error: no goroutines (main called task::exit) - deadlock!"]);
        },
    },
    Case {
        name: "deadlock::main_exits_and_a_goroutine_ends_the_process",
        program: || {
            sortie::run(|| {
                sortie::go(|| {
                    sortie::sleep(Duration::from_millis(50));
                    std::process::exit(7);
                });
                sortie::task::exit();
            });
        },
        check: |case| {
            case.run().status(7).is_silent_about("deadlock");
        },
    },
    Case {
        name: "deadlock::not_while_a_goroutine_sleeps",
        program: || {
            sortie::run(|| {
                sortie::go(wait_for_ever);
                sortie::sleep(Duration::from_millis(300));
            });
        },
        check: |case| {
            case.run().status(0).is_silent_about("deadlock");
        },
    },
    Case {
        name: "deadlock::not_while_a_thread_may_wake_somebody",
        program: || {
            // Go's runtime gives up on such programs.
            let pair = Arc::new((Mutex::new(None::<JoinHandle<()>>), Condvar::new()));
            let other = pair.clone();
            let thread = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(300));
                let handle = sortie::go(|| ());
                *other.0.lock().unwrap() = Some(handle);
                other.1.notify_all();
            });
            sortie::run(|| {
                let mut slot = pair.0.lock().unwrap();
                while slot.is_none() {
                    slot = pair.1.wait(slot).unwrap();
                }
                slot.take().unwrap().join().unwrap();
            });
            thread.join().unwrap();
        },
        check: |case| {
            case.run().status(0).is_silent_about("deadlock");
        },
    },
    Case {
        name: "deadlock::not_while_a_goroutine_blocks_in_the_kernel",
        program: || {
            sortie::run(|| {
                sortie::go(wait_for_ever);
                std::thread::sleep(Duration::from_millis(300));
                sortie::runtime::blocking(|| std::thread::sleep(Duration::from_millis(200)));
            });
        },
        check: |case| {
            case.run().status(0).is_silent_about("deadlock");
        },
    },
    Case {
        name: "deadlock::after_the_last_other_thread_has_ended",
        program: || {
            std::thread::spawn(|| std::thread::sleep(Duration::from_millis(300)));
            sortie::run(wait_for_ever);
        },
        check: |case| {
            case.run().status(2).says(&[ASLEEP]);
        },
    },
];

/// Waits for a goroutine that waits for ever.
fn wait_for_ever() {
    let handle = sortie::go(|| sortie::sleep(Duration::MAX));
    handle.join().unwrap();
}

/// A goroutine that waits, in a scope, for one that waits for its end.
fn wait_in_a_circle() {
    let slot = Arc::new(Mutex::new(None::<JoinHandle<()>>));
    let own = slot.clone();
    let handle = sortie::go(move || {
        sortie::scope(|s| {
            s.go(|| {
                let handle = loop {
                    let taken = own.lock().unwrap().take();
                    match taken {
                        Some(handle) => break handle,
                        None => sortie::yield_now(),
                    }
                };
                handle.join().unwrap();
            });
        });
    });
    *slot.lock().unwrap() = Some(handle);
    wait_for_ever();
}
