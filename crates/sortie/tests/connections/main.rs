//! What concerns the whole process: many connections, at once and one after the other; no
//! descriptors that are left; the start of the runtime.
//!
//! Each test runs this executable again, as a program of its own, and they take turns.
//!
//! `SORTIE_CONNECTIONS=20000` says how many are open at once, `SORTIE_CONNECTS=1000000` how
//! many are made one after the other.

mod crowd;
mod descriptors;
mod exhaustion;
mod leaks;
mod life;
#[path = "../crash/program.rs"]
#[allow(dead_code, reason = "the crash tests have more use for it")]
mod program;

use libtest_mimic::{Arguments, Trial};
use program::Case;
use sortie::net::TcpListener;

fn main() {
    let cases: Vec<Case> = [crowd::CASES, leaks::CASES, exhaustion::CASES, life::CASES].concat();
    if let Some(name) = program::requested() {
        let case = cases.iter().find(|case| case.name == name);
        (case.expect("a program of that name").program)();
        return;
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    let trials = cases
        .into_iter()
        .filter(|case| case.name != crowd::CLIENTS)
        .map(|case| {
            Trial::test(case.name, move || {
                (case.check)(case);
                Ok(())
            })
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}

/// Runs the program to its end, and shows what it has to say.
fn succeeds(case: Case) {
    let outcome = case.run();
    print!("{}", String::from_utf8_lossy(&outcome.output.stdout));
    outcome.status(0).is_silent_about("panicked");
}

/// Closes listeners when it is dropped, also by a panic: then who accepts ends.
struct Closing<'a>(&'a [TcpListener]);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        for listener in self.0 {
            listener.close().unwrap();
        }
    }
}

/// A number from the environment.
fn number(name: &str, default: usize) -> usize {
    match std::env::var(name) {
        Err(_) => default,
        Ok(text) => (text.parse()).unwrap_or_else(|_| panic!("{name}={text}: not a number")),
    }
}
