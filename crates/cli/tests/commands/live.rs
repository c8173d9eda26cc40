//! A program that runs, for as long as a test needs it.

use crate::command::Outcome;
use crate::program;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

/// A program. It is killed with its test.
#[derive(Debug)]
pub(crate) struct Live {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

/// How to start one.
pub(crate) fn command(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this executable"));
    let (variable, value) = program::request(name);
    command
        .env(variable, value)
        .env_remove("SORTIE_SOCKET")
        .env_remove("SORTIE_TRACE")
        .env_remove("GOMAXPROCS")
        .env("SORTIE_MAXPROCS", "2")
        .env("RUST_BACKTRACE", "0");
    command
}

impl Live {
    /// Starts one, and waits until it is ready.
    pub(crate) fn start(name: &str, change: impl FnOnce(&mut Command) -> &mut Command) -> Self {
        let mut live = Self::start_only(name, change);
        assert_eq!(live.line(), "ready");
        live
    }

    /// Starts one whose socket is in a directory.
    pub(crate) fn with_socket(name: &str, directory: &Path) -> Self {
        Self::start(name, |command| command.env("SORTIE_SOCKET", directory))
    }

    /// Starts one.
    pub(crate) fn start_only(
        name: &str,
        change: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Self {
        let mut command = command(name);
        // It must not outlive a test that is killed.
        // SAFETY: between fork and exec, makes one harmless system call.
        unsafe {
            command.pre_exec(|| {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                Ok(())
            });
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = change(&mut command).spawn().expect("it starts");
        let stdout = BufReader::new(child.stdout.take().expect("it is a pipe"));
        Live { child, stdout }
    }

    /// The next line it prints, without its end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim_end().to_string()
    }

    /// Tells it to go on.
    pub(crate) fn tell(&mut self) {
        let stdin = self.child.stdin.as_mut().expect("it is a pipe");
        stdin.write_all(b"go on\n").unwrap();
    }

    pub(crate) fn pid(&self) -> String {
        self.child.id().to_string()
    }

    /// The name its socket has in a directory.
    pub(crate) fn socket(&self, directory: &Path) -> PathBuf {
        directory.join(self.socket_name())
    }

    pub(crate) fn socket_name(&self) -> String {
        format!("sortie-{}.sock", self.pid())
    }

    /// Kills it, and takes note of its end.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Kills it, and does not, for now.
    pub(crate) fn kill_only(&mut self) {
        self.child.kill().unwrap();
    }

    /// Whether it runs still.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end.
    pub(crate) fn end(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Waits for its end, and returns what it said.
    pub(crate) fn outcome(mut self) -> Outcome {
        use std::io::Read;
        let mut stderr = String::new();
        let mut pipe = self.child.stderr.take().expect("it is a pipe");
        pipe.read_to_string(&mut stderr).unwrap();
        Outcome {
            code: self.end().code(),
            stdout: String::new(),
            stderr,
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
