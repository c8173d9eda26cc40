//! Tests that need a process of their own run this executable once more.

use std::process::{Command, Output};

const VARIABLE: &str = "SORTIE_FIBER_TEST";

/// The command that runs one test of this executable, alone.
pub(crate) fn command(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this executable"));
    command
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(VARIABLE, test);
    command
}

/// Runs the body in a process of its own. `test` is the calling test's name.
#[track_caller]
pub(crate) fn alone(test: &str, body: impl FnOnce()) {
    if std::env::var(VARIABLE).is_ok_and(|name| name == test) {
        return body();
    }
    let output = command(test).output().expect("it starts");
    passed(&output);
}

/// Panics unless that process ran one test, with success.
#[track_caller]
pub(crate) fn passed(output: &Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{}\n{text}\n{errors}",
        output.status
    );
}
