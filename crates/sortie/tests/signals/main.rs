//! Signals. They are the whole process's, so each test runs this executable again, as
//! a program of its own.

#[path = "../crash/program.rs"]
#[allow(dead_code, reason = "the crash tests have more use for it")]
mod program;

mod contexts;
mod life;
mod os_signal;

use libtest_mimic::{Arguments, Trial};
use program::Case;
use sortie::signal::{Signal, Signals};

fn main() {
    let cases: Vec<Case> = [os_signal::CASES, contexts::CASES, life::CASES].concat();
    if let Some(name) = program::requested() {
        let case = cases.iter().find(|case| case.name == name);
        (case.expect("a program of that name").program)();
        return;
    }
    let trials = cases
        .into_iter()
        .map(|case| {
            Trial::test(case.name, move || {
                (case.check)(case);
                Ok(())
            })
        })
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// A program that runs to its end.
fn succeeds(case: Case) {
    case.run().status(0).is_silent_about("panicked");
}

/// Sends the process a signal. Any thread may get it, now or soon.
fn kill(signal: Signal) {
    // SAFETY: has no requirements.
    assert_eq!(unsafe { libc::kill(libc::getpid(), signal.as_raw()) }, 0);
}

/// Sends the calling thread a signal, which has happened when this returns.
fn raise(signal: Signal) {
    // SAFETY: has no requirements.
    assert_eq!(unsafe { libc::raise(signal.as_raw()) }, 0);
}

/// Whatever was caught before has been told when this returns.
fn settle() {
    // Of those that have come by the same time the one with the highest number is
    // told last.
    let last = last();
    let signals = sortie::signal::notify(&[last]);
    raise(last);
    arrives(&signals, last);
}

/// The signal with the highest number.
fn last() -> Signal {
    Signal::from_raw(libc::SIGRTMAX()).unwrap()
}

#[track_caller]
fn arrives(signals: &Signals, signal: Signal) {
    assert_eq!(signals.recv(), Ok(signal));
}

#[track_caller]
fn is_empty(signals: &Signals) {
    assert!(signals.try_recv().unwrap_err().is_empty());
}
