//! A program of its own, and what it must print.

use libtest_mimic::{Arguments, Failed, Trial};
use std::env;
use std::process::{Command, Stdio};

/// An example, or a check of its functions.
#[derive(Clone, Copy)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    pub(crate) main: fn(),
    /// Parts of the output, in this order.
    pub(crate) prints: &'static [&'static str],
}

/// A list of programs: examples with what they print, and checks, which run as the
/// main goroutine.
macro_rules! programs {
    (
        examples { $($example:ident: $prints:expr,)* }
        checks { $($check:ident,)* }
    ) => {
        pub(crate) const PROGRAMS: &[$crate::program::Program] = &[
            $($crate::program::Program {
                name: concat!("example ", stringify!($example)),
                main: $example::main,
                prints: &$prints,
            },)*
            $($crate::program::Program {
                name: stringify!($check),
                main: || sortie::run($check),
                prints: &[],
            },)*
        ];
    };
}
pub(crate) use programs;

const VARIABLE: &str = "SORTIE_EXAMPLE";

/// Is the program that this process is to be, or else runs all, each on all processors and
/// on one.
pub(crate) fn main(programs: &[Program]) {
    if let Ok(name) = env::var(VARIABLE) {
        let program = programs.iter().find(|program| program.name == name);
        (program.expect("a program of that name").main)();
        return;
    }
    let mut trials = Vec::new();
    for &program in programs {
        let all = Trial::test(program.name, move || program.check(None));
        let name = format!("{}, on one processor", program.name);
        let one = Trial::test(name, move || program.check(Some(1)));
        trials.extend([all, one]);
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

impl Program {
    /// Runs the program to its end, on so many processors.
    pub(crate) fn check(self, processors: Option<usize>) -> Result<(), Failed> {
        let mut command = Command::new(env::current_exe()?);
        command.env(VARIABLE, self.name).stdin(Stdio::null());
        if let Some(processors) = processors {
            command.env("SORTIE_MAXPROCS", processors.to_string());
        }
        let output = command.output()?;
        let stdout = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{}\n{stdout}\n{stderr}", output.status).into());
        }
        let mut rest = &*stdout;
        for part in self.prints {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return Err(format!("expected `{part}` in:\n{stdout}").into()),
            }
        }
        Ok(())
    }
}
