//! A chapter's page, and the index.

use super::html::{code, escape, frame, prose};
use super::{page_name, picture, timeline_name, trace_name};
use crate::report::duration;
use crate::speedup;
use crate::tour::chapter::{Chapter, Extra};
use crate::tour::chapters::PARTS;
use crate::tour::child::Outcome;
use crate::tour::words;
use std::fmt::Write;

/// What the index says about a run.
#[derive(Debug)]
pub(super) struct Summary {
    alive: f64,
    parallelism: f64,
    processors: usize,
    picture: String,
}

impl Summary {
    pub(super) fn of(outcome: &Outcome) -> Summary {
        let figures = &outcome.figures;
        Summary {
            alive: figures.alive,
            parallelism: figures.parallelism,
            processors: outcome.processors,
            picture: picture::small(outcome),
        }
    }
}

/// A chapter of the site.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) number: usize,
    pub(super) chapter: &'static Chapter,
    /// Empty until it was run, and if it failed.
    pub(super) runs: Vec<Summary>,
}

/// All chapters of the site, by part; `here` is where the reader is.
fn navigation(entries: &[Entry], here: Option<usize>) -> String {
    let mut text = String::from(
        "<nav aria-label=\"Chapters\"><a class=\"home\" href=\"index.html\">sortie <span>tour</span></a>\n",
    );
    for part in PARTS {
        let of_part = |entry: &&Entry| part.chapters.iter().any(|c| c.name == entry.chapter.name);
        let mut inside = entries.iter().filter(of_part).peekable();
        if inside.peek().is_none() {
            continue;
        }
        let _ = writeln!(text, "<h2>{}</h2><ol>", escape(part.title));
        for entry in inside {
            let current = match here {
                Some(number) if number == entry.number => " aria-current=\"page\"",
                _ => "",
            };
            let _ = writeln!(
                text,
                "<li><a href=\"{}\"{current}><i>{}</i> {}</a></li>",
                page_name(entry.chapter),
                entry.number,
                escape(&entry.chapter.name.replace('-', " "))
            );
        }
        text.push_str("</ol>\n");
    }
    text + "</nav>\n"
}

/// The page of the chapter at a position.
pub(super) fn chapter(entries: &[Entry], at: usize, outcomes: &[Outcome]) -> String {
    let Entry {
        number, chapter, ..
    } = &entries[at];
    let part = PARTS
        .iter()
        .find(|part| part.chapters.iter().any(|c| c.name == chapter.name));
    let part = part.map_or("", |part| part.title);
    let mut main = format!(
        "<header><p class=\"part\">{number} · {}</p><h1>{}</h1></header>\n<p class=\"lesson\">{}</p>\n",
        escape(part),
        escape(chapter.title),
        prose(chapter.text)
    );
    if let Some(refused) = chapter.refused {
        let message = refused.message.split("\nnote: ").next().unwrap_or_default();
        let _ = writeln!(
            main,
            "<section><h2>The compiler refuses this</h2>{}\
             <pre class=\"output refused\" tabindex=\"0\">{}</pre></section>",
            code("scope_data_race.rs", refused.source),
            escape(message)
        );
    }
    let mut shown = "";
    for (index, outcome) in outcomes.iter().enumerate() {
        main.push_str(&run(chapter, index, outcome, shown));
        shown = outcome.run.program.name;
    }
    main.push_str(&all_runs(chapter, outcomes));
    let _ = writeln!(main, "<p class=\"look\">{}</p>", prose(chapter.look));
    main.push_str(&neighbours(entries, at));
    let title = format!("{} · sortie tour", chapter.title);
    frame(&title, &navigation(entries, Some(*number)), &main)
}

/// A run: its program unless that is above, its output, its timeline, its figures.
fn run(chapter: &Chapter, index: usize, outcome: &Outcome, shown: &str) -> String {
    let program = outcome.run.program;
    let mut text = String::from("<section class=\"run\">\n");
    if program.name != shown {
        text.push_str(&code(&format!("{}.rs", program.name), program.source));
    }
    let output = match outcome.output.trim_end() {
        "" => "<i>(no output)</i>".to_string(),
        output => escape(output),
    };
    let status = match outcome.status.code() {
        Some(0) => String::new(),
        code => format!(
            "<p class=\"status\">exit status {}</p>\n",
            code.unwrap_or(-1)
        ),
    };
    let _ = writeln!(
        text,
        "<h2>{}</h2>\n<pre class=\"output\" tabindex=\"0\">{output}</pre>\n{status}",
        escape(&title(chapter, outcome))
    );
    text.push_str(&figures(outcome));
    text.push_str(&picture::timeline(outcome));
    text.push_str(
        "<p class=\"legend\"><span class=\"c0\"></span> runs (a colour for each goroutine) \
         <span class=\"ready\"></span> ready, but on no P <span class=\"waiting\"></span> waits",
    );
    let _ = writeln!(
        text,
        "<a class=\"open\" href=\"{}\">Open the timeline</a>\
         <a href=\"{}\" download=\"\">trace</a></p>",
        timeline_name(chapter, index),
        trace_name(chapter, index)
    );
    let extra = words::about_run(chapter.extra, outcome);
    if !extra.is_empty() {
        let _ = writeln!(
            text,
            "<pre class=\"extra\" tabindex=\"0\">{}</pre>",
            escape(&extra.join("\n"))
        );
    }
    text + "</section>\n"
}

/// What a run is called.
pub(super) fn title(chapter: &Chapter, outcome: &Outcome) -> String {
    match (outcome.run.title, chapter.extra) {
        (_, Extra::Amdahl) => format!("On {}", words::count(outcome.processors, "P", "Ps")),
        ("", _) => "It runs".to_string(),
        (title, _) => {
            let mut letters = title.chars();
            let first = letters.next().into_iter().flat_map(char::to_uppercase);
            first.chain(letters).collect()
        }
    }
}

fn figures(outcome: &Outcome) -> String {
    let figures = &outcome.figures;
    let able = figures.parallelism + figures.runnable + figures.outside;
    let card = |class: &str, name: &str, value: String, rest: String| {
        format!(
            "<div class=\"{class}\"><dt>{name}</dt><dd>{value}</dd><dd class=\"rest\">{}</dd></div>",
            escape(&rest)
        )
    };
    let made = outcome.model.goroutines.len();
    let outside = match figures.outside {
        outside if outside >= 0.005 => format!("; {outside:.2} ran on none"),
        _ => String::new(),
    };
    format!(
        "<dl class=\"figures\">{}{}{}{}</dl>\n",
        card(
            "",
            "Goroutines",
            words::count(made, "", "").trim().to_string(),
            format!(
                "{} alive at most",
                words::count(figures.most_alive as usize, "", "").trim()
            ),
        ),
        card(
            "able",
            "Concurrency",
            format!("{:.2}", figures.alive),
            format!("alive on average, {able:.2} could run"),
        ),
        card(
            "busy",
            "Parallelism",
            format!("{:.2}", figures.parallelism),
            format!(
                "of {} busy on average{outside}",
                words::count(outcome.processors, "P", "Ps")
            ),
        ),
        card(
            "",
            "Time",
            duration(figures.duration),
            "from the first step to the last".to_string()
        ),
    )
}

/// What there is to say about all runs.
fn all_runs(chapter: &Chapter, outcomes: &[Outcome]) -> String {
    let lines = words::about_all(chapter.extra, outcomes);
    if lines.is_empty() {
        return String::new();
    }
    let mut text = String::from("<section class=\"all\"><h2>Side by side</h2>");
    if chapter.extra == Extra::Amdahl && outcomes.len() > 1 {
        let _ = write!(
            text,
            "<div class=\"chart\">{}</div>",
            speedup::svg(&words::times(outcomes))
        );
    }
    let _ = writeln!(
        text,
        "<pre class=\"extra\" tabindex=\"0\">{}</pre></section>",
        escape(&lines.join("\n"))
    );
    text
}

/// Links to the chapters before and after.
fn neighbours(entries: &[Entry], at: usize) -> String {
    let link = |entry: Option<&Entry>, rel: &str, name: &str| {
        let (href, title) = match entry {
            Some(entry) => (page_name(entry.chapter), entry.chapter.title),
            None => ("index.html".to_string(), "All chapters"),
        };
        format!(
            "<a rel=\"{rel}\" href=\"{href}\"><small>{name}</small>{}</a>",
            escape(title)
        )
    };
    let before = at.checked_sub(1).and_then(|before| entries.get(before));
    format!(
        "<footer class=\"neighbours\">{}{}</footer>\n",
        link(before, "prev", "← before"),
        link(entries.get(at + 1), "next", "next →")
    )
}

/// The index.
pub(super) fn index(entries: &[Entry], cpus: usize) -> String {
    let mut main = format!(
        "<header><p class=\"part\">sortie tour</p>\
         <h1>Concurrency is a property of the code.<br/>Parallelism is a property of the run.</h1></header>\n\
         <p class=\"lesson\">Each chapter is a short program. What you see here was not written down: the \
         programs ran on this machine, which has {} for them, and their outputs, timelines and figures are \
         those of these runs.</p>\n",
        words::count(cpus, "CPU", "CPUs")
    );
    if let Some(first) = entries.first() {
        let _ = writeln!(
            main,
            "<p><a class=\"begin\" rel=\"next\" href=\"{}\">Begin: {} →</a></p>",
            page_name(first.chapter),
            escape(first.chapter.title)
        );
    }
    for part in PARTS {
        let of_part = |entry: &&Entry| part.chapters.iter().any(|c| c.name == entry.chapter.name);
        let mut inside = entries.iter().filter(of_part).peekable();
        if inside.peek().is_none() {
            continue;
        }
        let _ = writeln!(
            main,
            "<section class=\"contents\"><h2>{}</h2><ul>",
            escape(part.title)
        );
        for entry in inside {
            let mut runs = String::new();
            for run in &entry.runs {
                let _ = write!(
                    runs,
                    "<span class=\"mini\">{}<span>{} alive, <b>{:.2}</b> of {} busy</span></span>",
                    run.picture,
                    short(run.alive),
                    run.parallelism,
                    words::count(run.processors, "P", "Ps")
                );
            }
            if entry.runs.is_empty() {
                runs.push_str("<span class=\"mini\">did not run to its end</span>");
            }
            let _ = writeln!(
                main,
                "<li><a href=\"{}\"><i>{}</i><strong>{}</strong></a><div class=\"runs\">{runs}</div></li>",
                page_name(entry.chapter),
                entry.number,
                escape(entry.chapter.title)
            );
        }
        main.push_str("</ul></section>\n");
    }
    frame("sortie tour", &navigation(entries, None), &main)
}

/// A number that may be large.
fn short(number: f64) -> String {
    match number {
        number if number >= 100.0 => format!("{number:.0}"),
        number => format!("{number:.2}"),
    }
}
