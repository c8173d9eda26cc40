//! Go's net/timeout_test.go, as far as it is about the runtime.
//!
//! <https://github.com/golang/go/blob/master/src/net/timeout_test.go>

use crate::crew::connection;
use crate::procs::Procs;
use sortie::context::Context;
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

/// TestReadTimeout, TestWriteTimeout, TestAcceptTimeout: whoever tries again after the
/// deadline is refused again, and one in the past refuses what could be done at once.
#[test]
fn again_and_again_after_the_deadline() {
    const TRIES: usize = 3;
    let late = |result: io::Result<usize>| {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::TimedOut);
    };
    for procs in [1, 4] {
        let _procs = Procs::set(procs);
        sortie::run(|| {
            for milliseconds in [-5_000, 0, 10] {
                let limit = |milliseconds: i64| {
                    let length = Duration::from_millis(milliseconds.unsigned_abs());
                    match milliseconds < 0 {
                        true => Instant::now() - length,
                        false => Instant::now() + length,
                    }
                };
                let (mut one, _other) = connection();
                one.set_read_deadline(Some(limit(milliseconds)));
                (0..TRIES).for_each(|_| late(one.read(&mut [0])));
                let end = limit(milliseconds);
                one.set_write_deadline(Some(end));
                while one.write(&[0; 10_000]).is_ok() {}
                assert!(Instant::now() >= end);
                (0..TRIES).for_each(|_| late(one.write(&[0])));
                let listener = TcpListener::bind("127.0.0.1:0").unwrap();
                let end = limit(milliseconds);
                listener.set_deadline(Some(end));
                late(listener.accept().map(|_| 0));
                assert!(Instant::now() >= end);
                let _queued = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
                (0..TRIES).for_each(|_| late(listener.accept().map(|_| 0)));
                listener.set_deadline(None);
                listener.accept().unwrap();
            }
        });
    }
}

/// TestReadWriteProlongedTimeout: both sides move their deadlines on with every message.
#[test]
fn deadlines_are_prolonged() {
    const MESSAGES: usize = 2_000;
    for procs in [1, 4] {
        let _procs = Procs::set(procs);
        sortie::run(|| {
            let (one, other) = connection();
            let soon = || Some(Instant::now() + Duration::from_secs(60));
            sortie::scope(|s| {
                s.go(|| {
                    for _ in 0..MESSAGES {
                        one.set_write_deadline(soon());
                        (&one).write_all(&[1; 100]).unwrap();
                    }
                    one.set_deadline(soon());
                    assert_eq!((&one).read(&mut [0]).unwrap(), 0);
                });
                let mut left = MESSAGES * 100;
                while left > 0 {
                    other.set_read_deadline(soon());
                    other.set_write_deadline(soon());
                    left -= (&other).read(&mut [0; 1_000]).unwrap();
                }
                other.shutdown(sortie::net::Shutdown::Both).unwrap();
            });
        });
    }
}

/// TestDialTimeout and TestCancelAfterDial: a time-out
/// ends the making of a connection, and is of no concern to one that was made.
#[test]
fn cancelled_after_connecting() {
    sortie::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (context, cancel) = Context::background().with_cancel();
        let mut one = TcpStream::connect_ctx(address, &context).unwrap();
        let (mut other, _) = listener.accept().unwrap();
        cancel.cancel();
        TcpStream::connect_ctx(address, &context).unwrap_err();
        one.write_all(b"there").unwrap();
        let mut buffer = [0; 5];
        other.read_exact(&mut buffer).unwrap();
        assert_eq!(&buffer, b"there");
        let (context, _cancel) = Context::background().with_timeout(Duration::ZERO);
        let error = TcpStream::connect_ctx(address, &context).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    });
}
