//! A program of its own, and what came of it.

use std::env;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus, Stdio};

/// A test: the program, and the check of what it left behind.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) program: fn(),
    pub(crate) check: fn(Outcome),
}

const VARIABLE: &str = "SORTIE_FIBER_PROGRAM";

/// The program that this process is to be, if any.
pub(crate) fn requested() -> Option<String> {
    env::var(VARIABLE).ok()
}

/// What a program left behind.
pub(crate) struct Outcome {
    status: ExitStatus,
    pub(crate) stderr: String,
}

impl Case {
    /// Runs the program to its end.
    pub(crate) fn run(self) -> Outcome {
        let mut command = Command::new(env::current_exe().expect("this executable"));
        // SAFETY: between fork and exec, makes harmless system calls: the program
        // must not outlive this one, hang, or leave its memory in a file.
        unsafe {
            command.pre_exec(|| {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                libc::alarm(60);
                let none = libc::rlimit {
                    rlim_cur: 0,
                    rlim_max: 0,
                };
                libc::setrlimit(libc::RLIMIT_CORE, &none);
                Ok(())
            });
        }
        let output = command
            .env(VARIABLE, self.name)
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null())
            .output()
            .expect("it starts");
        Outcome {
            status: output.status,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Outcome {
    /// It ended with this status.
    #[track_caller]
    pub(crate) fn status(&self, expected: i32) -> &Self {
        let status = self.status;
        assert_eq!(status.code(), Some(expected), "{status}\n{}", self.stderr);
        self
    }

    /// It was ended by this signal.
    #[track_caller]
    pub(crate) fn signal(&self, expected: i32) -> &Self {
        let status = self.status;
        assert_eq!(status.signal(), Some(expected), "{status}\n{}", self.stderr);
        self
    }

    /// Standard error contains this.
    #[track_caller]
    pub(crate) fn says(&self, part: &str) -> &Self {
        assert!(
            self.stderr.contains(part),
            "expected `{part}` in:\n{}",
            self.stderr
        );
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
