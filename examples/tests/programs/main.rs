//! The programs of this package, and other people's crates in goroutines.
//!
//! Each test is a program of its own, on all processors and on one, as for the examples of
//! the package `sortie`.

mod encryption;
mod http;
mod messages;
#[path = "../../../crates/sortie/tests/examples/program.rs"]
mod program;
mod threads;

use libtest_mimic::{Arguments, Trial};
use program::Program;

fn main() {
    let programs: Vec<Program> = [
        encryption::PROGRAMS,
        http::PROGRAMS,
        messages::PROGRAMS,
        threads::PROGRAMS,
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
