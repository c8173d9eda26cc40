//! What ThreadSanitizer says of programs: that they race, or nothing.
//!
//! Each test runs this executable again, as a program of its own. Programs with a
//! race exist only where the detector watches (`.ci/thread-sanitizer`); what they do is
//! undefined otherwise. Those without must work in any case.

mod caught;
mod clean;
mod program;
mod shared;
mod sync;

use libtest_mimic::{Arguments, Trial};
use program::{Expected, Program};
use sortie_fiber::race;

fn main() {
    let mut programs: Vec<(Program, Expected)> = Vec::new();
    let clean = clean::PROGRAMS.iter().chain(sync::clean::PROGRAMS);
    programs.extend(clean.map(|&p| (p, Expected::Nothing)));
    if race::DETECTS {
        let caught = caught::PROGRAMS.iter().chain(sync::caught::PROGRAMS);
        programs.extend(caught.map(|&p| (p, Expected::Race)));
    }
    if let Some(name) = program::requested() {
        let program = programs.iter().find(|(program, _)| program.name == name);
        sortie::run(program.expect("a program of that name").0.main);
        return;
    }
    let trials = programs
        .into_iter()
        .flat_map(|(program, expected)| {
            // On one processor goroutines share a thread; what the thread does for one
            // must not count as if the other had done it.
            [1, 2, 8].map(|processors| {
                let name = format!("{expected}::{}, on {processors}", program.name);
                Trial::test(name, move || program.check(expected, processors))
            })
        })
        .collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
