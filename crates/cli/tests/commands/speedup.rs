//! `sortie speedup`.

use crate::command::{Directory, Test, command, contains, sortie};
use crate::program;

pub(crate) const TESTS: &[Test] = &[
    ("speedup::has_a_row_for_each_number", rows),
    (
        "speedup::tells_that_there_are_not_so_many_cpus",
        more_than_cpus,
    ),
    ("speedup::of_a_program_that_fails", failing),
    ("speedup::of_nothing", nothing),
    ("speedup::wrong_usage", wrong_usage),
];

fn this() -> String {
    std::env::current_exe().unwrap().to_str().unwrap().into()
}

/// What comes of `sortie speedup` with one of this binary's programs.
fn of(program: &str, options: &[&str]) -> crate::command::Outcome {
    let (variable, value) = program::request(program);
    let output = command(&["speedup"])
        .args(options)
        .args(["--", &this()])
        .env(variable, value)
        .output();
    output.unwrap().into()
}

fn rows() {
    let directory = Directory::new();
    let picture = directory.join("speedup.svg");
    let picture_path = picture.to_str().unwrap();
    let outcome = of(
        "work",
        &["--max", "2", "--rounds", "1", "--svg", picture_path],
    );
    contains(
        outcome.succeeds(),
        &[
            "processors       time    speed-up   Amdahl\n",
            "         1 ",
            " s      1.00x    1.00x",
            "         2 ",
            "Serial fraction ",
        ],
    );
    let text = std::fs::read_to_string(picture).unwrap();
    assert!(text.starts_with("<svg ") && text.ends_with("</svg>\n"));
}

fn more_than_cpus() {
    let cpus = std::thread::available_parallelism().unwrap().get();
    let most = (cpus + 1).to_string();
    let outcome = of("work", &["--max", &most, "--rounds", "1"]);
    contains(
        outcome.succeeds(),
        &[&format!(
            "There are {cpus} CPUs: what is beyond that is not parallel.\n"
        )],
    );
}

fn failing() {
    let outcome = of("fail", &[]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    contains(
        &outcome.stderr,
        &[
            "sortie: the program ended with exit status: 5 on 1 processors:\n",
            "it went wrong",
        ],
    );
}

fn nothing() {
    sortie(&["speedup", "--", "/no/such/program"])
        .fails(&["`/no/such/program` cannot be run: No such file or directory"]);
}

fn wrong_usage() {
    for (arguments, part) in [
        (&["speedup"][..], "COMMAND"),
        (&["speedup", "--max", "0", "--", "true"], "--max"),
        (&["speedup", "--rounds", "many", "--", "true"], "--rounds"),
    ] {
        let outcome = sortie(arguments);
        assert_eq!(outcome.code, Some(2), "{outcome:#?}");
        contains(&outcome.stderr, &[part]);
    }
}
