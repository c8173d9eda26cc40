//! The smallest web server: Go's `go handleConnection(conn)`.
//!
//! With an address as its argument it serves for ever. Without it asks itself for a page,
//! and ends.

use sortie::net::{TcpListener, TcpStream};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::time::Duration;

fn handle_connection(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let (mut reader, mut writer) = (BufReader::new(stream), stream);
    let mut line = String::new();
    while reader.read_line(&mut line)? != 0 {
        let path = line.split(' ').nth(1).unwrap_or("?").to_string();
        let mut stay = line.contains("HTTP/1.1");
        // Headers end with an empty line.
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
                break;
            }
            let header = line.to_ascii_lowercase();
            if let Some(value) = header.strip_prefix("connection:") {
                stay = value.trim() == "keep-alive";
            }
        }
        let body = format!("you asked for {path}\n");
        let (connection, length) = (if stay { "keep-alive" } else { "close" }, body.len());
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: {connection}\r\n\r\n{body}"
        );
        writer.write_all(answer.as_bytes())?;
        if !stay {
            break;
        }
        line.clear();
    }
    Ok(())
}

pub(crate) fn serve(listener: &TcpListener) {
    for stream in listener.incoming() {
        match stream {
            Ok(stream) => drop(sortie::go(move || handle_connection(&stream))),
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
