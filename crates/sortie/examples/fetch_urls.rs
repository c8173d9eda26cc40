//! Fetches pages from many servers at once, each in a goroutine, and gives up on those
//! that take too long.

use sortie::context::Context;
use sortie::net::{TcpListener, TcpStream};
use std::io::{self, Read, Write};
use std::time::Duration;

/// A server that answers each connection after a while.
pub(crate) fn server(name: String, after: Duration) -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    sortie::go(move || {
        for stream in listener.incoming().flatten() {
            let text = format!("this is {name}");
            sortie::go(move || {
                sortie::sleep(after);
                (&stream).write_all(text.as_bytes())
            });
        }
    });
    Ok(address)
}

fn fetch(address: &str, context: &Context) -> io::Result<String> {
    let stream = TcpStream::connect_ctx(address, context)?;
    let (mut page, mut buffer) = (Vec::new(), [0; 512]);
    loop {
        match stream.read_ctx(&mut buffer, context)? {
            0 => return String::from_utf8(page).map_err(io::Error::other),
            count => page.extend_from_slice(&buffer[..count]),
        }
    }
}

/// All pages, in order, or why there is none.
pub(crate) fn fetch_all(addresses: &[String], patience: Duration) -> Vec<io::Result<String>> {
    let (context, _cancel) = Context::background().with_timeout(patience);
    sortie::scope(|s| {
        let fetches: Vec<_> = addresses
            .iter()
            .map(|address| s.go(|| fetch(address, &context)))
            .collect();
        let pages = fetches.into_iter().map(|f| f.join().expect("no panic"));
        pages.collect()
    })
}

fn run() -> io::Result<()> {
    let mut addresses = Vec::new();
    for i in 0..100 {
        addresses.push(server(format!("server {i}"), Duration::from_millis(i))?);
    }
    addresses.push(server("a slow server".into(), Duration::from_secs(3600))?);
    let pages = fetch_all(&addresses, Duration::from_secs(2));
    let good = pages.iter().filter(|page| page.is_ok()).count();
    println!("{good} pages");
    if let Some(Err(error)) = pages.last() {
        println!("the last: {error}");
    }
    // One more, by plain reading.
    let mut rest = String::new();
    TcpStream::connect(&*addresses[0])?.read_to_string(&mut rest)?;
    println!("{rest}");
    Ok(())
}

#[sortie::main]
pub(crate) fn main() {
    if let Err(error) = run() {
        eprintln!("fetch_urls: {error}");
        std::process::exit(1);
    }
}
