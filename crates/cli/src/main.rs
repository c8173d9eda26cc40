//! The `sortie` command.

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use sortie_cli::file::Trace;
use sortie_cli::model::Model;
use sortie_cli::{convert, dump, report, speedup, top, tour, view};
use std::error::Error;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::{Command as Process, ExitCode};
use std::time::{Duration, Instant};

type Outcome = Result<ExitCode, Box<dyn Error>>;

fn main() -> ExitCode {
    let matches = command().get_matches();
    let outcome = match matches.subcommand() {
        Some(("report", arguments)) => report(arguments),
        Some(("convert", arguments)) => convert(arguments),
        Some(("view", arguments)) => view(arguments),
        Some(("run", arguments)) => run(arguments),
        Some(("speedup", arguments)) => speedup(arguments),
        Some(("top", arguments)) => top::run(arguments),
        Some(("dump", arguments)) => dump::run(arguments),
        Some(("tour", arguments)) => tour::main(arguments),
        _ => unreachable!("a subcommand is required"),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("sortie: {error}");
        ExitCode::FAILURE
    })
}

fn command() -> Command {
    let file = || {
        Arg::new("file")
            .required(true)
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help("A trace, as SORTIE_TRACE or sortie::trace makes it")
    };
    let program = || {
        Arg::new("command")
            .required(true)
            .last(true)
            .num_args(1..)
            .value_name("COMMAND")
            .value_parser(value_parser!(OsString))
            .help("The program and its arguments")
    };
    let window = || {
        Arg::new("window")
            .long("window")
            .value_name("TIME")
            .value_parser(parse_duration)
            .help("Which goroutines seem to run in parallel through windows of this size, like 5s or 100ms")
    };
    let output = |help: &'static str| {
        Arg::new("output")
            .short('o')
            .long("output")
            .value_name("FILE")
            .value_parser(value_parser!(PathBuf))
            .help(help)
    };
    let limit = |name: &'static str| {
        Arg::new(name)
            .long(name)
            .value_name("N")
            .value_parser(value_parser!(u32).range(1..))
    };
    Command::new("sortie")
        .about("Looks at programs that use sortie: their concurrency, and the parallelism of their runs")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(top::command())
        .subcommand(dump::command())
        .subcommand(tour::command())
        .subcommand(
            Command::new("report")
                .about("Tells what a traced program did")
                .arg(file())
                .arg(window()),
        )
        .subcommand(
            Command::new("convert")
                .about("Makes a trace that ui.perfetto.dev opens")
                .arg(file())
                .arg(output("Where to write the JSON").required(true)),
        )
        .subcommand(
            Command::new("view")
                .about("Makes a page to look at: one HTML file, which needs nothing else")
                .arg(file())
                .arg(output(
                    "Where to write it [default: FILE with .html instead of its extension]",
                ))
                .arg(limit("lanes").help(
                    "Goroutines with a lane of their own at most; others are put together [default: 100000]",
                ))
                .arg(limit("parts").help(
                    "Parts of lanes at most; beyond, short ones are put together [default: 4000000]",
                )),
        )
        .subcommand(
            Command::new("run")
                .about("Runs a program with tracing, and reports")
                .arg(window())
                .arg(output("Where to keep the trace"))
                .arg(program()),
        )
        .subcommand(
            Command::new("speedup")
                .about("Runs a program on one processor, two, ..., and fits Amdahl's law")
                .arg(
                    Arg::new("max")
                        .long("max")
                        .value_name("N")
                        .value_parser(value_parser!(u32).range(1..))
                        .help("Processors at most [default: the number of CPUs]"),
                )
                .arg(
                    Arg::new("rounds")
                        .long("rounds")
                        .value_name("N")
                        .default_value("3")
                        .value_parser(value_parser!(u32).range(1..))
                        .help("Runs on each number, of which the fastest counts"),
                )
                .arg(
                    Arg::new("svg")
                        .long("svg")
                        .value_name("FILE")
                        .value_parser(value_parser!(PathBuf))
                        .action(ArgAction::Set)
                        .help("Draws the result, too"),
                )
                .arg(program()),
        )
}

/// Time with a unit.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let units = [
        ("ns", 1e-9),
        ("us", 1e-6),
        ("µs", 1e-6),
        ("ms", 1e-3),
        ("s", 1.0),
    ];
    let parsed = units.iter().find_map(|(unit, seconds)| {
        let number = text.strip_suffix(unit)?.trim().parse::<f64>().ok()?;
        Duration::try_from_secs_f64(number * seconds).ok()
    });
    parsed
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "expected a time like 5s, 100ms or 20us".to_string())
}

fn path<'a>(arguments: &'a ArgMatches, name: &str) -> Option<&'a PathBuf> {
    arguments.get_one::<PathBuf>(name)
}

fn read(path: &PathBuf) -> Result<(Trace, Model), Box<dyn Error>> {
    let named = |error: &dyn Error| format!("{}: {error}", path.display());
    let bytes = std::fs::read(path).map_err(|error| named(&error))?;
    let trace = Trace::read(&bytes).map_err(|error| named(&error))?;
    let model = Model::of(&trace);
    Ok((trace, model))
}

fn print_report(path: &PathBuf, arguments: &ArgMatches) -> Result<(), Box<dyn Error>> {
    let (trace, model) = read(path)?;
    let window = arguments.get_one::<Duration>("window");
    let mut text = String::new();
    report::write(
        &mut text,
        &trace,
        &model,
        window.map(|window| window.as_nanos() as u64),
    )?;
    print(&text)
}

/// Prints; nobody need read all of it.
fn print(text: &str) -> Result<(), Box<dyn Error>> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

fn report(arguments: &ArgMatches) -> Outcome {
    print_report(path(arguments, "file").expect("required"), arguments)?;
    Ok(ExitCode::SUCCESS)
}

fn convert(arguments: &ArgMatches) -> Outcome {
    let (trace, model) = read(path(arguments, "file").expect("required"))?;
    let output = path(arguments, "output").expect("required");
    let write = || {
        let mut out = BufWriter::new(File::create(output)?);
        convert::write(&mut out, &trace, &model)?;
        out.flush()
    };
    write().map_err(|error| format!("{}: {error}", output.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn view(arguments: &ArgMatches) -> Outcome {
    let file = path(arguments, "file").expect("required");
    let output = path(arguments, "output")
        .cloned()
        .unwrap_or_else(|| file.with_extension("html"));
    let same = |output: &PathBuf| Some(file.canonicalize().ok()? == output.canonicalize().ok()?);
    if same(&output) == Some(true) {
        return Err("the page would replace the trace: say with -o where to write it".into());
    }
    let (trace, model) = read(file)?;
    let named = |error: std::io::Error| format!("{}: {error}", output.display());
    let mut out = BufWriter::new(File::create(&output).map_err(named)?);
    let mut options = view::Options::default();
    for (name, option) in [("lanes", &mut options.lanes), ("parts", &mut options.parts)] {
        if let Some(limit) = arguments.get_one::<u32>(name) {
            *option = *limit as usize;
        }
    }
    view::write(&mut out, &trace, &model, &options)
        .and_then(|()| out.flush())
        .map_err(named)?;
    print(&format!("{}\n", output.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn process(arguments: &ArgMatches) -> Process {
    let mut words = arguments.get_many::<OsString>("command").expect("required");
    let mut process = Process::new(words.next().expect("one at least"));
    process.args(words);
    process
}

/// Why a program does not start.
fn cannot_run(process: &Process, error: &std::io::Error) -> String {
    let program = process.get_program().display();
    format!("`{program}` cannot be run: {error}")
}

/// What changes when a file is written.
fn identity(path: &PathBuf) -> Option<(u64, i64, i64)> {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.ino(), metadata.ctime(), metadata.ctime_nsec()))
}

fn run(arguments: &ArgMatches) -> Outcome {
    let kept = path(arguments, "output").cloned();
    let name = format!("sortie-{}.trace", std::process::id());
    let trace = kept
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(name));
    let before = identity(&trace);
    let mut process = process(arguments);
    let status = process.env("SORTIE_TRACE", &trace).status();
    let status = status.map_err(|error| cannot_run(&process, &error))?;
    let after = identity(&trace);
    if after.is_none() || after == before {
        return Err(format!(
            "the program made no trace (it ended with {status}): does it use sortie?"
        )
        .into());
    }
    let result = print_report(&trace, arguments);
    if kept.is_none() {
        std::fs::remove_file(&trace)?;
    }
    result?;
    let code = status.code().unwrap_or(1);
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

fn speedup(arguments: &ArgMatches) -> Outcome {
    let cpus = std::thread::available_parallelism().map_or(1, |count| count.get() as u32);
    let most = arguments.get_one::<u32>("max").copied().unwrap_or(cpus);
    let rounds = *arguments.get_one::<u32>("rounds").expect("has a default");
    let mut runs = Vec::new();
    for count in 1..=most {
        let mut best = f64::INFINITY;
        for _ in 0..rounds {
            let start = Instant::now();
            let mut process = process(arguments);
            let output = process
                .env("SORTIE_MAXPROCS", count.to_string())
                .output()
                .map_err(|error| cannot_run(&process, &error))?;
            best = best.min(start.elapsed().as_secs_f64());
            if !output.status.success() {
                return Err(format!(
                    "the program ended with {} on {count} processors:\n{}",
                    output.status,
                    String::from_utf8_lossy(&output.stderr)
                )
                .into());
            }
        }
        runs.push((count, best));
    }
    let mut text = String::new();
    speedup::write(&mut text, &runs)?;
    if most > cpus {
        text.push_str(&format!(
            "There are {cpus} CPUs: what is beyond that is not parallel.\n"
        ));
    }
    print(&text)?;
    if let Some(file) = path(arguments, "svg") {
        std::fs::write(file, speedup::svg(&runs))?;
    }
    Ok(ExitCode::SUCCESS)
}
