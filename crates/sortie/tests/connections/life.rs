//! What is the whole process's: the start of the runtime, a signal, a deadlock.

use crate::program::Case;
use crate::succeeds;
use sortie::net::{ClosedError, TcpListener, TcpStream, UdpSocket, UnixStream};
use std::io::{ErrorKind, IoSlice, Read, Write};
use std::sync::Arc;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "sockets_are_used_before_the_runtime_starts",
        program: before_the_start,
        check: succeeds,
    },
    Case {
        name: "a_wait_of_a_thread_starts_the_runtime",
        program: a_thread_waits_first,
        check: succeeds,
    },
    Case {
        name: "writing_to_nobody_sends_no_signal",
        program: no_signal,
        check: succeeds,
    },
    Case {
        name: "open_sockets_do_not_hide_a_deadlock",
        program: deadlock,
        check: |case| {
            let asleep = "fatal error: all goroutines are asleep - deadlock!";
            case.run().status(2).says(&[asleep]);
        },
    },
];

/// Threads of the runtime's.
fn runs() -> bool {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let names = tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("comm")));
    names.flatten().any(|name| name.starts_with("sortie-"))
}

/// What need not wait does without the runtime; then goroutines use the same sockets.
fn before_the_start() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (mut one, mut other) = UnixStream::pair().unwrap();
    let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
    let own = datagrams.local_addr().unwrap();
    datagrams.send_to(b"early", own).unwrap();
    one.write_all(b"early").unwrap();
    let mut buffer = [0; 5];
    other.read_exact(&mut buffer).unwrap();
    let closed = UnixStream::pair().unwrap().0;
    closed.close().unwrap();
    assert!(ClosedError::is(&closed.close().unwrap_err()));
    assert!(!runs(), "nobody had to wait");

    let echo = sortie::go(move || {
        let mut buffer = [0; 4];
        other.read_exact(&mut buffer).unwrap();
        other.write_all(&buffer).unwrap();
    });
    let datagrams = Arc::new(datagrams);
    let receives = datagrams.clone();
    let receiver = sortie::go(move || {
        let mut buffer = [0; 10];
        let early = receives.recv(&mut buffer).unwrap();
        early + receives.recv(&mut buffer).unwrap()
    });
    one.write_all(b"late").unwrap();
    let mut buffer = [0; 4];
    one.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"late");
    echo.join().unwrap();
    datagrams.send_to(b"late", own).unwrap();
    assert_eq!(receiver.join().unwrap(), 9);
    sortie::run(move || {
        let address = listener.local_addr().unwrap();
        let client = sortie::go(move || TcpStream::connect(address).unwrap());
        listener.accept().unwrap();
        client.join().unwrap();
    });
    assert!(runs());
}

/// Main waits, on a plain thread, before anybody has made a goroutine.
fn a_thread_waits_first() {
    let (mut one, mut other) = UnixStream::pair().unwrap();
    let writer = std::thread::spawn(move || {
        // Whether the reader waits already shows in the runtime's threads.
        while !runs() {
            std::thread::yield_now();
        }
        one.write_all(b"x").unwrap();
    });
    assert_eq!(other.read(&mut [0]).unwrap(), 1);
    writer.join().unwrap();
    let (mut one, mut other) = UnixStream::pair().unwrap();
    let reader = sortie::go(move || other.read(&mut [0]).unwrap());
    one.write_all(b"x").unwrap();
    assert_eq!(reader.join().unwrap(), 1);
}

/// The signal would end the process, since it does what it does by default here.
fn no_signal() {
    // SAFETY: no handler is involved.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let unix = UnixStream::pair().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let tcp = sortie::run(|| {
        let one = TcpStream::connect(address).unwrap();
        one.shutdown(sortie::net::Shutdown::Write).unwrap();
        one
    });
    let (mut unix, other) = unix;
    drop(other);
    let mut tcp = tcp;
    for writer in [&mut unix as &mut dyn Write, &mut tcp] {
        let error = writer.write(b"x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        let parts = [IoSlice::new(b"x"), IoSlice::new(b"y")];
        let error = writer.write_vectored(&parts).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    }
}

/// Go's TestNetpollDeadlock, the other way round: sockets were used and are open, but
/// nobody waits for one.
fn deadlock() {
    sortie::run(|| {
        let (mut one, mut other) = UnixStream::pair().unwrap();
        let reader = sortie::go(move || {
            let _ = other.read(&mut [0]);
            other
        });
        one.write_all(b"x").unwrap();
        let _other = reader.join().unwrap();
        let _listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (_sender, receiver) = sortie::chan::bounded::<()>(0);
        let _ = receiver.recv();
    });
}
