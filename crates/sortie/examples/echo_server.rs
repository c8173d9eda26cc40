//! An echo server: a goroutine for each connection, in plain blocking code.
//!
//! With an address as its argument it serves for ever. Without it serves some clients of
//! its own, at once, and ends.

use sortie::net::{SocketAddr, TcpListener, TcpStream};
use std::io::{self, Read, Write};

/// Sends back whatever comes, until the other side has said all.
fn handle(stream: TcpStream) -> io::Result<u64> {
    io::copy(&mut &stream, &mut &stream)
}

pub(crate) fn serve(listener: &TcpListener) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept()?;
        sortie::go(move || handle(stream));
    }
}

/// So many clients at once; returns how many got their own words back.
pub(crate) fn clients(address: SocketAddr, count: usize) -> io::Result<usize> {
    let clients: Vec<_> = (0..count)
        .map(|i| {
            sortie::go(move || {
                let mut stream = TcpStream::connect(address)?;
                let words = format!("client {i} was here");
                stream.write_all(words.as_bytes())?;
                let mut answer = vec![0; words.len()];
                stream.read_exact(&mut answer)?;
                Ok(answer == words.as_bytes())
            })
        })
        .collect();
    let mut right = 0;
    for client in clients {
        let answer: io::Result<bool> = client.join().expect("a client does not panic");
        right += usize::from(answer?);
    }
    Ok(right)
}

fn run() -> io::Result<()> {
    if let Some(address) = std::env::args().nth(1).filter(|text| text.contains(':')) {
        return serve(&TcpListener::bind(address)?);
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    sortie::go(move || serve(&listener));
    println!("{} of 1000 clients were echoed", clients(address, 1000)?);
    Ok(())
}

#[sortie::main]
pub(crate) fn main() {
    if let Err(error) = run() {
        eprintln!("echo_server: {error}");
        std::process::exit(1);
    }
}
