//! The examples: what their functions return, and that they run as programs.
//!
//! Each test runs this executable again, as a program of its own, on all
//! processors and on one: no test harness is around it then, whose threads would
//! hide a deadlock.

mod contexts;
mod csp;
mod groups;
mod networks;
mod patterns;
mod program;
mod state;

use libtest_mimic::{Arguments, Trial};
use program::Program;

fn main() {
    let programs: Vec<Program> = [
        contexts::PROGRAMS,
        csp::PROGRAMS,
        groups::PROGRAMS,
        networks::PROGRAMS,
        patterns::PROGRAMS,
        state::PROGRAMS,
    ]
    .concat();
    if let Some(name) = program::requested() {
        let program = programs.iter().find(|program| program.name == name);
        (program.expect("a program of that name").main)();
        return;
    }
    let mut trials = Vec::new();
    for program in programs {
        let all = Trial::test(program.name, move || program.check(None));
        let name = format!("{}, on one processor", program.name);
        let one = Trial::test(name, move || program.check(Some(1)));
        trials.extend([all, one]);
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
