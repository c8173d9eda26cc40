//! Workloads on sockets, and beside blocking calls.

use crate::{channels, scaled};
use bench_program::detail;
use sortie::net::{TcpListener, TcpStream};
use std::io::{Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const CONNECTIONS: usize = 100;
const BYTES: usize = 512;
const BLOCKERS: usize = 64;

/// 100 connections over loopback; each sends 512 bytes and waits for them to come back,
/// 2 000 times.
pub(crate) fn echo() -> f64 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    sortie::go(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            sortie::go(move || {
                stream.set_nodelay(true).expect("an option");
                let mut buffer = [0; BYTES];
                while let Ok(count) = stream.read(&mut buffer) {
                    if count == 0 || stream.write_all(&buffer[..count]).is_err() {
                        break;
                    }
                }
            });
        }
    });
    let streams: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let stream = TcpStream::connect(address).expect("a connection");
            stream.set_nodelay(true).expect("an option");
            stream
        })
        .collect();
    let start = Instant::now();
    let clients: Vec<_> = streams
        .into_iter()
        .map(|stream| sortie::go(move || client(stream)))
        .collect();
    let mut times: Vec<u64> = Vec::new();
    for client in clients {
        times.extend(client.join().expect("a client"));
    }
    let elapsed = start.elapsed().as_nanos() as f64;
    times.sort_unstable();
    detail("round_trip_p99", times[times.len() * 99 / 100] as f64);
    elapsed / times.len() as f64
}

/// Returns how long each request took.
fn client(mut stream: TcpStream) -> Vec<u64> {
    let (request, mut answer) = ([7; BYTES], [0; BYTES]);
    let requests = scaled(2_000);
    let mut times = Vec::with_capacity(requests as usize);
    for _ in 0..requests {
        let start = Instant::now();
        stream.write_all(&request).expect("a request");
        stream.read_exact(&mut answer).expect("an answer");
        times.push(start.elapsed().as_nanos() as u64);
    }
    assert_eq!(answer, request);
    times
}

/// The ring, beside 64 goroutines that are stuck in `read` on a pipe: how many times as
/// long it takes as without them.
pub(crate) fn blockers() -> f64 {
    static ENTERING: AtomicUsize = AtomicUsize::new(0);
    channels::ring();
    let alone = channels::ring();
    let mut writers = Vec::new();
    for _ in 0..BLOCKERS {
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        writers.push(writer);
        sortie::go(move || {
            ENTERING.fetch_add(1, Ordering::AcqRel);
            reader.read(&mut [0])
        });
    }
    while ENTERING.load(Ordering::Acquire) < BLOCKERS {
        sortie::yield_now();
    }
    let beside = channels::ring();
    drop(writers);
    detail("ring_alone", alone);
    detail("ring_beside", beside);
    beside / alone
}
