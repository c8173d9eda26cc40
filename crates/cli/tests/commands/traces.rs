//! `sortie report`, `sortie convert` and `sortie run`, on good files and bad.

use crate::command::{self, Directory, Outcome, Test, command, contains, sortie};
use crate::live::{self, Live};
use crate::program;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

pub(crate) const TESTS: &[Test] = &[
    ("report::of_a_run", report),
    ("report::with_a_window", window),
    ("report::nobody_need_read_it", closed_pipe),
    ("convert::makes_json", convert),
    ("convert::that_cannot_be_written", convert_nowhere),
    ("files::that_are_no_traces", no_traces),
    ("files::that_are_truncated", truncated),
    ("files::of_another_version", another_version),
    ("files::of_a_killed_program", killed),
    ("run::reports_and_keeps_the_trace_if_told", run),
    ("run::ends_as_the_program_does", run_status),
    ("run::of_what_makes_no_trace", run_without_trace),
    ("run::leaves_nothing", run_leaves_nothing),
    ("traces::wrong_usage", wrong_usage),
];

/// The trace of a run, in a directory.
fn trace(directory: &Directory) -> PathBuf {
    let path = directory.join("run.trace");
    let output = live::command("work")
        .env("SORTIE_TRACE", &path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    path
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What each report of a whole run of `work` has.
const PARTS: [&str; 3] = ["oncurrency", "arallelism", "chan receive"];

fn report() {
    let directory = Directory::new();
    let path = trace(&directory);
    let outcome = sortie(&["report", text(&path)]);
    contains(outcome.succeeds(), &["program.rs:"]);
    for part in PARTS {
        contains(outcome.succeeds(), &[part]);
    }
    assert!(!outcome.stdout.contains("incomplete"));
}

fn window() {
    let directory = Directory::new();
    let path = trace(&directory);
    let without = sortie(&["report", text(&path)]);
    for window in ["5s", "100ms", "20us", "1.5ms"] {
        let with = sortie(&["report", text(&path), "--window", window]);
        assert!(
            with.succeeds().len() > without.succeeds().len(),
            "{with:#?}"
        );
    }
}

fn closed_pipe() {
    let directory = Directory::new();
    let path = trace(&directory);
    let mut child = command(&["report", text(&path)])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let outcome: Outcome = child.wait_with_output().unwrap().into();
    outcome.succeeds();
}

fn convert() {
    let directory = Directory::new();
    let path = trace(&directory);
    let output = directory.join("run.json");
    let outcome = sortie(&["convert", text(&path), "-o", text(&output)]);
    assert_eq!(outcome.succeeds(), "");
    let json: Value = serde_json::from_str(&fs::read_to_string(output).unwrap()).unwrap();
    let events = match &json {
        Value::Array(events) => events,
        other => other["traceEvents"].as_array().unwrap(),
    };
    assert!(events.len() > 20, "{}", events.len());
}

fn convert_nowhere() {
    let directory = Directory::new();
    let path = trace(&directory);
    let nowhere = directory.join("no/such/run.json");
    sortie(&["convert", text(&path), "-o", text(&nowhere)])
        .fails(&["/no/such/run.json: No such file or directory"]);
    if Path::new("/dev/full").exists() {
        sortie(&["convert", text(&path), "-o", "/dev/full"])
            .fails(&["/dev/full: No space left on device"]);
    }
}

/// Each command that reads a trace, on this one.
fn each_reader(path: &Path) -> [Outcome; 2] {
    let output = std::env::temp_dir().join(format!("sortie-{}.json", std::process::id()));
    [
        sortie(&["report", text(path)]),
        sortie(&["convert", text(path), "-o", text(&output)]),
    ]
}

fn no_traces() {
    let directory = Directory::new();
    let file = |name: &str, bytes: &[u8]| {
        let path = directory.join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    for path in [
        file("empty", b""),
        file("text", b"This is a text, and not a short one."),
        file("short", b"SORTIE"),
        file("only-magic", b"SORTIETR"),
        file("zeros", &[0; 100_000]),
        file("program", &fs::read(command::SORTIE).unwrap()),
    ] {
        for outcome in each_reader(&path) {
            outcome.fails(&[text(&path), "this is no trace of sortie"]);
        }
    }
    for outcome in each_reader(&directory.join("none")) {
        outcome.fails(&["/none: No such file or directory"]);
    }
    for outcome in each_reader(directory.path()) {
        outcome.fails(&[text(directory.path()), ": Is a directory"]);
    }
}

fn truncated() {
    let directory = Directory::new();
    let whole = fs::read(trace(&directory)).unwrap();
    let path = directory.join("part.trace");
    let lengths = [
        12,
        13,
        20,
        whole.len() / 3,
        whole.len() / 2,
        whole.len() - 1,
    ];
    for length in lengths {
        fs::write(&path, &whole[..length]).unwrap();
        let [report, convert] = each_reader(&path);
        contains(report.succeeds(), &["The trace is incomplete"]);
        convert.succeeds();
    }
}

fn another_version() {
    let directory = Directory::new();
    let mut bytes = fs::read(trace(&directory)).unwrap();
    bytes[8] = 99;
    let path = directory.join("future.trace");
    fs::write(&path, &bytes).unwrap();
    for outcome in each_reader(&path) {
        outcome.fails(&["the trace has version 99 of the format, this program knows 1"]);
    }
}

fn killed() {
    let directory = Directory::new();
    let path = directory.join("killed.trace");
    let live = Live::start("work for ever", |command| {
        command.env("SORTIE_TRACE", &path)
    });
    // Something was written when there is more than a head.
    while fs::metadata(&path).unwrap().len() < 100_000 {
        std::thread::yield_now();
    }
    // While it runs,
    let [report, convert] = each_reader(&path);
    contains(report.succeeds(), &["The trace is incomplete"]);
    convert.succeeds();
    // and when it was killed.
    live.kill();
    let [report, convert] = each_reader(&path);
    contains(report.succeeds(), &["The trace is incomplete"]);
    convert.succeeds();
    for part in PARTS {
        contains(&report.stdout, &[part]);
    }
}

/// `sortie run` with these options on a program.
fn run_program(name: &str, options: &[&str], directory: &Path) -> Outcome {
    let (variable, value) = program::request(name);
    let this = std::env::current_exe().unwrap();
    let mut arguments = vec!["run"];
    arguments.extend(options);
    arguments.extend(["--", text(&this)]);
    let output = command(&arguments)
        .env(variable, value)
        .env("SORTIE_MAXPROCS", "2")
        .env("TMPDIR", directory)
        .output();
    output.unwrap().into()
}

fn run() {
    let directory = Directory::new();
    let path = directory.join("kept.trace");
    let outcome = run_program("work", &["-o", text(&path)], directory.path());
    for part in PARTS {
        contains(outcome.succeeds(), &[part]);
    }
    assert_eq!(directory.names(), ["kept.trace"]);
    // The kept file says the same.
    assert_eq!(sortie(&["report", text(&path)]).succeeds(), outcome.stdout);
    // An old file is no excuse.
    let outcome = run_program("fail", &["-o", text(&path)], directory.path());
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    contains(
        &outcome.stderr,
        &["it went wrong", "the program made no trace"],
    );
}

fn run_status() {
    let directory = Directory::new();
    let outcome = run_program("work and fail", &[], directory.path());
    assert_eq!(outcome.code, Some(7), "{outcome:#?}");
    contains(&outcome.stdout, &["arallelism"]);
}

fn run_without_trace() {
    sortie(&["run", "--", "true"])
        .fails(&["the program made no trace (it ended with exit status: 0): does it use sortie?"]);
    sortie(&["run", "--", "/no/such/program"])
        .fails(&["`/no/such/program` cannot be run: No such file or directory"]);
    let directory = Directory::new();
    sortie(&["run", "--", text(directory.path())]).fails(&["Permission denied"]);
}

fn run_leaves_nothing() {
    let directory = Directory::new();
    for (name, options) in [
        ("work", &[][..]),
        ("work and fail", &[]),
        ("work", &["--window", "1ms"]),
        ("fail", &[]),
    ] {
        run_program(name, options, directory.path());
        assert!(directory.names().is_empty(), "{:?}", directory.names());
    }
}

fn wrong_usage() {
    for (arguments, part) in [
        (&["report"][..], "FILE"),
        (
            &["report", "x", "--window", "0s"],
            "expected a time like 5s",
        ),
        (&["report", "x", "--window=-1s"], "expected a time like 5s"),
        (&["report", "x", "--window", "5"], "expected a time like 5s"),
        (&["convert", "x"], "--output"),
        (&["run"], "COMMAND"),
    ] {
        let outcome = sortie(arguments);
        assert_eq!(outcome.code, Some(2), "{outcome:#?}");
        contains(&outcome.stderr, &[part]);
    }
}
