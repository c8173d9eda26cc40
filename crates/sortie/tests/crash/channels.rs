//! Deadlocks on channels, and what is said of them.
//!
//! After TestSimpleDeadlock, TestInitDeadlock and others of Go's
//! runtime/crash_test.go (BSD-style licence, The Go Authors).

use crate::program::Case;
use sortie::chan::{Select, bounded, never, select};
use std::time::Duration;

const ASLEEP: &str = "fatal error: all goroutines are asleep - deadlock!\n";

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "channels::receiving_what_nobody_sends",
        program: || {
            sortie::run(|| {
                let (_sender, receiver) = bounded::<()>(0);
                let _ = receiver.recv();
            });
        },
        check: |case| {
            case.run().status(2).says(&[
                ASLEEP,
                "goroutine 1 [chan receive]:",
                "parked at crates/sortie/tests/crash/channels.rs:",
                "on what was made at crates/sortie/tests/crash/channels.rs:",
            ]);
        },
    },
    Case {
        name: "channels::sending_what_nobody_receives",
        program: || {
            sortie::run(|| {
                let (sender, _receiver) = bounded(1);
                let _ = sender.send_many(&mut vec![1, 2]);
            });
        },
        check: |case| {
            case.run().status(2).says(&[
                ASLEEP,
                "goroutine 1 [chan send]:",
                "parked at crates/sortie/tests/crash/channels.rs:",
                "on what was made at crates/sortie/tests/crash/channels.rs:",
            ]);
        },
    },
    Case {
        name: "channels::selecting_among_what_is_never_ready",
        program: || {
            sortie::run(|| {
                let (sender, receiver) = bounded(0);
                select! {
                    send(sender, 1) -> _ => unreachable!(),
                    recv(receiver) -> _ => unreachable!(),
                    recv(never::<()>()) -> _ => unreachable!(),
                }
            });
        },
        check: |case| {
            case.run().status(2).says(&[
                ASLEEP,
                "goroutine 1 [select]:",
                "parked at crates/sortie/tests/crash/channels.rs:",
            ]);
        },
    },
    Case {
        name: "channels::waiting_for_what_never_comes",
        program: || {
            sortie::run(|| {
                sortie::go(|| Select::new().select_timeout(Duration::MAX).is_ok());
                let _ = never::<()>().recv();
            });
        },
        check: |case| {
            case.run().status(2).says(&[
                ASLEEP,
                "goroutine 1 [chan receive (nil chan)]:",
                "[select (no cases)]:",
            ]);
        },
    },
    Case {
        name: "channels::goroutines_that_wait_for_each_other",
        program: || {
            sortie::run(|| {
                let (s1, r1) = bounded::<()>(0);
                let (s2, r2) = bounded::<()>(0);
                sortie::go(move || r1.iter().try_for_each(|()| s2.send(())));
                // It should have sent before.
                let _ = r2.recv();
                let _ = s1.send(());
            });
        },
        check: |case| {
            case.run()
                .status(2)
                .says(&[ASLEEP, "[chan receive]:", "[chan receive]:"]);
        },
    },
    Case {
        name: "channels::a_plain_thread_waits_too",
        program: || {
            let (sender, receiver) = bounded::<()>(0);
            sortie::go(move || (receiver.recv(), receiver.recv()));
            sender.send(()).unwrap();
            let (_other_sender, receiver) = bounded::<()>(0);
            let _ = receiver.recv();
        },
        check: |case| {
            case.run().status(2).says(&[ASLEEP, "[chan receive]:"]);
        },
    },
    Case {
        name: "channels::not_while_a_time_out_runs",
        program: || {
            sortie::run(|| {
                let (_sender, receiver) = bounded::<()>(0);
                assert!(receiver.recv_timeout(Duration::from_millis(300)).is_err());
                select! {
                    recv(receiver) -> _ => unreachable!(),
                    recv(sortie::chan::after(Duration::from_millis(300))) -> _ => {}
                }
                assert!(
                    sortie::chan::tick(Duration::from_millis(100))
                        .recv()
                        .is_ok()
                );
            });
        },
        check: |case| {
            case.run().status(0).is_silent_about("deadlock");
        },
    },
    Case {
        name: "channels::not_while_a_thread_may_send",
        program: || {
            let (sender, receiver) = bounded(0);
            let thread = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(300));
                sender.send(7).unwrap();
            });
            assert_eq!(sortie::run(|| receiver.recv()), Ok(7));
            thread.join().unwrap();
        },
        check: |case| {
            case.run().status(0).is_silent_about("deadlock");
        },
    },
];
