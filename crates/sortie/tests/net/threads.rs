//! Plain threads wait like goroutines, whoever else runs.

use crate::crew::connection;
use crate::procs::Procs;
use sortie::net::{TcpListener, TcpStream};
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

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
