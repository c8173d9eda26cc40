//! Plain threads wait like goroutines, whoever else runs.

use crate::crew::connection;
use crate::procs::Procs;
use sortie::net::{TcpListener, TcpStream};
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// All processors compute, and never come by the runtime.
#[test]
fn a_thread_waits_while_all_processors_are_busy() {
    static STOP: AtomicBool = AtomicBool::new(false);
    let _procs = Procs::set(2);
    let hogs = [(); 4].map(|()| {
        sortie::go(|| {
            while !STOP.load(Ordering::Relaxed) {
                std::hint::spin_loop();
            }
        })
    });
    let (mut one, mut other) = connection();
    let thread = thread::spawn(move || {
        for _ in 0..10 {
            let mut byte = [0];
            other.read_exact(&mut byte).unwrap();
            other.write_all(&byte).unwrap();
        }
    });
    for i in 0..10 {
        one.write_all(&[i]).unwrap();
        let mut byte = [0];
        one.read_exact(&mut byte).unwrap();
        assert_eq!(byte, [i]);
    }
    thread.join().unwrap();
    STOP.store(true, Ordering::Relaxed);
    for hog in hogs {
        hog.join().unwrap();
    }
}

/// A thread and a goroutine at the two ends.
#[test]
fn threads_and_goroutines_talk() {
    for procs in [1, 2, 8] {
        let _procs = Procs::set(procs);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let goroutine = sortie::go(move || {
            let (mut stream, _) = listener.accept().unwrap();
            for i in 0..1_000u32 {
                let mut number = [0; 4];
                stream.read_exact(&mut number).unwrap();
                assert_eq!(u32::from_le_bytes(number), i);
                stream.write_all(&number).unwrap();
            }
        });
        let mut stream = TcpStream::connect(address).unwrap();
        for i in 0..1_000u32 {
            stream.write_all(&i.to_le_bytes()).unwrap();
            let mut number = [0; 4];
            stream.read_exact(&mut number).unwrap();
            assert_eq!(u32::from_le_bytes(number), i);
        }
        goroutine.join().unwrap();
    }
}

/// The machine that watched the network went to work, and computes. Another processor is
/// idle, so what comes next is served there, while the first still computes.
#[test]
fn computing_does_not_keep_the_network_waiting() {
    static SERVED: AtomicU32 = AtomicU32::new(0);
    const ROUNDS: u32 = 20;
    let _procs = Procs::set(2);
    let mut longest = Duration::ZERO;
    let (mut one, mut computes) = connection();
    let (mut other, mut serves) = connection();
    // It tells twice, and is not to wait for the first to be acknowledged.
    computes.set_nodelay(true).unwrap();
    let computer = sortie::go(move || {
        let mut byte = [0];
        while computes.read(&mut byte).unwrap() == 1 {
            computes.write_all(&byte).unwrap();
            // Not before the other has been served.
            while SERVED.load(Ordering::Acquire) <= u32::from(byte[0]) {
                std::hint::spin_loop();
            }
            computes.write_all(&byte).unwrap();
        }
    });
    let server = sortie::go(move || {
        while serves.read(&mut [0]).unwrap() == 1 {
            SERVED.fetch_add(1, Ordering::AcqRel);
        }
    });
    for round in 0..ROUNDS as u8 {
        let mut byte = [0];
        one.write_all(&[round]).unwrap();
        one.read_exact(&mut byte).unwrap();
        // It computes.
        let start = Instant::now();
        other.write_all(&[round]).unwrap();
        one.read_exact(&mut byte).unwrap();
        longest = longest.max(start.elapsed());
    }
    println!("served after {longest:.1?} at the latest");
    drop((one, other));
    computer.join().unwrap();
    server.join().unwrap();
}
