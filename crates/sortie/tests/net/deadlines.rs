//! Deadlines and time-outs.

use crate::crew::{connection, start};
use sortie::net::{TcpListener, UdpSocket};
use sortie::time::Instant;
use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::Duration;

everywhere!(
    a_past_deadline_ends_everything,
    no_deadline_opens_again,
    a_deadline_wakes_who_waits_already,
    a_later_deadline_lets_him_wait_on,
    reading_and_writing_have_their_own,
    a_timeout_is_for_each_call,
    listeners_have_deadlines,
    datagrams_have_timeouts,
);

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(5);

fn a_past_deadline_ends_everything() {
    let (mut one, mut other) = connection();
    other.write_all(b"there").unwrap();
    one.peek(&mut [0]).unwrap();
    one.set_deadline(Some(Instant::now() - LONG));
    assert_eq!(one.read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(one.write(&[0]).unwrap_err().kind(), ErrorKind::TimedOut);
}

fn no_deadline_opens_again() {
    let (mut one, mut other) = connection();
    one.set_read_deadline(Some(Instant::now()));
    assert_eq!(one.read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
    one.set_read_deadline(None);
    other.write_all(b"x").unwrap();
    assert_eq!(one.read(&mut [0]).unwrap(), 1);
}

/// Go's TestReadTimeoutUnblocksRead.
fn a_deadline_wakes_who_waits_already() {
    let (one, _other) = connection();
    let one = Arc::new(one);
    let reads = one.clone();
    let reader = start(move || (&*reads).read(&mut [0]).unwrap_err().kind());
    reader.until_it_waits();
    one.set_read_deadline(Some(Instant::now() + SHORT));
    assert_eq!(reader.join(), ErrorKind::TimedOut);
    let reads = one.clone();
    one.set_read_deadline(None);
    let reader = start(move || (&*reads).read(&mut [0]).unwrap_err().kind());
    reader.until_it_waits();
    one.set_read_deadline(Some(Instant::now() - SHORT));
    assert_eq!(reader.join(), ErrorKind::TimedOut);
}

fn a_later_deadline_lets_him_wait_on() {
    let (one, mut other) = connection();
    let one = Arc::new(one);
    one.set_deadline(Some(Instant::now() + LONG));
    let reads = one.clone();
    let reader = start(move || (&*reads).read(&mut [0]));
    reader.until_it_waits();
    for _ in 0..100 {
        one.set_deadline(Some(Instant::now() + LONG));
    }
    one.set_deadline(None);
    other.write_all(b"x").unwrap();
    assert_eq!(reader.join().unwrap(), 1);
}

fn reading_and_writing_have_their_own() {
    let (mut one, _other) = connection();
    one.set_read_deadline(Some(Instant::now()));
    assert_eq!(one.write(&[0]).unwrap(), 1);
    one.set_read_deadline(None);
    one.set_write_deadline(Some(Instant::now() + SHORT));
    let error = one.write_all(&vec![0; 64 << 20]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

fn a_timeout_is_for_each_call() {
    let (mut one, mut other) = connection();
    one.set_read_timeout(Some(SHORT)).unwrap();
    for _ in 0..3 {
        let start = Instant::now();
        assert_eq!(
            one.read(&mut [0]).unwrap_err().kind(),
            ErrorKind::WouldBlock
        );
        assert!(start.elapsed() >= SHORT);
    }
    other.write_all(b"x").unwrap();
    one.set_read_timeout(Some(LONG)).unwrap();
    assert_eq!(one.read(&mut [0]).unwrap(), 1);
    one.set_write_timeout(Some(SHORT)).unwrap();
    let error = one.write_all(&vec![0; 64 << 20]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
}

fn listeners_have_deadlines() {
    let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
    listener.set_deadline(Some(Instant::now() + SHORT));
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::TimedOut);
    listener.set_deadline(None);
    let accepts = listener.clone();
    let acceptor = start(move || accepts.accept().unwrap_err().kind());
    acceptor.until_it_waits();
    listener.set_deadline(Some(Instant::now()));
    assert_eq!(acceptor.join(), ErrorKind::TimedOut);
}

fn datagrams_have_timeouts() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(SHORT)).unwrap();
    let error = socket.recv(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    socket.set_read_deadline(Some(Instant::now() + SHORT));
    socket.set_read_timeout(None).unwrap();
    let error = socket.recv_from(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}
