//! The tour as pages: an index and a page for each chapter. Each page has all it needs
//! inside: nothing is loaded from anywhere, no server is needed.
//!
//! ```text
//!   picture   a run's timeline as SVG
//!   html      what pages have in common: frame, text, code
//!   page      a chapter, and the index
//!
//! Besides, each run has a page made by `view`, to look into it closely.
//! ```

mod html;
mod page;
mod picture;

use super::chapter::Chapter;
use super::child::Outcome;
use crate::view;
use page::Entry;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A folder with pages.
#[derive(Debug)]
pub(crate) struct Site {
    folder: PathBuf,
    cpus: usize,
    entries: Vec<Entry>,
}

impl Site {
    /// Makes the folder.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn new(
        folder: &Path,
        chosen: &[(usize, &'static Chapter)],
        cpus: usize,
    ) -> io::Result<Site> {
        for inside in ["traces", "timelines"] {
            std::fs::create_dir_all(folder.join(inside))?;
        }
        let entry = |(number, chapter): &(usize, &'static Chapter)| Entry {
            number: *number,
            chapter,
            runs: Vec::new(),
        };
        Ok(Site {
            folder: folder.canonicalize()?,
            cpus,
            entries: chosen.iter().map(entry).collect(),
        })
    }

    /// Where the trace of a chapter's run belongs.
    pub(crate) fn trace_file(&self, chapter: &Chapter, run: usize) -> PathBuf {
        self.folder.join(trace_name(chapter, run))
    }

    /// Writes a chapter's page.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn write_chapter(
        &mut self,
        chapter: &Chapter,
        outcomes: &[Outcome],
    ) -> io::Result<()> {
        let at = self
            .entries
            .iter()
            .position(|entry| entry.chapter.name == chapter.name);
        let Some(at) = at else {
            return Ok(());
        };
        let text = page::chapter(&self.entries, at, outcomes);
        let summary = outcomes.iter().map(page::Summary::of);
        self.entries[at].runs = summary.collect();
        for (run, outcome) in outcomes.iter().enumerate() {
            let file = File::create(self.folder.join(timeline_name(chapter, run)))?;
            let options = view::Options {
                title: Some(format!(
                    "{} · {}",
                    chapter.title,
                    page::title(chapter, outcome)
                )),
                ..view::Options::default()
            };
            let mut out = BufWriter::new(file);
            view::write(&mut out, &outcome.trace, &outcome.model, &options)?;
            out.flush()?;
        }
        std::fs::write(self.folder.join(page_name(chapter)), text)
    }

    /// Writes the index, and returns where it is.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn write_index(&self) -> io::Result<PathBuf> {
        let path = self.folder.join("index.html");
        std::fs::write(&path, page::index(&self.entries, self.cpus))?;
        Ok(path)
    }
}

/// A chapter's page, seen from the index.
fn page_name(chapter: &Chapter) -> String {
    format!("{}.html", chapter.name)
}

/// A run's own timeline, seen from the index.
fn timeline_name(chapter: &Chapter, run: usize) -> String {
    format!("timelines/{}-{}.html", chapter.name, run + 1)
}

/// A run's trace, seen from the index.
fn trace_name(chapter: &Chapter, run: usize) -> String {
    format!("traces/{}-{}.trace", chapter.name, run + 1)
}
