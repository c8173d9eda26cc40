//! Programs that end badly, and what they must say.
//!
//! Each test runs this executable again, as a program of its own: no test harness
//! is around it then, whose threads would hide a deadlock.

mod channels;
mod computing;
mod deadlock;
mod exhaustion;
mod groups;
mod locks;
mod overflow;
mod panics;
mod program;
mod quit;
mod settings;
mod traces;

use libtest_mimic::{Arguments, Trial};
use program::Case;

fn main() {
    let cases: Vec<Case> = [
        channels::CASES,
        computing::CASES,
        deadlock::CASES,
        exhaustion::CASES,
        groups::CASES,
        locks::CASES,
        overflow::CASES,
        panics::CASES,
        quit::CASES,
        settings::CASES,
        traces::CASES,
    ]
    .concat();
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
