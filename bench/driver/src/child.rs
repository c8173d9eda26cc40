//! One run of a program: its figures, and what the kernel counted.

use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// A run that went well.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Run {
    /// The workload's figure.
    pub(crate) figure: f64,
    /// Further figures that the program reports.
    pub(crate) details: BTreeMap<String, f64>,
    /// Wall time of the whole process.
    pub(crate) seconds: f64,
    /// Processor time of the whole process, user and system.
    pub(crate) processor_seconds: f64,
    pub(crate) peak_resident_bytes: u64,
    pub(crate) voluntary_switches: i64,
    pub(crate) involuntary_switches: i64,
    /// Instructions in user mode, where `perf stat` can count them.
    pub(crate) instructions: Option<u64>,
}

/// A run that did not.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// The program has nothing to run the workload with, for this reason.
    NotApplicable(String),
    /// It ended otherwise than it should, with this message.
    Failed(String),
    /// It was still running after so long.
    TimedOut(Duration),
}

/// How to run programs.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) scale: f64,
    pub(crate) time_out: Duration,
    /// The instruction counter, if there is one.
    pub(crate) counter: Option<Counter>,
}

/// `perf stat`, and the file that it writes to.
#[derive(Clone, Debug)]
pub(crate) struct Counter {
    file: PathBuf,
}

impl Counter {
    /// Tries it: is it installed, and does this machine count?
    ///
    /// # Errors
    /// What is in the way.
    pub(crate) fn detect(folder: &Path) -> Result<Self, String> {
        let counter = Counter {
            file: folder.join("perf-stat.csv"),
        };
        let output = counter
            .command(Path::new("true"))
            .output()
            .map_err(|error| format!("perf cannot be run: {error}"))?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            return Err(format!("perf stat: {}", text.trim()));
        }
        match counter.read() {
            Some(_) => Ok(counter),
            None => Err("perf stat: instructions are not supported here".into()),
        }
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new("perf");
        command
            .args(["stat", "-x", ",", "-e", "instructions:u", "-o"])
            .arg(&self.file)
            .arg("--")
            .arg(program);
        command
    }

    fn read(&self) -> Option<u64> {
        let text = std::fs::read_to_string(&self.file).ok()?;
        let line = text.lines().find(|line| line.contains("instructions"))?;
        line.split(',').next()?.parse().ok()
    }
}

/// Runs a workload once.
///
/// # Errors
/// If it does not run, with the program's own words.
pub(crate) fn run(program: &Path, workload: &str, settings: &Settings) -> Result<Run, Failure> {
    let mut command = match &settings.counter {
        Some(counter) => counter.command(program),
        None => Command::new(program),
    };
    command.arg(workload).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    if settings.scale != 1.0 {
        command.env("BENCH_SCALE", settings.scale.to_string());
    }
    // A group of its own, so that it can be ended with all its children.
    command.process_group(0);
    let start = Instant::now();
    let mut child = command
        .spawn()
        .map_err(|error| Failure::Failed(format!("cannot be run: {error}")))?;
    let stdout = drain(child.stdout.take().expect("piped"));
    let stderr = drain(child.stderr.take().expect("piped"));
    let Some((status, usage)) = wait(&child, settings.time_out) else {
        return Err(Failure::TimedOut(settings.time_out));
    };
    let seconds = start.elapsed().as_secs_f64();
    let (stdout, stderr) = (joined(stdout), joined(stderr));
    if !status.success() {
        return Err(explain(status, &stderr));
    }
    let (figure, details) = parse(&stdout)
        .ok_or_else(|| Failure::Failed(format!("printed no figure, but `{}`", stdout.trim())))?;
    let time = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    Ok(Run {
        figure,
        details,
        seconds,
        processor_seconds: time(usage.ru_utime) + time(usage.ru_stime),
        peak_resident_bytes: usage.ru_maxrss as u64 * 1024,
        voluntary_switches: usage.ru_nvcsw,
        involuntary_switches: usage.ru_nivcsw,
        instructions: settings.counter.as_ref().and_then(Counter::read),
    })
}

fn drain(mut pipe: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // What came before an error is all there is.
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn joined(text: thread::JoinHandle<String>) -> String {
    text.join().expect("reading does not panic")
}

/// The figure is alone on its line, further ones have a name before them.
fn parse(stdout: &str) -> Option<(f64, BTreeMap<String, f64>)> {
    let (mut figure, mut details) = (None, BTreeMap::new());
    for line in stdout.lines() {
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            [number] => figure = Some(number.parse().ok()?),
            [name, number] => {
                details.insert(name.to_string(), number.parse().ok()?);
            }
            _ => return None,
        }
    }
    Some((figure?, details))
}

/// What a program that failed has to say about it.
fn explain(status: ExitStatus, stderr: &str) -> Failure {
    let mut lines = stderr
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    if let Some(reason) = first.strip_prefix("not applicable: ") {
        return Failure::NotApplicable(reason.into());
    }
    // Where a panic happened is said first, and what it was about second.
    let message = match lines.next() {
        Some(second) if first.contains("panicked at") => second,
        _ => first,
    };
    Failure::Failed(if message.is_empty() {
        status.to_string()
    } else {
        format!("{message} ({status})")
    })
}

/// Waits for a child; if it takes too long ends its group and returns `None`.
fn wait(child: &Child, time_out: Duration) -> Option<(ExitStatus, libc::rusage)> {
    let pid = child.id() as libc::pid_t;
    let (ended, condition) = (Mutex::new(false), Condvar::new());
    let killed = thread::scope(|s| {
        let watchdog = s.spawn(|| {
            let guard = ended.lock().expect("no panic");
            let (guard, timer) = condition
                .wait_timeout_while(guard, time_out, |ended| !*ended)
                .expect("no panic");
            if timer.timed_out() {
                // SAFETY: kill has no preconditions. The child is not reaped while
                // `ended` is locked and false, so the group is still its own.
                unsafe { libc::kill(-pid, libc::SIGKILL) };
            }
            drop(guard);
            timer.timed_out()
        });
        let mut information = std::mem::MaybeUninit::<libc::siginfo_t>::uninit();
        // SAFETY: the pointer is to room for the result. Leaves the child a zombie, so
        // that its number remains its own.
        unsafe {
            libc::waitid(
                libc::P_PID,
                pid as libc::id_t,
                information.as_mut_ptr(),
                libc::WEXITED | libc::WNOWAIT,
            );
        }
        *ended.lock().expect("no panic") = true;
        condition.notify_one();
        watchdog.join().expect("no panic")
    });
    let mut status = 0;
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are to room for the results. `Child` does not know that
    // the process is reaped, but nobody asks it any more.
    let reaped = unsafe { libc::wait4(pid, &mut status, 0, usage.as_mut_ptr()) };
    assert_eq!(reaped, pid, "a child is there until it is waited for");
    // SAFETY: integers, all of which are valid if zero.
    let usage = unsafe { usage.assume_init() };
    use std::os::unix::process::ExitStatusExt;
    (!killed).then(|| (ExitStatus::from_raw(status), usage))
}
