//! Why a program cannot be looked at, and what to do about it.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// How programs open their socket.
const HOW: &str = "start it with SORTIE_SOCKET=1 in its environment, or let it call \
                   `sortie::runtime::socket::open()`";

/// Why a program cannot be looked at.
#[derive(Debug)]
pub enum LiveError {
    /// What was asked for is no process and no path.
    NotATarget(String),
    /// There is no such process.
    NoProcess(u32),
    /// It has ended, but its parent has not noticed.
    Ended(u32),
    /// It is another user's.
    Foreign(u32, u32),
    /// It has no socket, and whether the runtime has started in it, if that can be told.
    NotOpen(u32, String, bool),
    /// Nothing is at that path.
    NoSocket(PathBuf),
    /// Nobody listens there any more.
    Stale(PathBuf),
    /// Something else is.
    NotOurs(PathBuf),
    /// It speaks another version of the protocol.
    Version(String),
    /// The program said no, and why.
    Refused(String),
    /// It did not answer in time.
    Silent,
    /// The connection ended: so has the program, most likely.
    Closed,
    /// What it sent makes no sense.
    Garbled(String),
    /// Something else went wrong with the socket.
    Io(PathBuf, io::Error),
}

impl fmt::Display for LiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LiveError::NotATarget(text) => write!(
                f,
                "`{text}` is neither the number of a process nor the path of a socket"
            ),
            LiveError::NoProcess(pid) => write!(f, "there is no process {pid}"),
            LiveError::Ended(pid) => write!(f, "process {pid} has ended"),
            LiveError::Foreign(pid, user) => write!(
                f,
                "process {pid} is run by user {user}, and only that user, or root, may look at it"
            ),
            LiveError::NotOpen(pid, name, true) => write!(
                f,
                "process {pid} ({name}) uses sortie, but has not opened its socket: {HOW}"
            ),
            LiveError::NotOpen(pid, name, false) => write!(
                f,
                "process {pid} ({name}) has no socket, and the runtime of sortie does not run in \
                 it; if it should: {HOW}"
            ),
            LiveError::NoSocket(path) => write!(f, "there is nothing at `{}`", path.display()),
            LiveError::Stale(path) => write!(
                f,
                "nobody listens at `{}`: its program has ended",
                path.display()
            ),
            LiveError::NotOurs(path) => write!(
                f,
                "`{}` is not the socket of a program that uses sortie",
                path.display()
            ),
            LiveError::Version(greeting) => write!(
                f,
                "the program speaks another version of the protocol (`{greeting}`); this \
                 command knows version 1"
            ),
            LiveError::Refused(problem) => write!(f, "the program refuses: {problem}"),
            LiveError::Silent => f.write_str(
                "the program does not answer: is it stopped, by a debugger or by SIGSTOP?",
            ),
            LiveError::Closed => f.write_str("the program has ended, or closed its socket"),
            LiveError::Garbled(problem) => {
                write!(f, "the program's answer makes no sense: {problem}")
            }
            LiveError::Io(path, error) => write!(f, "`{}`: {error}", path.display()),
        }
    }
}

impl std::error::Error for LiveError {}
