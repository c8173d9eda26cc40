//! A trace as one HTML page: no server, no network, no script from elsewhere.
//!
//! ```text
//!   model ──> data    what is shown, how finely, and notes about what is not
//!              ├ lanes    what a goroutine, or a processor, does one after the other
//!              ├ levels   how many run, are ready, wait, at each instant
//!              ├ lens     the run seen through windows of many sizes
//!              └ bytes    numbers, compressed, as text
//!   data ───> page    page.html with style.css and the scripts, filled in
//! ```
//!
//! *Bounds.* A page has at most [`Options::lanes`] lanes of goroutines and about
//! [`Options::parts`] parts of lanes, so it neither grows with the trace nor becomes slow.
//! Beyond that, parts that are short are put together (each with the time of every
//! state in it, so that sums stay right), and goroutines that ran least are put
//! together by where they were made. The page says so.
//!
//! *Drawing.* The scripts draw whole pixels into a buffer: for each lane they find out
//! which share of each pixel is which state, from the parts if few are in sight, else from
//! a pyramid of sums. So a frame takes time for pixels, not for events.
//!
//! *Figures.* All figures come from the same functions as those of the report.

mod bytes;
mod data;
mod lanes;
mod lens;
mod levels;

use crate::file::Trace;
use crate::model::Model;
use data::Data;
use std::io::{self, Write};
use std::path::Path;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
const SCRIPTS: [&str; 7] = [
    include_str!("data.js"),
    include_str!("paint.js"),
    include_str!("window.js"),
    include_str!("draw.js"),
    include_str!("lanes.js"),
    include_str!("panels.js"),
    include_str!("main.js"),
];

/// How a page shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What stands on top, instead of the program's name and arguments.
    pub title: Option<String>,
    /// Without the head, the figures and the help: for a frame within another page.
    pub compact: bool,
    /// Goroutines that have a lane of their own, at most.
    pub lanes: usize,
    /// Parts of lanes, at most: a turn on a processor, a wait, ... Each takes some two
    /// bytes of the page.
    pub parts: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            title: None,
            compact: false,
            lanes: 100_000,
            parts: 4_000_000,
        }
    }
}

/// Writes the page.
///
/// # Errors
/// Those of the writer.
pub fn write(
    out: &mut impl Write,
    trace: &Trace,
    model: &Model,
    options: &Options,
) -> io::Result<()> {
    let data = Data::of(trace, model, options);
    let title = options.title.clone().unwrap_or_else(|| {
        let program = trace.information.get("program");
        let name = program.and_then(|program| Path::new(program).file_name()?.to_str());
        name.unwrap_or("a trace").to_string()
    });
    let mut rest = PAGE;
    while let Some((before, (name, after))) = rest
        .split_once("{{")
        .and_then(|(before, rest)| Some((before, rest.split_once("}}")?)))
    {
        out.write_all(before.as_bytes())?;
        match name {
            "title" => out.write_all(escaped(&title).as_bytes())?,
            "style" => out.write_all(STYLE.as_bytes())?,
            "class" => out.write_all(if options.compact { b"compact" } else { b"" })?,
            "head" => out.write_all(data.head.as_bytes())?,
            "numbers" => {
                data.numbers.write(out)?;
            }
            "scripts" => {
                for script in SCRIPTS {
                    out.write_all(script.as_bytes())?;
                }
            }
            other => unreachable!("page.html has a place for {other}"),
        }
        rest = after;
    }
    out.write_all(rest.as_bytes())
}

/// The page as a text.
pub fn page(trace: &Trace, model: &Model, options: &Options) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes, trace, model, options).expect("memory takes all");
    String::from_utf8(bytes).expect("all of it is text")
}

/// Text within HTML.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}
