//! Requests and answers. `docs/socket.md` has the protocol.

use super::{LiveError, Sample, find};
use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a program may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of a line at most.
const LONGEST_LINE: u64 = 4096;
/// Bytes of an answer at most.
const LONGEST_ANSWER: u64 = 4 << 30;

/// A connection to a program.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<UnixStream>,
    path: PathBuf,
}

impl Connection {
    /// Connects to a process, given by its number, or by the path of its socket.
    ///
    /// # Errors
    /// If that is not possible, with what to do about it.
    pub fn to(target: &OsStr) -> Result<Self, LiveError> {
        Self::open(find::socket_of(target)?, PATIENCE)
    }

    fn open(path: PathBuf, patience: Duration) -> Result<Self, LiveError> {
        let stream = UnixStream::connect(&path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => LiveError::NoSocket(path.clone()),
            ErrorKind::ConnectionRefused => LiveError::Stale(path.clone()),
            _ => LiveError::Io(path.clone(), error),
        })?;
        let timed = stream
            .set_read_timeout(Some(patience))
            .and_then(|()| stream.set_write_timeout(Some(patience)));
        timed.map_err(|error| LiveError::Io(path.clone(), error))?;
        let mut connection = Connection {
            stream: BufReader::new(stream),
            path,
        };
        let greeting = connection.line().map_err(|error| match error {
            LiveError::Garbled(_) => LiveError::NotOurs(connection.path.clone()),
            other => other,
        })?;
        match greeting.split_whitespace().collect::<Vec<_>>()[..] {
            ["sortie", "1", ..] => Ok(connection),
            ["sortie", _, ..] => Err(LiveError::Version(greeting)),
            ["error", ..] => Err(refused(&greeting)),
            _ => Err(LiveError::NotOurs(connection.path)),
        }
    }

    /// Where the socket is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The figures of this moment.
    ///
    /// # Errors
    /// If the program has ended, or does not answer.
    pub fn sample(&mut self) -> Result<Sample, LiveError> {
        Sample::parse(&self.request("metrics")?)
    }

    /// The answer to a request.
    ///
    /// # Errors
    /// If the program has ended, does not answer, or refuses.
    pub fn request(&mut self, request: &str) -> Result<String, LiveError> {
        let written = writeln!(self.stream.get_ref(), "{request}");
        written.map_err(|error| self.failed(error))?;
        let line = self.line()?;
        let length = line
            .strip_prefix("ok ")
            .and_then(|length| length.parse().ok())
            .filter(|&length| length <= LONGEST_ANSWER);
        let Some(length) = length else {
            return Err(match line.starts_with("error ") {
                true => refused(&line),
                false => LiveError::Garbled(format!("`{line}`")),
            });
        };
        let mut bytes = Vec::new();
        let read = self
            .stream
            .by_ref()
            .take(length)
            .read_to_end(&mut bytes)
            .map_err(|error| self.failed(error))?;
        if (read as u64) < length {
            return Err(LiveError::Closed);
        }
        String::from_utf8(bytes).map_err(|error| LiveError::Garbled(error.to_string()))
    }

    fn line(&mut self) -> Result<String, LiveError> {
        let mut bytes = Vec::new();
        let mut limited = self.stream.by_ref().take(LONGEST_LINE);
        let read = limited.read_until(b'\n', &mut bytes);
        read.map_err(|error| self.failed(error))?;
        if bytes.is_empty() {
            return Err(LiveError::Closed);
        }
        match String::from_utf8(bytes) {
            Ok(line) if line.ends_with('\n') => Ok(line.trim_end().to_string()),
            _ => Err(LiveError::Garbled("a line without end".into())),
        }
    }

    fn failed(&self, error: io::Error) -> LiveError {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => LiveError::Silent,
            ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof => {
                LiveError::Closed
            }
            _ => LiveError::Io(self.path.clone(), error),
        }
    }
}

fn refused(line: &str) -> LiveError {
    LiveError::Refused(line.trim_start_matches("error ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;
    use std::thread;

    /// What comes of a connection to one who says `text`, and reads nothing.
    fn greeted(name: &str, text: &'static str) -> Result<Connection, LiveError> {
        let path = std::env::temp_dir().join(format!("sortie-{name}-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path).unwrap();
        let peer = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(text.as_bytes()).unwrap();
            stream
        });
        let connection = Connection::open(path.clone(), Duration::from_millis(50));
        let connection = connection.and_then(|mut connection| {
            connection.request("metrics")?;
            Ok(connection)
        });
        drop(peer.join().unwrap());
        std::fs::remove_file(path).unwrap();
        connection
    }

    #[test]
    fn others_are_not_taken_for_ours() {
        let error = |name, text| greeted(name, text).unwrap_err();
        assert!(matches!(
            error("mail", "220 hello\n"),
            LiveError::NotOurs(_)
        ));
        assert!(matches!(error("mute", ""), LiveError::Silent));
        assert!(matches!(
            error("newer", "sortie 2 pid=1\n"),
            LiveError::Version(greeting) if greeting == "sortie 2 pid=1"
        ));
        assert!(matches!(
            error("unfriendly", "error go away\n"),
            LiveError::Refused(problem) if problem == "go away"
        ));
        assert!(matches!(
            error("confused", "sortie 1\nwhat?\n"),
            LiveError::Garbled(_)
        ));
        assert!(matches!(
            error("slow", "sortie 1\nok 5\nabc"),
            LiveError::Silent
        ));
        assert!(greeted("good", "sortie 1\nok 2\nab").is_ok());
    }
}
