//! A program of its own, and what came of it.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Output, Stdio};

/// A test: the program, and the check that runs it.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) program: fn(),
    pub(crate) check: fn(Case),
}

const VARIABLE: &str = "SORTIE_CRASH_PROGRAM";

/// The program that this process is to be, if any.
pub(crate) fn requested() -> Option<String> {
    env::var(VARIABLE).ok()
}

/// What a program left behind.
pub(crate) struct Outcome {
    pub(crate) output: Output,
    pub(crate) stderr: String,
}

impl Case {
    pub(crate) fn command(self) -> Command {
        let mut command = Command::new(env::current_exe().expect("this executable"));
        // It must not outlive a test that is killed.
        // SAFETY: between fork and exec, makes one harmless system call.
        unsafe {
            command.pre_exec(|| {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                Ok(())
            });
        }
        command
            .env(VARIABLE, self.name)
            .env("RUST_BACKTRACE", "0")
            .env_remove("GOMAXPROCS")
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(self) -> Outcome {
        self.run_with(|command| command)
    }

    /// The same, with changes.
    pub(crate) fn run_with(self, change: impl FnOnce(&mut Command) -> &mut Command) -> Outcome {
        let mut command = self.command();
        let output = change(&mut command).output().expect("it starts");
        Outcome::new(output)
    }

    /// Starts the program, for doing something to it.
    pub(crate) fn start(self) -> Child {
        self.command()
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts")
    }
}

impl Outcome {
    pub(crate) fn new(output: Output) -> Self {
        Outcome {
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            output,
        }
    }

    /// It ended with this status.
    #[track_caller]
    pub(crate) fn status(&self, expected: i32) -> &Self {
        let status = self.output.status;
        assert_eq!(status.code(), Some(expected), "{status}\n{}", self.stderr);
        self
    }

    /// It was ended by this signal.
    #[track_caller]
    pub(crate) fn signal(&self, expected: i32) -> &Self {
        use std::os::unix::process::ExitStatusExt;
        let status = self.output.status;
        assert_eq!(status.signal(), Some(expected), "{status}\n{}", self.stderr);
        self
    }

    /// Standard error contains all these, in this order.
    #[track_caller]
    pub(crate) fn says(&self, parts: &[&str]) -> &Self {
        let mut rest = self.stderr.as_str();
        for part in parts {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => panic!(
                    "expected `{part}` (after the parts before it) in:\n{}",
                    self.stderr
                ),
            }
        }
        self
    }

    /// Standard error does not contain this.
    #[track_caller]
    pub(crate) fn is_silent_about(&self, part: &str) -> &Self {
        assert!(
            !self.stderr.contains(part),
            "did not expect `{part}` in:\n{}",
            self.stderr
        );
        self
    }
}
