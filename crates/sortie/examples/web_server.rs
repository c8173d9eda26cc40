//! The smallest web server: a goroutine for each connection, Go's
//! `go handleConnection(conn)`.
//!
//! With an address as its argument it serves for ever; try
//! `curl http://127.0.0.1:8080/hello`. Without it asks itself for a page, and ends.

use sortie::net::{TcpListener, TcpStream};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::time::Duration;

/// So many bytes a request has at most.
const LONGEST: u64 = 16 * 1024;

/// Answers requests, one after the other, until there are no more.
fn handle_connection(connection: TcpStream) -> io::Result<()> {
    connection.set_nodelay(true)?;
    connection.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut reader = BufReader::new(&connection);
    while let Some(request) = read_request(&mut reader)? {
        let (status, body) = match &request.path {
            Some(path) => ("200 OK", format!("you asked for {path}\n")),
            None => ("400 Bad Request", "only GET is understood\n".into()),
        };
        let (length, next) = (
            body.len(),
            if request.stay { "keep-alive" } else { "close" },
        );
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: {next}");
        (&connection).write_all(format!("{head}\r\n\r\n{body}").as_bytes())?;
        if !request.stay {
            break;
        }
    }
    Ok(())
}

struct Request {
    /// What is asked for, if it is understood.
    path: Option<String>,
    /// Whether there will be more requests on this connection.
    stay: bool,
}

/// The next request, or none if the client has hung up.
fn read_request(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut lines = reader.take(LONGEST).lines();
    let Some(line) = lines.next().transpose()? else {
        return Ok(None);
    };
    let words: Vec<_> = line.split(' ').collect();
    let ["GET", path, version @ ("HTTP/1.0" | "HTTP/1.1")] = words[..] else {
        let (path, stay) = (None, false);
        return Ok(Some(Request { path, stay }));
    };
    let (path, mut stay) = (Some(path.to_string()), version == "HTTP/1.1");
    for header in lines {
        let header = header?.to_ascii_lowercase();
        if header.is_empty() {
            return Ok(Some(Request { path, stay }));
        }
        if let Some(value) = header.strip_prefix("connection:") {
            stay = value.trim() == "keep-alive";
        }
    }
    // Too long, or hung up in the middle.
    Err(io::ErrorKind::UnexpectedEof.into())
}

pub(crate) fn serve(listener: &TcpListener) {
    for connection in listener.incoming() {
        match connection {
            Ok(connection) => {
                sortie::go(move || handle_connection(connection));
            }
            // Too many open files, say: some will be closed in a moment.
            Err(_) => sortie::sleep(Duration::from_millis(10)),
        }
    }
}

/// The body of a page.
pub(crate) fn get(address: &str, path: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.into());
    body.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn run() -> io::Result<()> {
    if let Some(address) = std::env::args().nth(1).filter(|text| text.contains(':')) {
        serve(&TcpListener::bind(address)?);
        return Ok(());
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    sortie::go(move || serve(&listener));
    print!("{}", get(&address, "/hello")?);
    Ok(())
}

#[sortie::main]
pub(crate) fn main() {
    if let Err(error) = run() {
        eprintln!("web_server: {error}");
        std::process::exit(1);
    }
}
