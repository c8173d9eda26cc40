//! `sortie top`: a running program, live.
//!
//! ```text
//!   figures  two samples to rates and percentiles
//!   screen   drawing them on a terminal
//!   plain    the same as text
//! ```
//!
//! A thread takes the samples, so that keys are answered while the program is not.

pub mod figures;
pub mod plain;
pub mod screen;

use crate::dump::target;
use crate::live::{Connection, LiveError, Sample};
use clap::{Arg, ArgAction, ArgMatches, Command};
use figures::{Figures, Order};
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use screen::View;
use std::error::Error;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;
use std::time::Duration;

type Outcome = Result<ExitCode, Box<dyn Error>>;

/// How soon a key, or a sample, is seen.
const PATIENCE: Duration = Duration::from_millis(50);

/// What the command line may have.
pub fn command() -> Command {
    Command::new("top")
        .about("Shows what a running program's goroutines and processors do, live")
        .after_help("The program has opened its socket: SORTIE_SOCKET=1, or sortie::runtime::socket::open().\nKeys: q quits, p pauses, s sorts, arrows scroll. Where there is no terminal it prints a line for each sample.")
        .arg(target())
        .arg(
            Arg::new("interval")
                .short('i')
                .long("interval")
                .value_name("SECONDS")
                .default_value("1")
                .value_parser(interval)
                .help("Time between two samples"),
        )
        .arg(
            Arg::new("once")
                .long("once")
                .action(ArgAction::SetTrue)
                .help("Takes two samples, prints what they tell, and ends"),
        )
        .arg(
            Arg::new("json")
                .long("json")
                .action(ArgAction::SetTrue)
                .help("Prints each sample as a line of JSON, or with --once a single one"),
        )
}

fn interval(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse()
        .ok()
        .filter(|&seconds| (0.01..=86400.0).contains(&seconds));
    seconds
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "expected seconds, from 0.01 to 86400".to_string())
}

/// Runs it.
///
/// # Errors
/// If there is no such program, it has no socket, or the terminal does not do.
pub fn run(arguments: &ArgMatches) -> Outcome {
    let target = arguments
        .get_one::<OsString>("target")
        .expect("it is required");
    let interval = *arguments
        .get_one::<Duration>("interval")
        .expect("it has a default");
    let mut connection = Connection::to(target)?;
    match (arguments.get_flag("json"), arguments.get_flag("once")) {
        (true, once) => print_json(&mut connection, interval, once),
        (false, true) => print_once(&mut connection, interval),
        _ if io::stdout().is_terminal() && io::stdin().is_terminal() => {
            let title = format!("process {}", target.display());
            show(connection, interval, title)
        }
        _ => print_lines(&mut connection, interval),
    }
}

/// Prints; returns whether anybody still reads.
fn print(text: &str) -> Result<bool, Box<dyn Error>> {
    let mut out = io::stdout();
    let result = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match result {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn print_json(connection: &mut Connection, interval: Duration, once: bool) -> Outcome {
    let mut is_first = true;
    loop {
        let text = match connection.request("metrics") {
            // That it ends is no failure.
            Err(LiveError::Closed) if !is_first => return Ok(ExitCode::SUCCESS),
            other => other?,
        };
        if !print(&text)? || once {
            return Ok(ExitCode::SUCCESS);
        }
        is_first = false;
        thread::sleep(interval);
    }
}

fn print_once(connection: &mut Connection, interval: Duration) -> Outcome {
    let before = connection.sample()?;
    thread::sleep(interval);
    let figures = Figures::new(before, connection.sample()?);
    let mut text = String::new();
    plain::block(&mut text, &figures)?;
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn print_lines(connection: &mut Connection, interval: Duration) -> Outcome {
    let mut before = connection.sample()?;
    loop {
        thread::sleep(interval);
        let now = match connection.sample() {
            Err(LiveError::Closed) => {
                print("the program has ended, or closed its socket\n")?;
                return Ok(ExitCode::SUCCESS);
            }
            other => other?,
        };
        let line = plain::line(&Figures::new(before, now.clone()));
        if !print(&format!("{line}\n"))? {
            return Ok(ExitCode::SUCCESS);
        }
        before = now;
    }
}

/// Takes samples, for as long as somebody wants them.
fn sample(mut connection: Connection, interval: Duration) -> Receiver<Result<Sample, LiveError>> {
    let (sender, receiver) = sync_channel(0);
    thread::spawn(move || {
        loop {
            let sample = connection.sample();
            let is_last = matches!(&sample, Err(error) if !matches!(error, LiveError::Silent));
            if sender.send(sample).is_err() || is_last {
                return;
            }
            thread::sleep(interval);
        }
    });
    receiver
}

/// Shows it on the terminal until somebody quits, or the program ends.
fn show(connection: Connection, interval: Duration, title: String) -> Outcome {
    let samples = sample(connection, interval);
    let mut terminal = ratatui::try_init()?;
    let result = watch(&mut terminal, &samples, title);
    ratatui::try_restore()?;
    if let Some(problem) = result? {
        match problem {
            LiveError::Closed => println!("{problem}"),
            other => return Err(other.into()),
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns why the program cannot be watched any more, if that is why it ends.
fn watch(
    terminal: &mut DefaultTerminal,
    samples: &Receiver<Result<Sample, LiveError>>,
    title: String,
) -> io::Result<Option<LiveError>> {
    let mut view = View {
        title,
        figures: None,
        paused: false,
        order: Order::Count,
        scroll: 0,
        problem: None,
    };
    let mut last: Option<Sample> = None;
    let mut changed = true;
    loop {
        if changed {
            terminal.draw(|frame| screen::draw(frame, &view))?;
        }
        changed = event::poll(PATIENCE)?;
        if changed
            && let Event::Key(key) = event::read()?
            && key.kind != KeyEventKind::Release
            && press(&mut view, key)
        {
            return Ok(None);
        }
        match samples.try_recv() {
            Ok(Ok(now)) => {
                if !view.paused {
                    if let Some(before) = last.take() {
                        view.figures = Some(Figures::new(before, now.clone()));
                    }
                    view.problem = None;
                    last = Some(now);
                    changed = true;
                }
            }
            Ok(Err(error @ LiveError::Silent)) => {
                view.problem = Some(error.to_string());
                changed = true;
            }
            Ok(Err(error)) => return Ok(Some(error)),
            Err(TryRecvError::Empty) => {}
            Err(TryRecvError::Disconnected) => return Ok(Some(LiveError::Closed)),
        }
    }
}

/// Does what a key says. Returns whether that is to quit.
fn press(view: &mut View, key: KeyEvent) -> bool {
    match key.code {
        KeyCode::Char('q') | KeyCode::Esc => return true,
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return true,
        KeyCode::Char('p' | ' ') => view.paused = !view.paused,
        KeyCode::Char('s') => {
            view.order = view.order.next();
            view.scroll = 0;
        }
        KeyCode::Down => view.scroll = (view.scroll + 1).min(last_place(view)),
        KeyCode::Up => view.scroll = view.scroll.saturating_sub(1),
        KeyCode::PageDown => view.scroll = (view.scroll + 10).min(last_place(view)),
        KeyCode::PageUp => view.scroll = view.scroll.saturating_sub(10),
        KeyCode::Home => view.scroll = 0,
        _ => {}
    }
    false
}

fn last_place(view: &View) -> usize {
    let places = view.figures.as_ref().map(|f| f.now.wait_places.len());
    places.unwrap_or(0).saturating_sub(1)
}
