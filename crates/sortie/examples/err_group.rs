//! Goroutines that may fail: several parts of a page are fetched at the same time, and
//! if one cannot be had, nobody waits for the others.
//!
//! The first error ends the group's context. Whoever waits looks at that too, and is
//! let go; `wait` returns when all have ended, with the first error.

use sortie::chan::{after, bounded, select};
use sortie::context::Context;
use sortie::sync::ErrGroup;
use std::time::Duration;

/// Where a part comes from: after how long, and what, if anything.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source {
    pub(crate) name: &'static str,
    pub(crate) after: Duration,
    pub(crate) part: Option<&'static str>,
}

/// Fetches a part, unless it is not wanted any more.
fn fetch(context: &Context, source: Source) -> Result<&'static str, String> {
    select! {
        recv(after(source.after)) -> _ => {
            let missing = || format!("{} has nothing", source.name);
            source.part.ok_or_else(missing)
        }
        recv(context.done()) -> _ => {
            println!("  {} is let go", source.name);
            Err(format!("{} was let go", source.name))
        }
    }
}

/// All parts, in the order of their sources; or the first error.
pub(crate) fn fetch_all(
    context: &Context,
    sources: &[Source],
) -> Result<Vec<&'static str>, String> {
    let (group, context) = ErrGroup::<String>::with_context(context);
    let (parts, results) = bounded(sources.len());
    for (i, &source) in sources.iter().enumerate() {
        let (context, parts) = (context.clone(), parts.clone());
        group.go(move || {
            let part = fetch(&context, source)?;
            parts.send((i, part)).expect("there is room");
            Ok(())
        });
    }
    drop(parts);
    group.wait()?;
    let mut all: Vec<_> = results.iter().collect();
    all.sort_unstable();
    Ok(all.into_iter().map(|(_, part)| part).collect())
}

#[sortie::main]
pub(crate) fn main() {
    let source = |name, milliseconds, part| Source {
        name,
        after: Duration::from_millis(milliseconds),
        part,
    };
    let background = Context::background();
    let mut sources = [
        source("text", 30, Some("words")),
        source("pictures", 60, Some("a cat")),
        source("comments", 10, Some("first!")),
    ];
    println!("{:?}", fetch_all(&background, &sources));
    sources[0].part = None;
    println!("{:?}", fetch_all(&background, &sources));
}
