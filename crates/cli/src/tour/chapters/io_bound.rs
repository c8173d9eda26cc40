use sortie::net::{TcpListener, TcpStream};
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

// A server somewhere, which takes its time.
fn server(number: u64) -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    sortie::go(move || {
        let (mut stream, _) = listener.accept()?;
        sortie::sleep(Duration::from_millis(20 + number));
        writeln!(stream, "page {number}")
    });
    Ok(address)
}

fn fetch(address: &str) -> io::Result<String> {
    let mut page = String::new();
    TcpStream::connect(address)?.read_to_string(&mut page)?;
    Ok(page)
}

#[sortie::main]
fn main() -> io::Result<()> {
    let addresses = (0..20).map(server).collect::<io::Result<Vec<_>>>()?;
    let start = Instant::now();
    let pages: Vec<_> = sortie::scope(|s| {
        let fetches: Vec<_> = addresses.iter().map(|a| s.go(|| fetch(a))).collect();
        fetches.into_iter().map(|fetch| fetch.join().unwrap()).collect()
    });
    let good = pages.iter().filter(|page| page.is_ok()).count();
    let time = start.elapsed().as_millis();
    println!("{good} pages in {time} ms; one after the other takes 590 ms");
    Ok(())
}
