//! Panics: what is printed, and what goes on.
//!
//! After the tests of panics and Goexit in Go's runtime/crash_test.go (BSD-style
//! licence, The Go Authors).

use crate::program::Case;
use sortie::runtime::{Builder, PanicPolicy};
use std::time::Duration;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "panics::name_the_goroutine_and_the_process_goes_on",
        program: || {
            sortie::run(|| {
                let named = sortie::task::Builder::new()
                    .name("fragile")
                    .spawn(|| panic!("on purpose"))
                    .unwrap();
                let id = named.goroutine().id();
                assert!(named.join().is_err());
                sortie::go(|| panic!("nobody asked"));
                sortie::sleep(Duration::from_millis(50));
                eprintln!("goes on after {id}");
            });
        },
        check: |case| {
            case.run()
                .status(0)
                .says(&[
                    "(fragile), created at ",
                    "panics.rs",
                    "panics:\n",
                    "on purpose",
                ])
                .says(&["nobody asked", "goes on after 2"]);
        },
    },
    Case {
        name: "panics::of_the_main_goroutine_go_on_in_run",
        program: || sortie::run(|| panic!("in main")),
        check: |case| {
            case.run().status(101).says(&["goroutine 1", "in main"]);
        },
    },
    Case {
        name: "panics::end_the_process_if_that_is_the_policy",
        program: || {
            Builder::new().panic(PanicPolicy::Exit).start().unwrap();
            sortie::run(|| {
                sortie::go(|| panic!("the end"));
                sortie::sleep(Duration::from_secs(600));
            });
        },
        check: |case| {
            case.run()
                .status(2)
                .says(&["panic: the end\n\ngoroutine 2 [running]"]);
        },
    },
    Case {
        name: "panics::that_are_joined_do_not_end_the_process",
        program: || {
            Builder::new().panic(PanicPolicy::Exit).start().unwrap();
            sortie::run(|| {
                assert!(sortie::go(|| panic!("caught")).join().is_err());
                let exited = sortie::go(|| sortie::task::exit()).join();
                assert!(exited.is_err());
                sortie::go(|| sortie::task::exit());
                for _ in 0..100 {
                    sortie::yield_now();
                }
                let outcome = std::panic::catch_unwind(|| {
                    sortie::scope(|s| {
                        s.go(|| panic!("to the scope"));
                    });
                });
                let payload = outcome.unwrap_err();
                assert_eq!(payload.downcast_ref(), Some(&"to the scope"));
            });
        },
        check: |case| {
            case.run().status(0);
        },
    },
    Case {
        name: "panics::whose_handle_is_dropped_later_end_the_process",
        program: || {
            Builder::new().panic(PanicPolicy::Exit).start().unwrap();
            sortie::run(|| {
                let handle = sortie::go(|| panic!("late"));
                while !handle.is_finished() {
                    sortie::yield_now();
                }
                eprintln!("still here");
                drop(handle);
                unreachable!();
            });
        },
        check: |case| {
            case.run().status(2).says(&["still here", "panic: late"]);
        },
    },
    Case {
        // TestGoexitDefer, TestPanicAfterGoexit, TestRecoveredPanicAfterGoexit.
        name: "panics::exit_runs_destructors",
        program: || {
            struct Announces;
            impl Drop for Announces {
                fn drop(&mut self) {
                    eprintln!("destroyed");
                    let inner = std::panic::catch_unwind(|| panic!("inside"));
                    assert!(inner.is_err());
                }
            }
            sortie::run(|| {
                let handle = sortie::go(|| {
                    let _announces = Announces;
                    sortie::task::exit();
                });
                let payload = handle.join().unwrap_err();
                assert!(payload.is::<sortie::task::Exited>());
            });
        },
        check: |case| {
            case.run().status(0).says(&["destroyed", "inside"]);
        },
    },
    Case {
        name: "panics::exit_on_a_thread_says_so",
        program: || {
            let _ = std::thread::spawn(|| sortie::task::exit()).join();
        },
        check: |case| {
            case.run().status(0).says(&["not a goroutine"]);
        },
    },
    Case {
        // TestDoublePanic: one in a destructor while unwinding ends the process,
        // as everywhere in Rust, and says so.
        name: "panics::twice_abort",
        program: || {
            struct Panics;
            impl Drop for Panics {
                fn drop(&mut self) {
                    panic!("second");
                }
            }
            sortie::run(|| {
                let _panics = Panics;
                panic!("first");
            });
        },
        check: |case| {
            case.run().signal(libc::SIGABRT).says(&["first", "second"]);
        },
    },
    Case {
        // TestPanicRace, TestPanicDeadlockGosched: many at once, parking while
        // they unwind.
        name: "panics::by_the_hundred_while_parking",
        program: || {
            struct Parks;
            impl Drop for Parks {
                fn drop(&mut self) {
                    sortie::yield_now();
                    sortie::sleep(Duration::from_millis(1));
                }
            }
            sortie::run(|| {
                let handles: Vec<_> = (0..200)
                    .map(|number| {
                        sortie::go(move || {
                            let _parks = Parks;
                            panic!("number {number}");
                        })
                    })
                    .collect();
                for handle in handles {
                    assert!(handle.join().is_err());
                }
            });
        },
        check: |case| {
            case.run()
                .status(0)
                .says(&["number 0\n"])
                .says(&["number 199\n"]);
        },
    },
    Case {
        name: "panics::in_the_payloads_destructor_stop_there",
        program: || {
            struct Payload;
            impl Drop for Payload {
                fn drop(&mut self) {
                    panic!("payload");
                }
            }
            sortie::run(|| {
                sortie::go(|| std::panic::resume_unwind(Box::new(Payload)));
                sortie::sleep(Duration::from_millis(20));
                sortie::go(|| ()).join().unwrap();
            });
        },
        check: |case| {
            case.run().status(0).says(&["payload"]);
        },
    },
];
