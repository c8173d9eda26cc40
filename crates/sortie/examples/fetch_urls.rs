//! Fetches pages from many servers at once, each in a goroutine, and gives up on those
//! that take too long.
//!
//! With URLs as its arguments it fetches these. Without it fetches from servers of its own.

use sortie::context::Context;
use sortie::net::{TcpListener, TcpStream};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::time::Duration;

/// All pages, in order, or why there is none.
pub(crate) fn fetch_urls(urls: &[String], patience: Duration) -> Vec<io::Result<String>> {
    let (context, _cancel) = Context::background().with_timeout(patience);
    sortie::scope(|s| {
        let fetches: Vec<_> = urls
            .iter()
            .map(|url| s.go(|| fetch(url, &context)))
            .collect();
        let pages = fetches.into_iter().map(|f| f.join().expect("no panic"));
        pages.collect()
    })
}

/// Go's `http.Get`, in small. [`sortie-examples`] has it with HTTPS, by a crate.
///
/// [`sortie-examples`]: ../../../examples/https_client.rs
fn fetch(url: &str, context: &Context) -> io::Result<String> {
    let Some(rest) = url.strip_prefix("http://") else {
        return Err(io::Error::other("only `http://...` is understood here"));
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let port = if host.contains(':') { "" } else { ":80" };
    let mut stream = TcpStream::connect_ctx(format!("{host}{port}"), context)?;
    // For all that follows together.
    stream.set_deadline(context.deadline());
    let request = format!("GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    match head.lines().next().and_then(|line| line.split_once(' ')) {
        Some((_, status)) if status.starts_with("200") => Ok(body.into()),
        Some((_, status)) => Err(io::Error::other(format!("the server says {status}"))),
        None => Err(io::Error::other("the server does not speak HTTP")),
    }
}

/// A server that answers each request after a while. Returns its URL.
pub(crate) fn server(page: String, after: Duration) -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    sortie::go(move || {
        for stream in listener.incoming().flatten() {
            let page = page.clone();
            sortie::go(move || answer(&stream, &page, after));
        }
    });
    Ok(url)
}

fn answer(mut stream: &TcpStream, page: &str, after: Duration) -> io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    // The request ends with an empty line.
    while lines
        .next()
        .transpose()?
        .is_some_and(|line| !line.is_empty())
    {}
    sortie::sleep(after);
    write!(stream, "HTTP/1.0 200 OK\r\n\r\n{page}")
}

fn run() -> io::Result<()> {
    let urls: Vec<_> = std::env::args().skip(1).collect();
    if urls.iter().any(|url| url.contains("://")) {
        for (url, page) in urls.iter().zip(fetch_urls(&urls, Duration::from_secs(10))) {
            match page {
                Ok(page) => println!("{url}: {} bytes", page.len()),
                Err(error) => println!("{url}: {error}"),
            }
        }
        return Ok(());
    }
    let mut urls = Vec::new();
    for i in 0..100 {
        urls.push(server(format!("this is {i}"), Duration::from_millis(i))?);
    }
    urls.push(server("too late".into(), Duration::from_secs(3600))?);
    let pages = fetch_urls(&urls, Duration::from_secs(2));
    let good = pages.iter().filter(|page| page.is_ok()).count();
    println!("{good} pages");
    for page in [&pages[0], &pages[99], &pages[100]] {
        match page {
            Ok(page) => println!("{page}"),
            Err(error) => println!("{error}"),
        }
    }
    Ok(())
}

#[sortie::main]
pub(crate) fn main() {
    if let Err(error) = run() {
        eprintln!("fetch_urls: {error}");
        std::process::exit(1);
    }
}
