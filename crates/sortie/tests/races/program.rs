//! A program of its own, and what is said of it.

use libtest_mimic::Failed;
use std::env;
use std::fmt;
use std::io;
use std::process::{Command, Output, Stdio};

/// The main goroutine of a program.
#[derive(Clone, Copy)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) main: fn(),
}

/// A list of programs: functions of that module.
macro_rules! programs {
    ($($name:ident,)*) => {
        pub(crate) const PROGRAMS: &[$crate::program::Program] = &[
            $($crate::program::Program {
                name: stringify!($name),
                main: $name,
            },)*
        ];
    };
}
pub(crate) use programs;

/// What the detector is to say.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    Nothing,
    Race,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Expected::Nothing => "clean",
            Expected::Race => "caught",
        })
    }
}

const VARIABLE: &str = "SORTIE_RACE_PROGRAM";

/// Exit status of a program of which the detector said something.
const REPORTED: i32 = 66;

/// The program that this process is to be, if any.
pub(crate) fn requested() -> Option<String> {
    env::var(VARIABLE).ok()
}

impl Program {
    /// Runs the program to its end, on so many processors, and looks at what was said.
    pub(crate) fn check(self, expected: Expected, processors: usize) -> Result<(), Failed> {
        let output = self.run(processors)?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        let as_expected = match expected {
            Expected::Nothing => output.status.success() && !stderr.contains("ThreadSanitizer"),
            Expected::Race => {
                output.status.code() == Some(REPORTED) && is_about_shared_data(&stderr)
            }
        };
        if as_expected {
            return Ok(());
        }
        Err(format!("{}\n{stderr}", output.status).into())
    }

    /// With the longest history there is: what a goroutine did that has ended is forgotten
    /// when others do a lot, such as wait by looking again and again. A race with it is not
    /// told then, since there is no stack to show.
    fn run(self, processors: usize) -> io::Result<Output> {
        Command::new(env::current_exe()?)
            .env(VARIABLE, self.name)
            .env("SORTIE_MAXPROCS", processors.to_string())
            .env(
                "TSAN_OPTIONS",
                format!("exitcode={REPORTED} atexit_sleep_ms=0 history_size=7"),
            )
            .stdin(Stdio::null())
            .output()
    }
}

/// Whether there is a report of a race, and all reports are of races between accesses by
/// `shared`, at least one of them a goroutine's.
fn is_about_shared_data(stderr: &str) -> bool {
    let mut summaries = stderr
        .lines()
        .filter(|line| line.starts_with("SUMMARY: ThreadSanitizer"))
        .peekable();
    summaries.peek().is_some()
        && summaries.all(|line| line.contains("data race") && line.contains("races/shared.rs"))
        && stderr.contains("'goroutine ")
}
