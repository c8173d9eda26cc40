//! Go's net/timeout_test.go, as far as it is about the runtime.
//!
//! <https://github.com/golang/go/blob/master/src/net/timeout_test.go>

use crate::crew::connection;
use crate::procs::Procs;
use sortie::net::{TcpListener, TcpStream};
use sortie::time::Instant;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// TestVariousTimeouts: whatever the deadline, a client that reads from a server which
/// never stops writing is told when it has passed.
#[test]
fn various_timeouts() {
    for procs in [1, 4] {
        let _procs = Procs::set(procs);
        sortie::run(|| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            sortie::go(move || {
                for stream in listener.incoming() {
                    let Ok(mut stream) = stream else { break };
                    sortie::go(move || io::copy(&mut io::repeat(b'a'), &mut stream));
                }
            });
            for nanoseconds in [1, 1_000, 1_000_000, 5_000_000, 50_000_000] {
                for _ in 0..3 {
                    let mut client = TcpStream::connect(address).unwrap();
                    let deadline = Instant::now() + Duration::from_nanos(nanoseconds);
                    client.set_deadline(Some(deadline));
                    let error = io::copy(&mut client, &mut io::sink()).unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::TimedOut);
                    assert!(Instant::now() >= deadline);
                }
            }
        });
    }
}

/// TestReadTimeoutFluctuation and TestReadTimeoutMustNotReturn: with a deadline moved on
/// and on nobody returns early.
#[test]
fn a_moved_deadline_does_not_end_the_read() {
    let _procs = Procs::set(2);
    sortie::run(|| {
        let (one, mut other) = connection();
        let one = Arc::new(one);
        let reads = one.clone();
        one.set_read_deadline(Some(Instant::now() + Duration::from_secs(3600)));
        let reader = sortie::go(move || (&*reads).read(&mut [0]).map_err(|e| e.kind()));
        let mut end = Duration::from_secs(1800);
        for _ in 0..1_000 {
            end -= Duration::from_millis(100);
            one.set_read_deadline(Some(Instant::now() + end));
            assert!(!reader.is_finished());
        }
        other.write_all(b"x").unwrap();
        assert_eq!(reader.join().unwrap(), Ok(1));
    });
}

/// TestReadWriteDeadlineRace: reading, writing and setting deadlines at the same time.
#[test]
fn read_write_deadline_race() {
    for procs in [1, 4] {
        let _procs = Procs::set(procs);
        sortie::run(|| {
            let (one, other) = connection();
            let (one, stop) = (Arc::new(one), Arc::new(AtomicBool::new(false)));
            sortie::scope(|s| {
                s.go(|| {
                    for i in 0..2_000u64 {
                        let soon = Duration::from_micros(i % 100);
                        one.set_deadline(Some(Instant::now() + soon));
                        sortie::yield_now();
                    }
                    stop.store(true, Ordering::Release);
                    one.set_deadline(Some(Instant::now()));
                });
                s.go(|| {
                    while !stop.load(Ordering::Acquire) {
                        if let Err(error) = (&*one).read(&mut [0; 100]) {
                            assert_eq!(error.kind(), ErrorKind::TimedOut);
                        }
                    }
                });
                s.go(|| {
                    while !stop.load(Ordering::Acquire) {
                        if let Err(error) = (&*one).write(&[0; 100]) {
                            assert_eq!(error.kind(), ErrorKind::TimedOut);
                        }
                    }
                    one.shutdown(sortie::net::Shutdown::Both).unwrap();
                });
                s.go(|| io::copy(&mut &other, &mut &other));
            });
        });
    }
}

/// TestConcurrentSetDeadline (golang/go#35367): deadlines of many connections, all the
/// time.
#[test]
fn concurrent_set_deadline() {
    let _procs = Procs::set(4);
    sortie::run(|| {
        const CONNECTIONS: usize = 16;
        const ROUNDS: u64 = 500;
        sortie::scope(|s| {
            for i in 0..CONNECTIONS {
                s.go(move || {
                    let (one, _other) = connection();
                    for round in 0..ROUNDS {
                        let soon = Duration::from_micros(1_000 + round + i as u64);
                        one.set_read_deadline(Some(Instant::now() + soon));
                        one.set_write_deadline(Some(Instant::now() + soon));
                    }
                    let error = (&one).read(&mut [0]).unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::TimedOut);
                });
            }
        });
    });
}
