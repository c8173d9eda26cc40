//! Connections one after the other, that begin and end in all the ways there are: none
//! leaves a descriptor behind, or memory.

use crate::descriptors::{loopback, open, registered, resident};
use crate::program::Case;
use crate::{Closing, number, succeeds};
use sortie::context::Context;
use sortie::net::{Shutdown, TcpListener, TcpStream, UnixStream};
use sortie::sync::WaitGroup;
use sortie::time::Instant;
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub(crate) const CASES: &[Case] = &[Case {
    name: "no_descriptor_is_left_behind",
    program: leaks,
    check: succeeds,
}];

/// Who connects at the same time.
const CLIENTS: usize = 64;
/// Ways to end.
const WAYS: usize = 12;
/// Resident bytes that may have come in addition meanwhile.
const MORE_MEMORY: usize = 8 << 20;

fn leaks() {
    let connects = number("SORTIE_CONNECTS", 20_000);
    let listeners: Vec<_> = loopback(16)
        .map(|address| TcpListener::bind(address).unwrap())
        .collect();
    let addresses: Vec<_> = listeners.iter().map(|l| l.local_addr().unwrap()).collect();
    sortie::run(|| {
        sortie::scope(|s| {
            let _closing = Closing(&listeners);
            let served = WaitGroup::new();
            for listener in &listeners {
                for _ in 0..2 {
                    let served = served.clone();
                    s.go(move || accept(listener, &served));
                }
            }
            // Whatever the first ones need for good.
            connect_all(&addresses, 20 * CLIENTS);
            served.wait();
            let before = (open(), registered(), sortie::runtime::num_goroutines());
            let memory = resident();
            let start = Instant::now();
            connect_all(&addresses, connects);
            served.wait();
            let elapsed = start.elapsed();
            let after = (open(), registered(), sortie::runtime::num_goroutines());
            let more = resident().saturating_sub(memory);
            println!(
                "{connects} connections in {elapsed:.2?}, {:.1?} each: {} descriptors before, {} after, {} KiB more memory",
                elapsed / connects as u32,
                before.0,
                after.0,
                more >> 10,
            );
            assert_eq!(before, after, "descriptors, registrations, goroutines");
            assert!(more < MORE_MEMORY, "that is too much memory");
        })
    });
}

/// Serves until the listener is closed. What is served is counted before the client can
/// notice: it waits for the greeting.
fn accept(listener: &TcpListener, served: &WaitGroup) {
    while let Ok((stream, _)) = listener.accept() {
        let token = served.token();
        sortie::go(move || {
            serve(stream);
            drop(token);
        });
    }
}

/// Greets, and echoes as long as that goes.
fn serve(mut stream: TcpStream) {
    let mut buffer = [0; 64];
    if stream.write_all(b"!").is_err() {
        return;
    }
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        if stream.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
}

fn connect_all(addresses: &[SocketAddr], count: usize) {
    let next = AtomicUsize::new(0);
    sortie::scope(|s| {
        for _ in 0..CLIENTS {
            s.go(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    let address = addresses[number % addresses.len()];
                    connect(address, number / addresses.len() % WAYS);
                }
            });
        }
    });
}

/// Connects in one of the ways, and ends the connection in one of the ways.
fn connect(address: SocketAddr, way: usize) {
    let context = Context::background();
    let mut stream = match way {
        0..4 => TcpStream::connect(address),
        4..8 => TcpStream::connect_timeout(&address, Duration::from_secs(60)),
        _ => TcpStream::connect_ctx(address, &context.with_cancel().0),
    }
    .unwrap();
    let mut greeting = [0];
    stream.read_exact(&mut greeting).unwrap();
    match way {
        0 => {}
        1 => stream.close().unwrap(),
        2 => {
            stream.close().unwrap();
            stream.close().unwrap_err();
        }
        3 => {
            echo(&mut stream);
            stream.shutdown(Shutdown::Write).unwrap();
            assert_eq!(stream.read(&mut greeting).unwrap(), 0);
        }
        // Unread data, so a reset.
        4 => {
            stream.write_all(b"lost").unwrap();
        }
        5 => stream.set_linger(Some(Duration::ZERO)).unwrap(),
        6 => {
            let mut clone = stream.try_clone().unwrap();
            stream.close().unwrap();
            echo(&mut clone);
        }
        7 => {
            let mut clone = stream.try_clone().unwrap();
            echo(&mut clone);
            drop(clone);
            echo(&mut stream);
        }
        8 => {
            stream.set_read_deadline(Some(Instant::now() + Duration::from_micros(100)));
            let error = stream.read(&mut greeting).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
        }
        9 => {
            let std = std::net::TcpStream::from(stream);
            stream = OwnedFd::from(std).into();
            echo(&mut stream);
        }
        10 => {
            // Somebody waits while it is closed.
            let stream = std::sync::Arc::new(stream);
            let reads = stream.clone();
            let reader = sortie::go(move || (&*reads).read(&mut [0]));
            stream.close().unwrap();
            reader.join().unwrap().unwrap_err();
            return;
        }
        _ => {
            let (one, mut other) = UnixStream::pair().unwrap();
            drop(one);
            assert_eq!(other.read(&mut greeting).unwrap(), 0);
        }
    }
    drop(stream);
}

fn echo(stream: &mut TcpStream) {
    let mut answer = [0; 4];
    stream.write_all(b"echo").unwrap();
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"echo");
}
