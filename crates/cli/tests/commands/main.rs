//! The command as a user calls it, on real programs.
//!
//! Programs are this executable, run again: they need no harness around them, whose
//! threads would hide a deadlock.

mod command;
mod live;
mod lives;
mod program;
mod sockets;
mod speedup;
mod terminal;
mod traces;

use libtest_mimic::{Arguments, Trial};
use std::time::Duration;

/// Nothing here takes long. If it does, it says so and ends, and waits for nobody.
fn watch() {
    std::thread::spawn(|| {
        std::thread::sleep(Duration::from_secs(240));
        eprintln!("a test hangs: those that have not reported yet");
        std::process::abort();
    });
}

fn main() {
    if let Some(name) = program::requested() {
        return program::be(&name);
    }
    let tests = [
        lives::TESTS,
        sockets::TESTS,
        speedup::TESTS,
        terminal::TESTS,
        traces::TESTS,
    ];
    let trials = tests
        .concat()
        .into_iter()
        .map(|(name, test)| {
            Trial::test(name, move || {
                test();
                Ok(())
            })
        })
        .collect();
    watch();
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}
