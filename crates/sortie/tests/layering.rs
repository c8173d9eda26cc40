//! The order of the house: a file imports only from folders above its own, and
//! none is too long.

use std::fs;
use std::path::{Path, PathBuf};

/// The folders of `src`, each of which may use those before it.
const LAYERS: [&str; 16] = [
    "base",
    "record",
    "goroutine",
    "driver",
    "sched",
    "park",
    "observe",
    "runtime",
    "task",
    "chan",
    "time",
    "context",
    "net",
    "signal",
    "sync",
    "docs",
];

/// Lines of a file at most.
const LONGEST: usize = 600;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// What a file names as `crate::name`, in `use` or elsewhere.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for part in code.split("crate::").skip(1) {
            let end = part
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(part.len());
            found.push((index + 1, part[..end].to_string()));
        }
        // `use crate::{a, b};` on one line or more is not written here.
        assert!(
            !code.contains("crate::{"),
            "write one `use` for each folder: {line}"
        );
    }
    found
}

#[test]
fn files_import_only_from_folders_above() {
    let layer = |name: &str| LAYERS.iter().position(|&folder| folder == name);
    let mut wrong = Vec::new();
    for (own, folder) in LAYERS.iter().enumerate() {
        for file in files(&source().join(folder)) {
            let text = fs::read_to_string(&file).unwrap();
            for (line, import) in imports(&text) {
                // Anything else is a macro.
                let is_folder = source().join(&import).is_dir();
                if is_folder && layer(&import).is_none_or(|used| used > own) {
                    wrong.push(format!("{}:{line}: {import}", file.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_folder_has_its_place() {
    for entry in fs::read_dir(source()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(
            !path.is_dir() || LAYERS.contains(&name),
            "{name} is in no layer"
        );
    }
}

#[test]
fn no_file_is_too_long() {
    for file in files(&source()) {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= LONGEST, "{} has {lines} lines", file.display());
    }
}
