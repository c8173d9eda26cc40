//! Go's os/signal/signal_test.go, without its tests of contexts.
//!
//! <https://github.com/golang/go/blob/master/src/os/signal/signal_test.go>
//!
//! Left out are TestTime, which is about a particular of Go's clock, and TestSignalTrace,
//! about its traces.

use crate::program::Case;
use crate::{arrives, is_empty, kill, raise, settle, succeeds};
use sortie::signal::{self, Signal};
use std::os::unix::process::CommandExt;
use std::thread;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "os_signal::notified",
        program: || sortie::run(notified),
        check: succeeds,
    },
    Case {
        name: "os_signal::notified_on_threads",
        program: notified,
        check: succeeds,
    },
    Case {
        name: "os_signal::stress",
        program: stress,
        check: succeeds,
    },
    Case {
        name: "os_signal::reset",
        program: || sortie::run(|| cleared(false)),
        check: succeeds,
    },
    Case {
        name: "os_signal::ignore",
        program: || sortie::run(|| cleared(true)),
        check: succeeds,
    },
    Case {
        name: "os_signal::is_ignored",
        program: is_ignored,
        check: succeeds,
    },
    Case {
        name: "os_signal::started_by_nohup",
        program: started_by_nohup,
        check: |case| {
            let outcome = case.run_with(|command| {
                // SAFETY: between fork and exec, makes one harmless system call.
                unsafe {
                    command.pre_exec(|| {
                        libc::signal(libc::SIGHUP, libc::SIG_IGN);
                        Ok(())
                    })
                }
            });
            outcome.status(0).is_silent_about("panicked");
        },
    },
    Case {
        name: "os_signal::stopped_what_ends_the_process_does",
        program: || sortie::run(|| stopped(Signal::SIGHUP)),
        check: |case| {
            case.run().signal(libc::SIGHUP);
        },
    },
    Case {
        name: "os_signal::stopped_what_does_nothing_does_nothing",
        program: || sortie::run(|| stopped(Signal::SIGWINCH)),
        check: succeeds,
    },
    Case {
        name: "os_signal::continue",
        program: || {
            let signals = signal::notify(&[Signal::SIGCONT]);
            kill(Signal::SIGCONT);
            arrives(&signals, Signal::SIGCONT);
        },
        check: succeeds,
    },
    Case {
        name: "os_signal::nothing_is_lost_by_stopping",
        program: nothing_is_lost,
        check: |case| {
            for _ in 0..20 {
                let outcome = case.run();
                if outcome.output.status.code() != Some(0) {
                    outcome.signal(libc::SIGINT);
                }
            }
        },
    },
];

/// TestSignal.
fn notified() {
    let hangups = signal::notify(&[Signal::SIGHUP]);
    kill(Signal::SIGHUP);
    arrives(&hangups, Signal::SIGHUP);

    let both = signal::notify(&[Signal::SIGHUP, Signal::SIGWINCH]);
    kill(Signal::SIGWINCH);
    arrives(&both, Signal::SIGWINCH);

    // Who does not receive does not hold up others.
    for _ in 0..2 {
        kill(Signal::SIGHUP);
        arrives(&both, Signal::SIGHUP);
    }
    for _ in 0..2 {
        arrives(&hangups, Signal::SIGHUP);
    }
    is_empty(&hangups);
    both.add(&[Signal::SIGUSR1]);
    kill(Signal::SIGUSR1);
    arrives(&both, Signal::SIGUSR1);
}

/// TestStress.
fn stress() {
    sortie::runtime::set_max_procs(4);
    let signals = signal::notify(&[Signal::SIGUSR1]);
    let received = signals.clone();
    let sender = sortie::go(move || {
        for _ in 0..20_000 {
            kill(Signal::SIGUSR1);
            sortie::yield_now();
        }
        // Some may be under way. They are told before this returns, or not at all;
        // and by default they would end the process.
        signal::ignore(&[Signal::SIGUSR1]);
        drop(signals.stop());
    });
    assert!(received.iter().count() > 0);
    sender.join().unwrap();
}

/// TestReset, TestIgnore.
fn cleared(ignore: bool) {
    let windows = signal::notify(&[Signal::SIGWINCH]);
    let hangups = signal::notify(&[Signal::SIGHUP, Signal::SIGWINCH]);
    kill(Signal::SIGWINCH);
    arrives(&windows, Signal::SIGWINCH);
    arrives(&hangups, Signal::SIGWINCH);
    kill(Signal::SIGHUP);
    arrives(&hangups, Signal::SIGHUP);

    let both = [Signal::SIGWINCH, Signal::SIGHUP];
    if ignore {
        signal::ignore(&both);
        raise(Signal::SIGHUP);
    } else {
        signal::reset(&both);
    }
    assert_eq!(signal::is_ignored(Signal::SIGHUP), ignore);
    // By default this does nothing either.
    raise(Signal::SIGWINCH);
    settle();
    is_empty(&windows);
    is_empty(&hangups);
    drop(windows);

    let hangups = signal::notify(&[Signal::SIGHUP]);
    raise(Signal::SIGHUP);
    arrives(&hangups, Signal::SIGHUP);
    signal::reset(&both);
    assert!(!signal::is_ignored(Signal::SIGHUP));
}

/// TestIgnored.
fn is_ignored() {
    let windows = signal::notify(&[Signal::SIGWINCH]);
    assert!(!signal::is_ignored(Signal::SIGWINCH));
    drop(windows);
    assert!(!signal::is_ignored(Signal::SIGWINCH));
    signal::ignore(&[Signal::SIGWINCH]);
    assert!(signal::is_ignored(Signal::SIGWINCH));
    signal::reset(&[Signal::SIGWINCH]);
    assert!(!signal::is_ignored(Signal::SIGWINCH));
    // Rust has this ignored, and so it is again.
    assert!(signal::is_ignored(Signal::SIGPIPE));
    let pipes = signal::notify(&[Signal::SIGPIPE]);
    assert!(!signal::is_ignored(Signal::SIGPIPE));
    raise(Signal::SIGPIPE);
    arrives(&pipes, Signal::SIGPIPE);
    drop(pipes);
    assert!(signal::is_ignored(Signal::SIGPIPE));
}

/// TestDetectNohup, TestNohup.
fn started_by_nohup() {
    assert!(signal::is_ignored(Signal::SIGHUP));
    raise(Signal::SIGHUP);
    let hangups = signal::notify(&[Signal::SIGHUP]);
    assert!(!signal::is_ignored(Signal::SIGHUP));
    raise(Signal::SIGHUP);
    arrives(&hangups, Signal::SIGHUP);
    drop(hangups);
    assert!(signal::is_ignored(Signal::SIGHUP));
    raise(Signal::SIGHUP);
}

/// TestStop.
fn stopped(signal: Signal) {
    let first = signal::notify(&[signal]);
    let second = signal::notify(&[signal]);
    raise(signal);
    arrives(&first, signal);
    arrives(&second, signal);
    drop(first);
    raise(signal);
    arrives(&second, signal);
    raise(signal);
    let rest = second.stop();
    assert_eq!(rest.recv(), Ok(signal));
    assert!(rest.recv().is_err());
    raise(signal);
    settle();
    assert!(rest.recv().is_err());
}

/// TestAtomicStop: while somebody stops, a signal is either told or ends the process.
fn nothing_is_lost() {
    for _ in 0..200 {
        let signals = signal::notify(&[Signal::SIGINT]);
        let received = signals.clone();
        let stopper = thread::spawn(move || drop(signals));
        kill(Signal::SIGINT);
        if received.recv().is_err() {
            // Then it is about to end us. If not, another one does.
            // SAFETY: has no requirements.
            unsafe { libc::alarm(60) };
            loop {
                thread::park();
            }
        }
        stopper.join().unwrap();
    }
}
