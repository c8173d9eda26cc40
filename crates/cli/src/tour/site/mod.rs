//! The tour as pages: an index and a page for each chapter, which need nothing else.

use super::chapter::Chapter;
use super::child::Outcome;
use std::io;
use std::path::{Path, PathBuf};

/// A folder with pages.
#[derive(Debug)]
pub(crate) struct Site {
    folder: PathBuf,
}

impl Site {
    /// Makes the folder.
    pub(crate) fn new(
        folder: &Path,
        _chosen: &[(usize, &'static Chapter)],
        _cpus: usize,
    ) -> io::Result<Site> {
        std::fs::create_dir_all(folder.join("traces"))?;
        Ok(Site { folder: folder.to_path_buf() })
    }
    pub(crate) fn trace_file(&self, chapter: &Chapter, run: usize) -> PathBuf {
        self.folder.join("traces").join(format!("{}-{}.trace", chapter.name, run + 1))
    }
    pub(crate) fn write_chapter(&self, _number: usize, _chapter: &Chapter, _outcomes: &[Outcome]) -> io::Result<()> { Ok(()) }
    pub(crate) fn write_index(&self) -> io::Result<PathBuf> { Ok(self.folder.join("index.html")) }
}
