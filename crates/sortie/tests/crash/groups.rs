//! Groups that end their process: by a panic that nobody joins, or since all wait for
//! each other.

use crate::program::Case;
use sortie::chan::bounded;
use sortie::context::Context;
use sortie::runtime::{Builder, PanicPolicy};
use sortie::sync::{ErrGroup, Semaphore, SingleFlight, WaitGroup};
use std::time::Duration;

const ASLEEP: &str = "fatal error: all goroutines are asleep - deadlock!\n";

fn end_the_process_for_panics() {
    Builder::new().panic(PanicPolicy::Exit).start().unwrap();
}

pub(crate) const CASES: &[Case] = &[
    // TestIssue76126 of Go's sync/waitgroup_test.go (BSD-style licence, The Go Authors).
    Case {
        name: "groups::a_panic_in_a_wait_group_never_unblocks_wait",
        program: || {
            end_the_process_for_panics();
            sortie::run(|| {
                let group = WaitGroup::new();
                group.go(|| panic!("test"));
                group.wait();
                eprintln!("WaitGroup was unblocked");
            });
        },
        check: |case| {
            case.run()
                .status(2)
                .says(&["panic: test\n\ngoroutine 2 [running]"])
                .is_silent_about("unblocked");
        },
    },
    Case {
        name: "groups::a_panic_in_an_error_group_never_unblocks_wait",
        program: || {
            end_the_process_for_panics();
            sortie::run(|| {
                let (group, context) = ErrGroup::<()>::with_context(&Context::background());
                group.go(|| panic!("test"));
                sortie::go(move || {
                    let _ = context.done().recv();
                    eprintln!("the context was unblocked");
                });
                let _ = group.wait();
                eprintln!("ErrGroup was unblocked");
            });
        },
        check: |case| {
            case.run()
                .status(2)
                .says(&["panic: test\n\ngoroutine 2 [running]"])
                .is_silent_about("unblocked");
        },
    },
    Case {
        name: "groups::an_exit_ends_no_process",
        program: || {
            end_the_process_for_panics();
            sortie::run(|| {
                let (group, errors) = (WaitGroup::new(), ErrGroup::<()>::new());
                group.go(|| sortie::task::exit());
                errors.go(|| sortie::task::exit());
                group.wait();
                assert_eq!(errors.wait(), Ok(()));
            });
        },
        check: |case| {
            case.run().status(0);
        },
    },
    // TestPanicDoChan of x/sync's singleflight_test.go (BSD-style licence, The Go
    // Authors).
    Case {
        name: "groups::a_panic_in_a_call_by_a_channel",
        program: || {
            end_the_process_for_panics();
            sortie::run(|| {
                let flights = SingleFlight::<_, ()>::new();
                let result = flights.call_chan("", || panic!("panicking in call_chan"));
                let _ = result.recv();
                sortie::sleep(Duration::from_secs(600));
            });
        },
        check: |case| {
            case.run()
                .status(2)
                .says(&["panic: panicking in call_chan\n\ngoroutine 2 [running]"]);
        },
    },
    Case {
        name: "groups::everybody_waits_for_somebody",
        program: || {
            sortie::run(|| {
                sortie::go(|| {
                    let group = WaitGroup::new();
                    let own = group.clone();
                    group.go(move || own.wait());
                });
                sortie::go(|| {
                    let semaphore = Semaphore::new(1);
                    let _one = semaphore.acquire(1);
                    let _other = semaphore.acquire(1);
                });
                sortie::go(|| {
                    let group = ErrGroup::<()>::new();
                    let own = group.clone();
                    group.go(move || own.wait());
                });
                let flights = SingleFlight::new();
                flights.call("key", || {
                    flights.call("key", || ());
                });
            });
        },
        check: |case| {
            let outcome = case.run();
            outcome.status(2).says(&[
                ASLEEP,
                "goroutine 1 [singleflight.Group.Do]:",
                "parked at crates/sortie/tests/crash/groups.rs:",
            ]);
            for reason in ["sync.WaitGroup.Wait", "semacquire", "errgroup.Group.Wait"] {
                let header = format!(" [{reason}]:");
                let place = "parked at crates/sortie/tests/crash/groups.rs:";
                outcome.says(&[ASLEEP, &header, place]);
            }
        },
    },
    Case {
        name: "groups::a_plain_thread_waits_too",
        program: || {
            let semaphore = Semaphore::new(1);
            let _one = semaphore.acquire(1);
            sortie::go(|| sortie::sleep(Duration::MAX));
            let _other = semaphore.acquire(1);
        },
        check: |case| {
            case.run().status(2).says(&[ASLEEP, "[sleep]:"]);
        },
    },
    Case {
        name: "groups::not_while_time_runs",
        program: || {
            sortie::run(|| {
                let patience = Duration::from_millis(300);
                let group = WaitGroup::new();
                group.add(1);
                assert!(!group.wait_timeout(patience));
                let semaphore = Semaphore::new(1);
                let _one = semaphore.acquire(1);
                assert!(semaphore.acquire_timeout(1, patience).is_none());
                assert!(semaphore.acquire_timeout(2, patience).is_none());
                let errors = ErrGroup::<()>::new();
                let (_sender, receiver) = bounded::<()>(0);
                errors.go(move || receiver.recv().map_err(drop));
                assert!(errors.wait_timeout(patience).is_none());
            });
        },
        check: |case| {
            case.run().status(0).is_silent_about("deadlock");
        },
    },
];
