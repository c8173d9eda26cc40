//! Sockets, while whatever can change changes.

use crate::random::Random;
use crate::scenarios::{Scenario, crowd};
use sortie::context::Context;
use sortie::net::{ClosedError, Shutdown, TcpListener, TcpStream, UnixDatagram, UnixStream};
use sortie::runtime::{blocking, set_max_procs};
use sortie::time::Instant;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

pub(crate) const ALL: &[(&str, Scenario)] = &[
    ("sockets::echoes", echoes),
    ("sockets::processors_change", processors_change),
    ("sockets::deadlines_race", deadlines_race),
    ("sockets::closing_races", closing_races),
    ("sockets::acceptors", acceptors),
    ("sockets::acceptors_give_up", acceptors_give_up),
    ("sockets::clones_close", clones_close),
    ("sockets::threads_too", threads_too),
    ("sockets::receivers_give_up", receivers_give_up),
    ("sockets::contexts_end", contexts_end),
];

/// Does something in between, so that it may go on elsewhere.
fn detour(random: &mut Random) {
    match random.below(6) {
        0 => sortie::yield_now(),
        1 => sortie::sleep(Duration::from_micros(random.below(50).into())),
        2 => blocking(std::thread::yield_now),
        3 => std::thread::yield_now(),
        _ => {}
    }
}

/// Two ends of a connection.
fn connection(random: &mut Random) -> (UnixStream, UnixStream) {
    let (one, other) = UnixStream::pair().unwrap();
    if random.below(2) == 0 {
        (one, other)
    } else {
        (other, one)
    }
}

fn tcp() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (one, listener.accept().unwrap().0)
}

/// Writes numbers, and reads them from the other end, in order.
fn count(mut writer: impl Write + Send, mut reader: impl Read + Send, random: &mut Random) {
    const NUMBERS: u32 = 100;
    let (mut own, mut others) = (random.split(), random.split());
    sortie::scope(|s| {
        s.go(move || {
            for i in 0..NUMBERS {
                // In two parts, so that the reader waits in the middle.
                let bytes = i.to_le_bytes();
                writer.write_all(&bytes[..1]).unwrap();
                detour(&mut own);
                writer.write_all(&bytes[1..]).unwrap();
            }
        });
        for i in 0..NUMBERS {
            let mut number = [0; 4];
            reader.read_exact(&mut number).unwrap();
            assert_eq!(u32::from_le_bytes(number), i);
            detour(&mut others);
        }
    });
}

/// Both directions of many connections at once.
fn echoes(random: &mut Random) {
    crowd(random, 10, |mut random| {
        let (one, other) = tcp();
        let (mut there, mut back) = (random.split(), random.split());
        sortie::scope(|s| {
            s.go(|| count(&one, &other, &mut there));
            count(&other, &one, &mut back);
        });
    });
}

fn processors_change(random: &mut Random) {
    let procs = sortie::runtime::max_procs();
    let stop = AtomicBool::new(false);
    let mut own = random.split();
    sortie::scope(|s| {
        s.go(|| {
            while !stop.load(SeqCst) {
                set_max_procs(1 + own.below(8) as usize);
                sortie::sleep(Duration::from_micros(own.below(300).into()));
            }
        });
        echoes(random);
        stop.store(true, SeqCst);
    });
    set_max_procs(procs);
}

/// Deadlines pass while bytes arrive: none is lost, or read twice.
fn deadlines_race(random: &mut Random) {
    const BYTES: usize = 300;
    crowd(random, 6, |mut random| {
        let (one, other) = connection(&mut random);
        let (mut writes, mut changes) = (random.split(), random.split());
        let stop = AtomicBool::new(false);
        sortie::scope(|s| {
            s.go(move || {
                for i in 0..BYTES {
                    (&one).write_all(&[i as u8]).unwrap();
                    detour(&mut writes);
                }
            });
            let (other, stop) = (&other, &stop);
            s.go(move || {
                while !stop.load(SeqCst) {
                    let soon = Duration::from_micros(changes.below(60).into());
                    other.set_read_deadline(match changes.below(3) {
                        0 => None,
                        1 => Some(Instant::now() + soon),
                        _ => Some(Instant::now() - soon),
                    });
                    detour(&mut changes);
                }
            });
            let mut next = 0;
            while next < BYTES {
                let mut bytes = [0; 3];
                match (&mut &*other).read(&mut bytes) {
                    Ok(0) => panic!("{next} bytes were read, and no more"),
                    Ok(count) => {
                        for &byte in &bytes[..count] {
                            assert_eq!(byte, next as u8);
                            next += 1;
                        }
                    }
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::TimedOut);
                        // A deadline that has passed is not all there is to do.
                        sortie::yield_now();
                    }
                }
            }
            stop.store(true, SeqCst);
        });
    });
}

/// A socket is closed while it is read from, written to, and accepted from.
fn closing_races(random: &mut Random) {
    fn until_closed<T>(mut operate: impl FnMut() -> io::Result<T>) {
        loop {
            match operate() {
                Ok(_) => sortie::yield_now(),
                Err(error) if ClosedError::is(&error) => return,
                Err(error) => panic!("{error}"),
            }
        }
    }
    crowd(random, 6, |mut random| {
        let (one, _other) = connection(&mut random);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        sortie::scope(|s| {
            s.go(|| until_closed(|| (&one).read(&mut [0; 10])));
            s.go(|| until_closed(|| (&one).read(&mut [0; 10])));
            s.go(|| until_closed(|| (&one).write(&[0; 10_000])));
            s.go(|| until_closed(|| listener.accept()));
            s.go(|| until_closed(|| listener.accept()));
            for _ in 0..random.below(5) {
                detour(&mut random);
            }
            match random.below(3) {
                0 => {
                    let _ = TcpStream::connect(listener.local_addr().unwrap());
                }
                1 => one.set_read_deadline(None),
                _ => {}
            }
            s.go(|| listener.close().unwrap());
            detour(&mut random);
            one.close().unwrap();
        });
    });
}

/// Many accept from one listener: each connection is accepted, by one of them.
fn acceptors(random: &mut Random) {
    const CONNECTIONS: usize = 60;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let accepted = AtomicUsize::new(0);
    sortie::scope(|s| {
        for _ in 0..20 {
            let mut random = random.split();
            let (listener, accepted) = (&listener, &accepted);
            s.go(move || {
                while let Ok((mut stream, _)) = listener.accept() {
                    accepted.fetch_add(1, SeqCst);
                    detour(&mut random);
                    stream.write_all(b"!").unwrap();
                }
            });
        }
        sortie::scope(|s| {
            for _ in 0..CONNECTIONS {
                s.go(|| {
                    let mut stream = TcpStream::connect(address).unwrap();
                    assert_eq!(stream.read(&mut [0; 2]).unwrap(), 1);
                });
            }
        });
        listener.close().unwrap();
    });
    assert_eq!(accepted.into_inner(), CONNECTIONS);
}

/// Some of those who accept give up all the time. A connection that came at that moment
/// is left to the others, who wait for nothing else.
fn acceptors_give_up(random: &mut Random) {
    const CONNECTIONS: usize = 60;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (accepted, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let serve = |mut stream: TcpStream| {
        accepted.fetch_add(1, SeqCst);
        stream.write_all(b"!").unwrap();
    };
    sortie::scope(|s| {
        for _ in 0..3 {
            s.go(|| {
                while let Ok((stream, _)) = listener.accept() {
                    serve(stream);
                }
            });
        }
        for _ in 0..6 {
            let mut random = random.split();
            let (listener, stop, serve) = (&listener, &stop, &serve);
            s.go(move || {
                while !stop.load(SeqCst) {
                    let soon = Duration::from_micros(random.below(40).into());
                    let (context, _cancel) = Context::background().with_timeout(soon);
                    if let Ok((stream, _)) = listener.accept_ctx(&context) {
                        serve(stream);
                    }
                    // Now only the others are there.
                    detour(&mut random);
                }
            });
        }
        for _ in 0..CONNECTIONS {
            let mut stream = TcpStream::connect(address).unwrap();
            assert_eq!(stream.read(&mut [0; 2]).unwrap(), 1);
        }
        stop.store(true, SeqCst);
        listener.close().unwrap();
    });
    assert_eq!(accepted.into_inner(), CONNECTIONS);
}

/// Clones of a socket are closed, and dropped, while others of the same connection wait.
fn clones_close(random: &mut Random) {
    crowd(random, 8, |mut random| {
        let (one, mut other) = connection(&mut random);
        let waits = Arc::new(one.try_clone().unwrap());
        let reads = waits.clone();
        let reader = sortie::go(move || {
            let mut buffer = [0; 2];
            (&*reads).read_exact(&mut buffer).map(|()| buffer)
        });
        let mut peekers = Vec::new();
        for _ in 0..10 {
            let clone = Arc::new(one.try_clone().unwrap());
            let peeks = clone.clone();
            peekers.push(sortie::go(move || peeks.peek(&mut [0])));
            detour(&mut random);
            if random.below(2) == 0 {
                clone.close().unwrap();
                let closed = peekers.pop().unwrap().join().unwrap().unwrap_err();
                assert!(ClosedError::is(&closed));
            }
        }
        one.close().unwrap();
        drop(one);
        other.write_all(b"ok").unwrap();
        assert_eq!(&reader.join().unwrap().unwrap(), b"ok");
        other.shutdown(Shutdown::Write).unwrap();
        assert_eq!((&*waits).read(&mut [0]).unwrap(), 0);
        for peeker in peekers {
            // It depends on whether it saw the bytes before they were read.
            assert!(peeker.join().unwrap().unwrap() <= 1);
        }
    });
}

/// Threads and goroutines use the same sockets.
fn threads_too(random: &mut Random) {
    const EACH: usize = 200;
    let (one, other) = UnixDatagram::pair().unwrap();
    let sum = AtomicUsize::new(0);
    let receive = || {
        for _ in 0..EACH {
            let mut number = [0; 4];
            assert_eq!(other.recv(&mut number).unwrap(), 4);
            sum.fetch_add(u32::from_le_bytes(number) as usize, SeqCst);
        }
    };
    let send = || {
        for i in 0..EACH as u32 {
            one.send(&i.to_le_bytes()).unwrap();
        }
    };
    std::thread::scope(|threads| {
        sortie::scope(|s| {
            for _ in 0..3 {
                threads.spawn(receive);
                threads.spawn(send);
                s.go(receive);
                s.go(send);
            }
            detour(random);
        });
    });
    assert_eq!(sum.into_inner(), 6 * EACH * (EACH - 1) / 2);
}

/// Many receive from one socket, some of whom give up and come back. Each datagram comes
/// to somebody, although each event wakes but one.
fn receivers_give_up(random: &mut Random) {
    const DATAGRAMS: usize = 400;
    let (one, other) = UnixDatagram::pair().unwrap();
    let (received, done) = (AtomicUsize::new(0), AtomicBool::new(false));
    sortie::scope(|s| {
        for i in 0..12 {
            let mut random = random.split();
            let (other, received, done) = (&other, &received, &done);
            let handle = other.try_clone().unwrap();
            s.go(move || {
                // Most wait by the same handle; some by one of their own, which hears of
                // the same events.
                let socket = if i % 4 == 0 { &handle } else { other };
                while !done.load(SeqCst) {
                    let soon = Duration::from_micros(random.below(100).into());
                    let (context, _cancel) = Context::background().with_timeout(soon);
                    let result = match i % 3 {
                        0 => socket.recv_ctx(&mut [0; 4], &context),
                        _ => socket.recv(&mut [0; 4]),
                    };
                    match result {
                        Ok(4) => received.fetch_add(1, SeqCst),
                        Ok(_) => return, // the end
                        Err(error) if error.kind() == ErrorKind::TimedOut => 0,
                        Err(error) => panic!("{error}"),
                    };
                }
            });
        }
        for i in 0..DATAGRAMS as u32 {
            one.send(&i.to_le_bytes()).unwrap();
            if random.below(10) == 0 {
                detour(random);
            }
        }
        while received.load(SeqCst) < DATAGRAMS {
            sortie::yield_now();
        }
        done.store(true, SeqCst);
        other.shutdown(Shutdown::Both).unwrap();
    });
    assert_eq!(received.into_inner(), DATAGRAMS);
}

/// Contexts end while something arrives.
fn contexts_end(random: &mut Random) {
    crowd(random, 8, |mut random| {
        for _ in 0..20 {
            let (one, other) = connection(&mut random);
            let (context, cancel) = Context::background().with_cancel();
            let mut own = random.split();
            sortie::scope(|s| {
                s.go(move || {
                    detour(&mut own);
                    cancel.cancel();
                });
                s.go(|| (&one).write_all(b"x").unwrap());
                let mut byte = [0];
                match other.read_ctx(&mut byte, &context) {
                    Ok(count) => assert_eq!((count, &byte), (1, b"x")),
                    Err(_) => {
                        context.err().unwrap();
                        assert_eq!((&other).read(&mut byte).unwrap(), 1);
                    }
                }
            });
        }
    });
}
