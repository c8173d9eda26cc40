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
    program::main(&programs);
}
