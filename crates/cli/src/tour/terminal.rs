//! A chapter in the terminal. Colours are escape sequences, which whoever prints
//! leaves out if nobody can see them.

use super::chapter::{Chapter, Program};
use super::child::Outcome;
use super::highlight::{Kind, pieces};
use super::timeline::{Mostly, Timeline, label};
use super::words;
use std::fmt::{self, Write};

/// Columns of text, and of a timeline.
const WIDTH: usize = 78;
const COLUMNS: usize = 60;

/// Goroutines of a timeline.
const GOROUTINES: usize = 8;

/// Lines of a program's output.
const OUTPUT: usize = 48;

/// Colours of goroutines, of the terminal's palette.
const COLOURS: [&str; 6] = ["36", "33", "35", "32", "34", "31"];

const SYMBOLS: &str = "123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Text in a colour.
fn paint(code: &str, text: impl fmt::Display) -> String {
    format!("\x1b[{code}m{text}\x1b[0m")
}

fn dim(text: impl fmt::Display) -> String {
    paint("2", text)
}

fn bold(text: impl fmt::Display) -> String {
    paint("1", text)
}

fn colour(goroutine: usize) -> &'static str {
    COLOURS[goroutine % COLOURS.len()]
}

/// Words in backquotes stand out.
fn with_code(line: &str) -> String {
    let parts = line.split('`').enumerate();
    parts
        .map(|(index, part)| match index % 2 {
            0 => part.to_string(),
            _ => paint("36", part),
        })
        .collect()
}

/// Heading and lesson.
pub(crate) fn begin(out: &mut String, number: usize, chapter: &Chapter) -> fmt::Result {
    let heading = format!("{number}. {}", chapter.title);
    let rest = WIDTH.saturating_sub(heading.chars().count() + chapter.name.len() + 5);
    writeln!(
        out,
        "\n{} {} {}\n",
        bold(&heading),
        dim("─".repeat(rest.max(2))),
        dim(chapter.name)
    )?;
    // Pairs of backquotes may be split over lines, so they are painted before.
    let text = with_code(&words::wrap(chapter.text, WIDTH).join("\n"));
    writeln!(out, "{text}")?;
    if let Some(refused) = chapter.refused {
        writeln!(out, "\n{}", dim("The compiler refuses this:"))?;
        code(out, refused.source)?;
        writeln!(out)?;
        let message = refused.message.split("\nnote: ").next().unwrap_or_default();
        for line in message.lines() {
            writeln!(out, "    {}", paint("31", line))?;
        }
    }
    Ok(())
}

/// A program with its lines' numbers.
fn code(out: &mut String, source: &str) -> fmt::Result {
    for (number, line) in source.lines().enumerate() {
        let mut text = String::new();
        for (kind, piece) in pieces(line) {
            match kind {
                Kind::Plain => text.push_str(piece),
                Kind::Keyword => text.push_str(&paint("35", piece)),
                Kind::Type => text.push_str(&paint("33", piece)),
                Kind::Macro => text.push_str(&paint("34", piece)),
                Kind::Function => text.push_str(&paint("36", piece)),
                Kind::Text | Kind::Number => text.push_str(&paint("32", piece)),
                Kind::Comment => text.push_str(&dim(piece)),
            }
        }
        writeln!(out, "{} {text}", dim(format!("{:>4} ", number + 1)))?;
    }
    Ok(())
}

/// A program's text, before it runs, unless it was shown `before`.
pub(crate) fn program(out: &mut String, program: &Program, before: bool) -> fmt::Result {
    if before {
        return writeln!(out, "\n{}", dim(format!("{}.rs, as above", program.name)));
    }
    writeln!(out, "\n{}", dim(format!("{}.rs", program.name)))?;
    code(out, program.source)
}

/// What came of a run.
pub(crate) fn outcome(out: &mut String, chapter: &Chapter, outcome: &Outcome) -> fmt::Result {
    let title = match outcome.run.title {
        "" => "it runs".to_string(),
        title => title.to_string(),
    };
    writeln!(out, "\n{}", bold(format!("▶ {title}")))?;
    let lines: Vec<&str> = outcome.output.lines().collect();
    for line in lines.iter().take(OUTPUT) {
        writeln!(out, "  {line}")?;
    }
    if lines.len() > OUTPUT {
        writeln!(
            out,
            "  {}",
            dim(format!("and {} lines more", lines.len() - OUTPUT))
        )?;
    }
    if lines.is_empty() {
        writeln!(out, "  {}", dim("(no output)"))?;
    }
    if !outcome.status.success() {
        let code = outcome.status.code().unwrap_or(-1);
        writeln!(out, "  {}", paint("31", format!("exit status {code}")))?;
    }
    writeln!(out)?;
    timeline(out, outcome)?;
    for (heading, text) in words::figures(outcome) {
        writeln!(out, "  {} {text}", bold(format!("{heading:<12}")))?;
    }
    for line in words::about_run(chapter.extra, outcome) {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

/// By P: who ran, a digit or letter for each goroutine, and a dot where the P was idle
/// more than half of the time. By goroutine: what it did.
fn timeline(out: &mut String, outcome: &Outcome) -> fmt::Result {
    let model = &outcome.model;
    let timeline = Timeline::of(model, &outcome.figures, COLUMNS, GOROUTINES);
    let symbols: Vec<char> = SYMBOLS.chars().collect();
    let symbol = |goroutine: usize| symbols.get(goroutine).copied().unwrap_or('+');
    for (number, row) in timeline.processors.iter().enumerate() {
        let mut cells = String::new();
        for busy in row {
            match busy {
                None => cells.push(' '),
                Some(busy) => {
                    let text = match busy.share {
                        share if share < 0.5 => '·',
                        _ => symbol(busy.goroutine),
                    };
                    cells.push_str(&paint(colour(busy.goroutine), text));
                }
            }
        }
        let share = 100.0 * outcome.figures.utilisation[number];
        let name = format!("P{number}");
        writeln!(
            out,
            "  {name:<14}{}{cells}{} {share:>3.0} %",
            dim("│"),
            dim("│")
        )?;
    }
    writeln!(out)?;
    for (index, row) in timeline.goroutines.iter().enumerate() {
        let mut cells = String::new();
        for life in row {
            match life.mostly() {
                Mostly::Absent => cells.push(' '),
                Mostly::Waiting => cells.push_str(&dim('─')),
                Mostly::Ready => cells.push_str(&dim('░')),
                Mostly::Partly => cells.push_str(&paint(colour(index), '▄')),
                Mostly::Running => cells.push_str(&paint(colour(index), '█')),
            }
        }
        let name = label(model, &outcome.trace, index);
        let name: String = name.chars().take(11).collect();
        writeln!(
            out,
            "  {}{}{cells}{}",
            paint(colour(index), format!("{} {name:<12}", symbol(index))),
            dim("│"),
            dim("│")
        )?;
    }
    let hidden = model.goroutines.len() - timeline.goroutines.len();
    if hidden > 0 {
        let hidden = words::count(hidden, "goroutine", "goroutines");
        writeln!(out, "  {}", dim(format!("and {hidden} more")))?;
    }
    let time = crate::report::duration(outcome.figures.duration);
    let legend = "█ runs  ▄ in part  ░ ready  ─ waits  · P mostly idle";
    let gap = COLUMNS.saturating_sub(legend.chars().count() + time.chars().count());
    writeln!(
        out,
        "  {}\n",
        dim(format!("{:15}{legend}{}{time}", "", " ".repeat(gap)))
    )
}

/// What there is to be seen.
pub(crate) fn end(out: &mut String, chapter: &Chapter, outcomes: &[Outcome]) -> fmt::Result {
    let all = words::about_all(chapter.extra, outcomes);
    if !all.is_empty() {
        writeln!(out)?;
        for line in all {
            writeln!(out, "  {line}")?;
        }
    }
    let text = with_code(&words::wrap(chapter.look, WIDTH).join("\n"));
    writeln!(out, "\n{text}")
}
