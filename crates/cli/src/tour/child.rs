//! Runs a chapter's program, in a process of its own.
//!
//! The command executes itself with a hidden argument. So what ends a process ends
//! the child, its exit status is real, and its trace has nothing of the tour.

use super::chapter::Run;
use crate::file::Trace;
use crate::model::Model;
use crate::report::Figures;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use wait4::{ResUse, Wait4};

/// The hidden argument: the name of a program follows.
pub(crate) const ARGUMENT: &str = "run-program";

/// No chapter takes nearly so long, even on a slow machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The run.
    pub(crate) run: Run,
    /// How many processors it had.
    pub(crate) processors: usize,
    /// What the program wrote, to standard output and error.
    pub(crate) output: String,
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// What the kernel gave it of CPUs.
    pub(crate) cpu: Duration,
    /// Where its trace is.
    pub(crate) file: PathBuf,
    /// What was traced.
    pub(crate) trace: Trace,
    /// The same as lives.
    pub(crate) model: Model,
    /// The same as figures.
    pub(crate) figures: Figures,
}

/// Makes runs on a machine of so many CPUs, in turns and so many times each, and returns the
/// fastest of each. `file` tells where the trace of each belongs.
///
/// # Errors
/// As [`once`].
pub(crate) fn all(
    runs: &[Run],
    rounds: usize,
    cpus: usize,
    file: impl Fn(usize) -> PathBuf,
) -> Result<Vec<Outcome>, String> {
    let mut best: Vec<Outcome> = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        best.push(once(*run, cpus, &file(index))?);
    }
    for _ in 1..rounds {
        for (index, run) in runs.iter().enumerate() {
            let (file, other) = (file(index), file(index).with_extension("other"));
            let outcome = once(*run, cpus, &other)?;
            if outcome.figures.duration < best[index].figures.duration {
                std::fs::rename(&other, &file)
                    .map_err(|error| format!("{}: {error}", file.display()))?;
                best[index] = Outcome { file, ..outcome };
            } else {
                // Whatever remains there is overwritten by the next.
                let _ = std::fs::remove_file(&other);
            }
        }
    }
    Ok(best)
}

/// Runs it on a machine of so many CPUs, and records to `file`.
///
/// # Errors
/// If it cannot be run, does not end, ends otherwise than it should, or makes no
/// trace.
fn once(run: Run, cpus: usize, file: &Path) -> Result<Outcome, String> {
    let processors = run.processors.count(cpus);
    let name = run.program.name;
    let (output, ended) = execute(name, processors, file)
        .map_err(|error| format!("the program {name} could not be run: {error}"))?;
    let status = ended.status;
    if status.code() != Some(run.status) {
        return Err(format!(
            "the program {name} should end with exit status {}, but ended with {status}:\n{output}",
            run.status
        ));
    }
    let named = |error: &dyn std::error::Error| format!("{}: {error}", file.display());
    let bytes = std::fs::read(file).map_err(|error| named(&error))?;
    let trace = Trace::read(&bytes).map_err(|error| named(&error))?;
    if !trace.complete {
        return Err(format!("{}: the trace is not complete", file.display()));
    }
    let model = Model::of(&trace);
    Ok(Outcome {
        run,
        processors,
        output,
        status,
        cpu: ended.rusage.utime + ended.rusage.stime,
        file: file.to_path_buf(),
        figures: Figures::of(&model),
        trace,
        model,
    })
}

fn execute(name: &str, processors: usize, file: &Path) -> io::Result<(String, ResUse)> {
    // Both outputs into one pipe, so that they stay in order.
    let (mut reader, writer) = io::pipe()?;
    let mut command = Command::new(std::env::current_exe()?);
    let settings = std::env::vars_os().map(|(key, _)| key).filter(|key| {
        let key = key.to_string_lossy();
        key.starts_with("SORTIE_") || key == "GOMAXPROCS"
    });
    for key in settings {
        command.env_remove(key);
    }
    command
        .args(["tour", &format!("--{ARGUMENT}"), name])
        .env("SORTIE_TRACE", file)
        .env("SORTIE_MAXPROCS", processors.to_string())
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    let mut child = command.spawn()?;
    // The last writers of the pipe are the child's, then.
    drop(command);
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut output = Vec::new();
        let result = reader.read_to_end(&mut output).map(|_| output);
        let _ = sender.send(result);
    });
    match receiver.recv_timeout(PATIENCE) {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output?).into_owned();
            Ok((text, child.wait4()?))
        }
        Err(_) => {
            child.kill()?;
            child.wait()?;
            Err(io::Error::other(format!(
                "it did not end within {} s",
                PATIENCE.as_secs()
            )))
        }
    }
}
