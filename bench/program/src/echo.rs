//! An echo server and its clients, for systems whose sockets read and write as those of
//! std do.

use crate::{detail, scaled};
use std::io::{Read, Write};
use std::time::{Duration, Instant};

/// How many connections there are.
pub const CONNECTIONS: usize = 100;

/// Bytes of a request.
pub const REQUEST: usize = 512;

/// How many requests each connection has.
#[must_use]
pub fn requests() -> u64 {
    scaled(2_000)
}

/// Sends back what comes, until the other side closes.
///
/// # Panics
///
/// When the connection fails.
pub fn serve(mut stream: impl Read + Write) {
    let mut buffer = [0; 4 * REQUEST];
    loop {
        match stream.read(&mut buffer).expect("a connection") {
            0 => return,
            count => stream.write_all(&buffer[..count]).expect("a connection"),
        }
    }
}

/// Sends requests and waits for each to come back; how long each took.
///
/// # Panics
///
/// When the connection fails, or what comes back is something else.
pub fn ask(mut stream: impl Read + Write, requests: u64) -> Vec<Duration> {
    let (mut request, mut answer) = ([0; REQUEST], [0; REQUEST]);
    let mut times = Vec::with_capacity(requests as usize);
    for number in 0..requests {
        request[..8].copy_from_slice(&number.to_le_bytes());
        let start = Instant::now();
        stream.write_all(&request).expect("a connection");
        stream.read_exact(&mut answer).expect("a connection");
        times.push(start.elapsed());
        assert_eq!(request, answer);
    }
    times
}

/// Reports the 99th percentile and the median of round trips, in nanoseconds.
///
/// # Panics
///
/// When there are none.
pub fn report_round_trips(mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_nanos() as f64;
    detail("round_trip_median", at(50));
    detail("round_trip_p99", at(99));
}
