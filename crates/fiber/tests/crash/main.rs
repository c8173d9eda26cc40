//! Programs that end badly, or that need the main thread, and what becomes of
//! them.
//!
//! Each test runs this executable again, as a program of its own.

mod faults;
mod fork;
mod overflow;
mod panics;
mod program;

use libtest_mimic::{Arguments, Trial};
use program::Case;

fn main() {
    let cases: Vec<Case> = [faults::CASES, fork::CASES, overflow::CASES, panics::CASES].concat();
    if let Some(name) = program::requested() {
        let case = cases.iter().find(|case| case.name == name);
        (case.expect("a program of that name").program)();
        return;
    }
    let trials = cases
        .into_iter()
        .map(|case| {
            Trial::test(case.name, move || {
                (case.check)(case.run());
                Ok(())
            })
        })
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
