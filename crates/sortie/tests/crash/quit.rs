//! SIGQUIT: every goroutine with its stack.

use crate::program::{Case, Outcome};
use std::io::{BufRead, BufReader};
use std::time::Duration;

fn waits_in_this_function() {
    sortie::sleep(Duration::from_secs(600));
}

fn makes_another() {
    sortie::go(waits_in_this_function).join().unwrap();
}

/// Starts the program, waits until it says so, and sends SIGQUIT.
fn quit(case: Case) -> Outcome {
    let mut child = case.start();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "ready\n");
    // SAFETY: signals our own child.
    unsafe { libc::kill(child.id() as i32, libc::SIGQUIT) };
    Outcome::new(child.wait_with_output().unwrap())
}

fn ready() {
    println!("ready");
}

pub(crate) const CASES: &[Case] = &[
    Case {
        // TestTracebackParentChildGoroutines and the SIGQUIT tests.
        name: "quit::shows_all_goroutines",
        program: || {
            sortie::run(|| {
                let named = sortie::task::Builder::new().name("parent");
                named.spawn(makes_another).unwrap();
                sortie::go(|| {
                    loop {
                        std::hint::spin_loop();
                    }
                });
                // Said by a thread, once all are where they are to be seen.
                std::thread::spawn(|| {
                    loop {
                        let dump = sortie::runtime::dump().to_string();
                        let count = |what| dump.matches(what).count();
                        let counts = [" [running]:", " [join]:", " [sleep]:"].map(count);
                        if counts == [1, 1, 2] {
                            break ready();
                        }
                    }
                });
                waits_in_this_function();
            });
        },
        check: |case| {
            quit(case)
                .status(2)
                .says(&[
                    "SIGQUIT: quit",
                    "goroutine 1 [sleep]:",
                    "waits_in_this_function",
                    "parked at ",
                    "quit.rs",
                    "created at ",
                ])
                .says(&[
                    "(parent) [join]:",
                    "makes_another",
                    "created by goroutine 1 at ",
                ])
                .says(&[
                    "[sleep]:",
                    "[sleep]:",
                    "waits_in_this_function",
                    "created by goroutine 2 at ",
                ])
                .says(&["[running]:", "its stack is not available"])
                .is_silent_about("sortie::sched::");
        },
    },
    Case {
        name: "quit::without_stacks_if_so_wished",
        program: || {
            sortie::run(|| {
                ready();
                waits_in_this_function();
            });
        },
        check: |case| {
            let mut command = case.command();
            let mut child = command
                .env("SORTIE_BACKTRACE", "0")
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            let mut line = String::new();
            BufReader::new(child.stdout.as_mut().unwrap())
                .read_line(&mut line)
                .unwrap();
            // SAFETY: signals our own child.
            unsafe { libc::kill(child.id() as i32, libc::SIGQUIT) };
            Outcome::new(child.wait_with_output().unwrap())
                .status(2)
                .says(&["goroutine 1 [", "created at "])
                .is_silent_about("waits_in_this_function");
        },
    },
    Case {
        name: "quit::while_all_processors_are_hogged",
        program: || {
            sortie::run(|| {
                for _ in 0..20 {
                    sortie::go(|| {
                        loop {
                            std::hint::spin_loop();
                        }
                    });
                }
                ready();
                loop {
                    std::hint::spin_loop();
                }
            });
        },
        check: |case| {
            quit(case).status(2).says(&["goroutine 1 [running]:"]);
        },
    },
    Case {
        name: "quit::goes_to_a_handler_that_was_there_first",
        program: || {
            extern "C" fn handler(_: i32) {
                // SAFETY: ends the process.
                unsafe { libc::_exit(9) }
            }
            // SAFETY: installs a handler that does what is allowed in one.
            unsafe { libc::signal(libc::SIGQUIT, handler as *const () as usize) };
            sortie::run(|| {
                ready();
                waits_in_this_function();
            });
        },
        check: |case| {
            quit(case).status(9);
        },
    },
    Case {
        // TestNoHelperGoroutines, TestMainGoroutineID.
        name: "quit::there_are_no_goroutines_but_the_programs",
        program: || {
            sortie::run(|| {
                let dump = sortie::runtime::dump();
                assert_eq!(dump.len(), 1);
                assert_eq!(sortie::runtime::num_goroutines(), 1);
                assert_eq!(sortie::task::current().unwrap().id().get(), 1);
                let text = dump.to_string();
                assert!(text.starts_with("goroutine 1 [running]:\n"), "{text}");
            });
        },
        check: |case| {
            case.run().status(0);
        },
    },
];
