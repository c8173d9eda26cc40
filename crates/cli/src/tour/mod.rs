//! The tour: chapters that teach one thing each, by a program that is shown, run,
//! traced, and told about.
//!
//! ```text
//!   chapter    what a chapter is made of
//!   chapters   all of them: programs, and what to say about them
//!   child      runs a program in a process of its own, and reads its trace
//!   timeline   a run in columns of equal time
//!   words      figures as text
//!   terminal   a chapter in the terminal        \  both show the same
//!   site       a chapter as a page              /
//! ```
//!
//! Nothing that is shown was written down before: outputs, exit statuses, timelines and
//! figures are those of this run, on this machine. What chapters say about them holds for
//! any; `tests/tour.rs` sees to it.

pub mod chapter;
pub mod chapters;
mod child;
mod highlight;
mod site;
mod terminal;
mod timeline;
mod words;

use chapter::Chapter;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The command line.
pub fn command() -> Command {
    Command::new("tour")
        .about("Teaches concurrency and parallelism by programs that it runs, here and now")
        .arg(
            Arg::new("chapters")
                .value_name("CHAPTER")
                .num_args(0..)
                .help("Chapters by name or number [default: all]"),
        )
        .arg(
            Arg::new("list")
                .long("list")
                .action(ArgAction::SetTrue)
                .help("Lists the chapters"),
        )
        .arg(
            Arg::new("html")
                .long("html")
                .value_name("DIR")
                .value_parser(value_parser!(PathBuf))
                .help("Where to write the pages [default: target/tour, or a folder for temporary files]"),
        )
        .arg(Arg::new(child::ARGUMENT).long(child::ARGUMENT).hide(true))
}

/// Prints; without colours if nobody can see them, or `NO_COLOR` is set.
fn print(text: &str) -> std::io::Result<()> {
    let mut out = anstream::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Nobody need read all of it.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// `sortie tour`.
///
/// # Errors
/// If a chapter is unknown, or fails, or the pages cannot be written.
pub fn main(arguments: &ArgMatches) -> Result<ExitCode, Box<dyn Error>> {
    if let Some(name) = arguments.get_one::<String>(child::ARGUMENT) {
        let program = chapters::PROGRAMS
            .iter()
            .find(|program| program.name == name);
        let program = program.ok_or_else(|| format!("there is no program {name} in the tour"))?;
        return Ok((program.main)());
    }
    if arguments.get_flag("list") {
        print(&list())?;
        return Ok(ExitCode::SUCCESS);
    }
    let wanted: Vec<&String> = arguments
        .get_many("chapters")
        .into_iter()
        .flatten()
        .collect();
    let chosen = choose(&wanted)?;
    let folder = match arguments.get_one::<PathBuf>("html") {
        Some(folder) => folder.clone(),
        None => default_folder()?,
    };
    visit(&chosen, &folder, wanted.is_empty())
}

/// All chapters by number and name.
fn list() -> String {
    let mut text = String::new();
    let mut number = 0;
    for part in chapters::PARTS {
        text.push_str(&format!("\x1b[1m{}\x1b[0m\n", part.title));
        for chapter in part.chapters {
            number += 1;
            text.push_str(&format!(
                "{number:>4}  {:<18} {}\n",
                chapter.name, chapter.title
            ));
        }
    }
    text
}

/// Chapters by name, with hyphens or underscores, or by number; in the order of the tour.
fn choose(wanted: &[&String]) -> Result<Vec<(usize, &'static Chapter)>, String> {
    let mut numbers = Vec::new();
    for name in wanted {
        let plain = name.replace('_', "-").to_lowercase();
        let found = chapters::all()
            .zip(1..)
            .find(|(chapter, number)| chapter.name == plain || number.to_string() == plain);
        let (_, number) = found.ok_or_else(|| {
            format!("there is no chapter {name}; `sortie tour --list` tells which there are")
        })?;
        numbers.push(number);
    }
    let all = (1..).zip(chapters::all());
    Ok(all
        .filter(|(number, _)| wanted.is_empty() || numbers.contains(number))
        .collect())
}

/// Below the folder that cargo builds in, if this was built there; otherwise a new one for temporary files.
fn default_folder() -> std::io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let built = program
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").exists());
    if let Some(folder) = built {
        return Ok(folder.join("tour"));
    }
    // Made here, so that nobody else has prepared it.
    let folder = std::env::temp_dir().join(format!("sortie-tour-{}", std::process::id()));
    std::fs::create_dir(&folder)?;
    Ok(folder)
}

/// Runs chapters, prints them, and writes their pages.
fn visit(
    chosen: &[(usize, &'static Chapter)],
    folder: &Path,
    whole: bool,
) -> Result<ExitCode, Box<dyn Error>> {
    let cpus = std::thread::available_parallelism().map_or(1, |count| count.get());
    let mut site = site::Site::new(folder, chosen, cpus)
        .map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut failed = Vec::new();
    let mut last = None;
    let mut shown = Vec::new();
    for (number, chapter) in chosen {
        let mut text = String::new();
        terminal::begin(&mut text, *number, chapter)?;
        print(&text)?;
        match visit_chapter(chapter, cpus, &site, &mut shown) {
            Ok(outcomes) => {
                site.write_chapter(chapter, &outcomes)
                    .map_err(|error| format!("{}: {error}", folder.display()))?;
                last = outcomes.into_iter().next_back();
            }
            Err(error) => {
                eprintln!("\nsortie: chapter {}: {error}", chapter.name);
                failed.push(chapter.name);
            }
        }
    }
    let index = site.write_index()?;
    if let Some(outcome) = last {
        print(&report(&outcome)?)?;
    }
    let line = match whole {
        true => "The whole tour as pages:",
        false => "The same as pages:",
    };
    print(&format!("\n{line} \x1b[1m{}\x1b[0m\n", index.display()))?;
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    Err(format!("failed: {}", failed.join(", ")).into())
}

/// Runs a chapter's programs and prints what came of them. `shown` are the programs whose
/// text is above already.
fn visit_chapter(
    chapter: &Chapter,
    cpus: usize,
    site: &site::Site,
    shown: &mut Vec<&'static str>,
) -> Result<Vec<child::Outcome>, Box<dyn Error>> {
    let runs = chapter.runs(cpus);
    let outcomes = child::all(&runs, chapter.rounds(), cpus, |run| {
        site.trace_file(chapter, run)
    })?;
    let mut before = "";
    for outcome in &outcomes {
        let mut text = String::new();
        let program = &outcome.run.program;
        // Another run of the same program follows at once.
        if program.name != before {
            terminal::program(&mut text, program, shown.contains(&program.name))?;
            shown.push(program.name);
            before = program.name;
        }
        terminal::outcome(&mut text, chapter, outcome)?;
        print(&text)?;
    }
    let mut text = String::new();
    terminal::end(&mut text, chapter, &outcomes)?;
    print(&text)?;
    Ok(outcomes)
}

/// What `sortie report` says about the last run.
fn report(outcome: &child::Outcome) -> Result<String, std::fmt::Error> {
    let file = outcome.file.display();
    let mut text = format!("\n\x1b[1mThe last run once more: sortie report {file}\x1b[0m\n\n");
    crate::report::write(&mut text, &outcome.trace, &outcome.model, None)?;
    Ok(text)
}
