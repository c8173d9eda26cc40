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

use program::Program;

fn main() {
    let programs: Vec<Program> = [
        encryption::PROGRAMS,
        http::PROGRAMS,
        messages::PROGRAMS,
        threads::PROGRAMS,
    ]
    .concat();
    program::main(&programs);
}
