//! What there is to say about runs, as lines of text for the terminal and for pages.

use super::chapter::Extra;
use super::child::Outcome;
use crate::report::{self, Window, duration, windows};
use crate::speedup;

/// The figures of a run: a heading and its text each.
pub(crate) fn figures(outcome: &Outcome) -> [(&'static str, String); 3] {
    let figures = &outcome.figures;
    let made = outcome.model.goroutines.len();
    let able = figures.parallelism + figures.runnable + figures.outside;
    let ps = count(outcome.processors, "P", "Ps");
    let outside = match figures.outside {
        outside if outside >= 0.005 => format!(", {outside:.2} goroutines on no P"),
        _ => String::new(),
    };
    [
        (
            "goroutines",
            format!(
                "{}, {} alive at most, in {}",
                thousands(made),
                thousands(figures.most_alive as usize),
                duration(figures.duration)
            ),
        ),
        (
            "concurrency",
            format!(
                "{:.2} alive on average, {able:.2} of them could run",
                figures.alive
            ),
        ),
        (
            "parallelism",
            format!(
                "{:.2} of {ps} busy on average{outside}",
                figures.parallelism
            ),
        ),
    ]
}

/// A number in words that fit it.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{} {many}", thousands(number)),
    }
}

/// With a space between groups of digits.
fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// What is extra about a run, with columns that are in line.
pub(crate) fn about_run(extra: Extra, outcome: &Outcome) -> Vec<String> {
    match extra {
        Extra::Scheduler => {
            let model = &outcome.model;
            vec![format!(
                "{}, {}, {}",
                count(model.machines, "OS thread", "OS threads"),
                count(model.steals as usize, "steal", "steals"),
                count(model.handoffs as usize, "hand-off", "hand-offs"),
            )]
        }
        Extra::Windows(sizes) => {
            let mut lines = vec![
                "seen through    windows in which      windows in which".to_string(),
                "windows of      more than one ran     two ran at once".to_string(),
            ];
            for size in sizes {
                let seen = windows(&outcome.model, size * 1_000);
                let of = |is: fn(&Window) -> bool| {
                    let count = seen.iter().filter(|window| is(window)).count();
                    format!("{count} of {}", seen.len())
                };
                lines.push(format!(
                    "{:<16}{:<22}{}",
                    format!("{} ms", *size as f64 / 1_000.0),
                    of(|window| window.ran > 1),
                    of(|window| window.overlapped > 0)
                ));
            }
            lines
        }
        Extra::None | Extra::SpeedUp | Extra::Amdahl => Vec::new(),
    }
}

/// Processors and seconds of each run.
pub(crate) fn times(outcomes: &[Outcome]) -> Vec<speedup::Run> {
    let time = |outcome: &Outcome| outcome.figures.duration as f64 / 1e9;
    let runs = outcomes.iter();
    runs.map(|outcome| (outcome.processors as u32, time(outcome)))
        .collect()
}

/// The smallest part of the time that Ps were busy for which the kernel really gave CPUs to
/// a run. Where others use the CPUs, too, a P may be busy and yet stand still.
fn given(outcomes: &[Outcome]) -> f64 {
    let parts = outcomes.iter().map(|outcome| {
        let figures = &outcome.figures;
        let busy = (figures.parallelism + figures.outside) * figures.duration as f64;
        outcome.cpu.as_nanos() as f64 / busy.max(1.0)
    });
    parts.fold(1.0, f64::min)
}

/// What is extra about all runs of a chapter.
pub(crate) fn about_all(extra: Extra, outcomes: &[Outcome]) -> Vec<String> {
    let mut lines = side_by_side(extra, outcomes);
    let given = given(outcomes);
    if !lines.is_empty() && given < 0.85 {
        lines.push(format!(
            "Other programs use the CPUs as well: while Ps were busy, their threads had {:.0} %",
            100.0 * given
        ));
        lines.push("of the time. On a quiet machine more processors gain more.".to_string());
    }
    lines
}

/// What is told by comparing the runs.
fn side_by_side(extra: Extra, outcomes: &[Outcome]) -> Vec<String> {
    match (extra, outcomes) {
        (Extra::SpeedUp, [first, .., last]) if last.processors > 1 => {
            let [before, after] = [first, last].map(|outcome| outcome.figures.duration as f64);
            vec![format!(
                "{} instead of {}: {:.1} times as fast on {} Ps",
                report::duration(after as u64),
                report::duration(before as u64),
                before / after,
                last.processors
            )]
        }
        (Extra::Amdahl, outcomes) if outcomes.len() > 1 => {
            let mut text = String::new();
            speedup::write(&mut text, &times(outcomes)).expect("a string takes all");
            text.lines().map(str::to_string).collect()
        }
        (Extra::SpeedUp | Extra::Amdahl, _) => vec![
            "This machine has one CPU for this program, so there is nothing to compare."
                .to_string(),
        ],
        _ => Vec::new(),
    }
}

/// Text in lines of so many characters at most, if its words allow it.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_string()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_words_wrapped() {
        let texts = [0, 999, 1_000, 1_234_567].map(thousands);
        assert_eq!(texts, ["0", "999", "1 000", "1 234 567"]);
        assert_eq!(count(1, "P", "Ps"), "1 P");
        assert_eq!(count(0, "P", "Ps"), "0 Ps");
        assert_eq!(wrap("a bb ccc  dddd", 4), ["a bb", "ccc", "dddd"]);
        assert_eq!(wrap("longer than that", 3), ["longer", "than", "that"]);
    }
}
