//! `sortie dump`: all goroutines of a running program, with their stacks.

use crate::live::{Connection, LiveError};
use clap::{Arg, ArgMatches, Command, value_parser};
use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

/// The argument that names the program.
pub(crate) fn target() -> Arg {
    Arg::new("target")
        .required(true)
        .value_name("PID")
        .value_parser(value_parser!(OsString))
        .help("The program's process id, or the path of its socket")
}

/// What the command line may have.
pub fn command() -> Command {
    Command::new("dump")
        .about("Prints all goroutines of a running program with their stacks, as SIGQUIT does, and lets it go on")
        .after_help("The program has opened its socket: SORTIE_SOCKET=1, or sortie::runtime::socket::open().")
        .arg(target())
}

/// Runs it.
///
/// # Errors
/// If there is no such program, or it has no socket.
pub fn run(arguments: &ArgMatches) -> Result<ExitCode, Box<dyn Error>> {
    let target = arguments
        .get_one::<OsString>("target")
        .expect("it is required");
    let text = dump(target)?;
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn dump(target: &OsString) -> Result<String, LiveError> {
    Connection::to(target)?.request("dump")
}
