//! Signals beside what else a program does.

use crate::program::{Case, Outcome};
use crate::{arrives, last, raise, settle, succeeds};
use sortie::chan::{never, select};
use sortie::signal::{self, Signal};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

const ASLEEP: &str = "fatal error: all goroutines are asleep - deadlock!\n";

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "life::who_waits_for_signals_is_no_deadlock",
        program: || {
            sortie::run(|| {
                let signals = signal::notify(&[Signal::SIGTERM]);
                let mut child = told_later();
                arrives(&signals, Signal::SIGTERM);
                child.wait().unwrap();
            });
        },
        check: |case| succeeds(case),
    },
    Case {
        name: "life::nor_if_it_is_a_plain_thread",
        program: || {
            let signals = signal::notify(&[Signal::SIGTERM]);
            sortie::go(|| never::<()>().recv());
            let mut child = told_later();
            arrives(&signals, Signal::SIGTERM);
            child.wait().unwrap();
        },
        check: |case| succeeds(case),
    },
    Case {
        name: "life::who_waits_for_others_is_one_again_afterwards",
        program: || {
            sortie::run(|| {
                drop(signal::notify(&[Signal::SIGTERM]));
                let _ = never::<()>().recv();
            });
        },
        check: |case| {
            case.run().status(2).says(&[ASLEEP]);
        },
    },
    Case {
        name: "life::so_it_is_if_a_thread_stops_later",
        program: || {
            let signals = signal::notify(&[Signal::SIGTERM]);
            let handle = sortie::go(|| never::<()>().recv());
            crate::life::until_asleep();
            drop(signals);
            let _ = handle.join();
        },
        check: |case| {
            case.run().status(2).says(&[ASLEEP]);
        },
    },
    Case {
        name: "life::somebody_else_is_notified_of_quit",
        program: || {
            sortie::run(|| {
                let signals = signal::notify(&[Signal::SIGQUIT]);
                raise(Signal::SIGQUIT);
                arrives(&signals, Signal::SIGQUIT);
                drop(signals);
                println!("again");
                raise(Signal::SIGQUIT);
                let _ = never::<()>().recv();
            });
        },
        check: |case| {
            let outcome = case.run();
            outcome.status(2).says(&["SIGQUIT: quit", "goroutine 1"]);
            assert_eq!(outcome.output.stdout, b"again\n");
        },
    },
    Case {
        name: "life::told_while_all_processors_are_busy",
        program: || {
            sortie::runtime::set_max_procs(1);
            sortie::run(|| {
                static DONE: AtomicBool = AtomicBool::new(false);
                let signals = signal::notify(&[Signal::SIGUSR1]);
                let receiver = sortie::go(move || {
                    arrives(&signals, Signal::SIGUSR1);
                    DONE.store(true, SeqCst);
                });
                let hog = sortie::go(|| {
                    raise(Signal::SIGUSR1);
                    while !DONE.load(SeqCst) {
                        std::hint::spin_loop();
                    }
                });
                hog.join().unwrap();
                receiver.join().unwrap();
            });
        },
        check: |case| succeeds(case),
    },
    Case {
        name: "life::in_a_select_and_a_future",
        program: || {
            sortie::run(|| {
                let signals = signal::notify(&[Signal::SIGUSR1]);
                raise(Signal::SIGUSR1);
                select! {
                    recv(signals) -> signal => assert_eq!(signal, Ok(Signal::SIGUSR1)),
                    recv(never::<()>()) -> _ => unreachable!(),
                }
                raise(Signal::SIGUSR1);
                let signal = pollster::block_on(signals.recv_async());
                assert_eq!(signal, Ok(Signal::SIGUSR1));
            });
        },
        check: |case| succeeds(case),
    },
    Case {
        name: "life::a_handler_of_the_programs_own_is_back",
        program: || {
            extern "C" fn own(_: libc::c_int) {
                OWN.store(true, SeqCst);
            }
            static OWN: AtomicBool = AtomicBool::new(false);
            // SAFETY: the handler stores to an atomic.
            unsafe { libc::signal(libc::SIGUSR1, own as *const () as usize) };
            let signals = signal::notify(&[Signal::SIGUSR1]);
            raise(Signal::SIGUSR1);
            arrives(&signals, Signal::SIGUSR1);
            assert!(!OWN.load(SeqCst));
            drop(signals);
            raise(Signal::SIGUSR1);
            assert!(OWN.load(SeqCst));
        },
        check: |case| succeeds(case),
    },
    Case {
        name: "life::a_handler_that_came_later_stays",
        program: || {
            extern "C" fn own(_: libc::c_int) {
                OWN.store(true, SeqCst);
            }
            static OWN: AtomicBool = AtomicBool::new(false);
            let signals = signal::notify(&[Signal::SIGUSR1]);
            // SAFETY: the handler stores to an atomic.
            unsafe { libc::signal(libc::SIGUSR1, own as *const () as usize) };
            drop(signals);
            raise(Signal::SIGUSR1);
            assert!(OWN.load(SeqCst));
        },
        check: |case| succeeds(case),
    },
    Case {
        name: "life::no_signal_is_named",
        program: || drop(signal::notify(&[])),
        check: |case| {
            case.run().status(101).says(&["there is no signal"]);
        },
    },
    Case {
        name: "life::many_kinds_at_once",
        program: || {
            sortie::run(|| {
                let all: Vec<Signal> = (1..65)
                    .filter_map(Signal::from_raw)
                    .filter(|&signal| signal != last())
                    .collect();
                let signals = signal::notify(&all);
                all.iter().for_each(|&signal| raise(signal));
                settle();
                let mut seen: Vec<Signal> = signals.try_iter().collect();
                seen.sort_unstable();
                assert_eq!(seen, all);
            });
        },
        check: |case| succeeds(case),
    },
    Case {
        name: "life::graceful_shutdown",
        program: || {
            sortie::run(|| {
                use sortie::context::{Context, sleep_ctx};
                let signals = [Signal::SIGINT, Signal::SIGTERM];
                let (context, _stop) = signal::notify_context(&Context::background(), &signals);
                let hour = std::time::Duration::from_secs(3600);
                let workers: Vec<_> = (0..100)
                    .map(|_| {
                        let context = context.clone();
                        sortie::go(move || sleep_ctx(hour, &context).unwrap_err())
                    })
                    .collect();
                println!("ready");
                for worker in workers {
                    worker.join().unwrap();
                }
                println!("{}", context.cause().unwrap());
            });
        },
        check: |case| {
            let mut child = case.start();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
            assert_eq!(lines.next().unwrap().unwrap(), "ready");
            // SAFETY: has no requirements.
            unsafe { libc::kill(child.id() as libc::pid_t, libc::SIGINT) };
            assert_eq!(lines.next().unwrap().unwrap(), "interrupt signal received");
            Outcome::new(child.wait_with_output().unwrap()).status(0);
        },
    },
];

/// Has another process send SIGTERM, long after a deadlock would have been noticed.
fn told_later() -> Child {
    Command::new("sh")
        .args(["-c", "sleep 1; kill -TERM $PPID"])
        .spawn()
        .unwrap()
}

/// Returns when all machines sleep, as far as the runtime's figures tell.
fn until_asleep() {
    loop {
        let metrics = sortie::runtime::metrics();
        if metrics.idle_procs == metrics.max_procs && metrics.runnable == 0 {
            return;
        }
        std::thread::yield_now();
    }
}
