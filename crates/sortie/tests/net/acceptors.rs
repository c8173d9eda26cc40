//! Many wait for the same thing: an event wakes one of them.

use crate::crew::{for_both, start};
use crate::procs::Procs;
use sortie::net::{TcpListener, TcpStream, UnixDatagram};
use std::io::Read;
use std::sync::mpsc;
use std::sync::{Arc, Barrier};
use std::thread;

const WAITERS: usize = 40;
const ROUNDS: usize = 50;

/// How often the calling thread went to sleep.
fn sleeps() -> i64 {
    // SAFETY: all zeros are a value of it.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: writes it.
    let result = unsafe { libc::getrusage(libc::RUSAGE_THREAD, &mut usage) };
    assert_eq!(result, 0);
    usage.ru_nvcsw
}

/// Connections that come one by one wake as many threads as there are connections, not as
/// many as there are threads for each: it shows in how often they go to sleep again.
#[test]
fn a_connection_wakes_one() {
    let _procs = Procs::set(2);
    let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
    let address = listener.local_addr().unwrap();
    let waiting = Arc::new(Barrier::new(WAITERS + 1));
    let threads: Vec<_> = (0..WAITERS)
        .map(|_| {
            let (listener, waiting) = (listener.clone(), waiting.clone());
            thread::spawn(move || {
                waiting.wait();
                let before = sleeps();
                while listener.accept().is_ok() {}
                sleeps() - before
            })
        })
        .collect();
    waiting.wait();
    for _ in 0..ROUNDS {
        let mut stream = TcpStream::connect(address).unwrap();
        // Accepted, and dropped at once.
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    }
    listener.close().unwrap();
    let slept: i64 = threads.into_iter().map(|t| t.join().unwrap()).sum();
    // Once at first, and some for what a lock costs now and then.
    let most = (WAITERS * 3 + ROUNDS * 6) as i64;
    println!("{WAITERS} threads slept {slept} times for {ROUNDS} connections");
    assert!(slept <= most, "they slept {slept} times");
    assert!(most < (WAITERS * ROUNDS) as i64 / 4);
}

/// Goroutines that wait are served in the order in which they came, if each has the time to
/// look: who was woken in vain waits on where he was.
#[test]
fn first_come_first_served() {
    for procs in [1, 2, 8] {
        let _procs = Procs::set(procs);
        sortie::run(|| {
            let (one, other) = UnixDatagram::pair().unwrap();
            let other = Arc::new(other);
            let (tell, told) = mpsc::channel();
            let receivers: Vec<_> = (0..WAITERS)
                .map(|i| {
                    let (other, tell) = (other.clone(), tell.clone());
                    let receiver = sortie::go(move || {
                        other.recv(&mut [0]).unwrap();
                        tell.send(i).unwrap();
                    });
                    crate::parked::until_parked(receiver.goroutine().id(), "IO wait");
                    receiver
                })
                .collect();
            let ids: Vec<_> = receivers.iter().map(|r| r.goroutine().id()).collect();
            for i in 0..WAITERS {
                crate::parked::until_all_parked(&ids[i..], "IO wait");
                one.send(b"x").unwrap();
                let served = loop {
                    match told.try_recv() {
                        Ok(served) => break served,
                        Err(_) => sortie::yield_now(),
                    }
                };
                assert_eq!(served, i);
            }
            for receiver in receivers {
                receiver.join().unwrap();
            }
        });
    }
}

/// What comes at once, and is one event, is passed on from one to the next.
#[test]
fn several_at_once() {
    for_both(|| {
        let (one, other) = UnixDatagram::pair().unwrap();
        let other = Arc::new(other);
        let receivers: Vec<_> = (0..WAITERS)
            .map(|_| {
                let other = other.clone();
                start(move || other.recv(&mut [0]).unwrap())
            })
            .collect();
        receivers.iter().for_each(|member| member.until_it_waits());
        let mut left = WAITERS;
        one.set_nonblocking(true).unwrap();
        while left > 0 {
            match one.send(b"x") {
                Ok(_) => left -= 1,
                Err(_) => thread::yield_now(),
            }
        }
        for receiver in receivers {
            assert_eq!(receiver.join(), 1);
        }
    });
}
