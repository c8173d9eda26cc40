//! Peers that are slow, half gone, or gone; and buffers that are full.

use crate::crew::{connection, start};
use sortie::net::{Shutdown, TcpListener, TcpStream, UdpSocket, UnixStream};
use sortie::time::Instant;
use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::Duration;

everywhere!(
    a_writer_that_trickles,
    a_trickle_does_not_move_a_deadline,
    a_reader_that_never_reads,
    each_half_is_closed_by_itself,
    closed_for_reading,
    many_full_buffers,
    a_reset_wakes_a_reader,
    a_reset_wakes_a_writer,
    an_end_concerns_all_who_read,
    a_datagram_that_nobody_wants,
    as_many_as_allowed_wait_to_be_accepted,
);

const SHORT: Duration = Duration::from_millis(10);
const LONG: Duration = Duration::from_secs(3600);

/// Byte by byte. The reader's deadline moves on with each, as one limits silence.
fn a_writer_that_trickles() {
    const BYTES: u32 = 300;
    let (mut one, mut other) = connection();
    let writer = start(move || {
        for i in 0..BYTES {
            one.write_all(&[i as u8]).unwrap();
            // The reader has got it, and is on its way to wait for the next.
            one.read_exact(&mut [0]).unwrap();
        }
    });
    for i in 0..BYTES {
        let mut byte = [0];
        other.set_read_deadline(Some(Instant::now() + LONG));
        other.read_exact(&mut byte).unwrap();
        assert_eq!(byte, [i as u8]);
        other.write_all(&byte).unwrap();
    }
    writer.join();
}

/// A deadline is for the whole, however much arrives meanwhile.
fn a_trickle_does_not_move_a_deadline() {
    let (mut one, mut other) = connection();
    let writer = start(move || {
        let mut written = 0;
        while one.write_all(b"!").is_ok() {
            written += 1;
        }
        written
    });
    let deadline = Instant::now() + SHORT;
    other.set_read_deadline(Some(deadline));
    let mut read = 0;
    let error = loop {
        match other.read(&mut [0]) {
            Ok(count) => read += count,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(Instant::now() >= deadline);
    drop(other);
    assert!(writer.join() >= read);
}

/// The writer gives up in time. What it has written is there when the reader comes to it,
/// and they can go on.
fn a_reader_that_never_reads() {
    let (mut one, mut other) = connection();
    let writer = start(move || {
        let mut written = 0;
        one.set_write_deadline(Some(Instant::now() + SHORT));
        let error = loop {
            match one.write(&[7; 10_000]) {
                Ok(count) => written += count,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        (one, written)
    });
    let (mut one, written) = writer.join();
    assert!(written > 0);
    // Still full, so still too late, at once.
    assert_eq!(one.write(&[8]).unwrap_err().kind(), ErrorKind::TimedOut);
    one.set_write_deadline(None);
    let writer = start(move || one.write_all(&[8; 10_000]));
    let mut data = Vec::new();
    other.read_to_end(&mut data).unwrap();
    writer.join().unwrap();
    let (before, after) = data.split_at(written);
    assert!(before.iter().all(|&byte| byte == 7));
    assert!(after.len() == 10_000 && after.iter().all(|&byte| byte == 8));
}

/// First the one says that it has nothing more to say, later the other; what is said
/// meanwhile arrives, more than buffers hold.
fn each_half_is_closed_by_itself() {
    const BYTES: usize = 4 << 20;
    let (tcp, unix) = (connection(), UnixStream::pair().unwrap());
    let (mut one, mut other) = tcp;
    let first = start(move || {
        one.write_all(b"first").unwrap();
        one.shutdown(Shutdown::Write).unwrap();
        let mut data = Vec::new();
        one.read_to_end(&mut data).unwrap();
        // The end stays the end.
        assert_eq!(one.read(&mut [0]).unwrap(), 0);
        data.len()
    });
    let mut text = String::new();
    other.read_to_string(&mut text).unwrap();
    assert_eq!(text, "first");
    other.write_all(&vec![1; BYTES]).unwrap();
    other.shutdown(Shutdown::Write).unwrap();
    assert_eq!(first.join(), BYTES);
    let (mut one, mut other) = unix;
    let first = start(move || {
        one.shutdown(Shutdown::Write).unwrap();
        io::copy(&mut one, &mut io::sink()).unwrap()
    });
    assert_eq!(other.read(&mut [0]).unwrap(), 0);
    other.write_all(&vec![1; BYTES]).unwrap();
    other.shutdown(Shutdown::Write).unwrap();
    assert_eq!(first.join(), BYTES as u64);
}

/// Who does not want to read any more is at the end, and goes on to write.
fn closed_for_reading() {
    let (one, mut other) = connection();
    let one = Arc::new(one);
    let reads = one.clone();
    let reader = start(move || (&*reads).read(&mut [0]));
    reader.until_it_waits();
    one.shutdown(Shutdown::Read).unwrap();
    assert_eq!(reader.join().unwrap(), 0);
    (&*one).write_all(b"still").unwrap();
    let mut text = [0; 5];
    other.read_exact(&mut text).unwrap();
    assert_eq!(&text, b"still");
}

fn many_full_buffers() {
    const PAIRS: usize = 8;
    const BYTES: usize = 5 << 20;
    let mut readers = Vec::new();
    let writers: Vec<_> = (0..PAIRS)
        .map(|i| {
            let (mut one, other) = connection();
            readers.push(other);
            start(move || one.write_all(&vec![i as u8; BYTES]).unwrap())
        })
        .collect();
    for writer in &writers {
        writer.until_it_waits();
    }
    let readers: Vec<_> = (readers.into_iter().enumerate())
        .map(|(i, mut other)| {
            start(move || {
                let mut data = Vec::new();
                other.read_to_end(&mut data).unwrap();
                assert!(data.len() == BYTES && data.iter().all(|&byte| byte == i as u8));
            })
        })
        .collect();
    for member in writers.into_iter().chain(readers) {
        member.join();
    }
}

/// Ends a connection by a reset, whatever was on its way.
fn reset(stream: TcpStream) {
    stream.set_linger(Some(Duration::ZERO)).unwrap();
    assert_eq!(stream.linger().unwrap(), Some(Duration::ZERO));
    drop(stream);
}

fn a_reset_wakes_a_reader() {
    let (one, other) = connection();
    let one = Arc::new(one);
    let reads = one.clone();
    let reader = start(move || (&*reads).read(&mut [0]).unwrap_err().kind());
    reader.until_it_waits();
    reset(other);
    assert_eq!(reader.join(), ErrorKind::ConnectionReset);
    // The error was told once. From then on there is nothing to read, and nobody to
    // write to.
    assert_eq!((&*one).read(&mut [0]).unwrap(), 0);
    let error = (&*one).write(&[0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}

fn a_reset_wakes_a_writer() {
    let (mut one, other) = connection();
    let writer = start(move || {
        let error = one.write_all(&vec![0; 64 << 20]).unwrap_err().kind();
        (one, error)
    });
    writer.until_it_waits();
    reset(other);
    let (mut one, error) = writer.join();
    assert_eq!(error, ErrorKind::ConnectionReset);
    for _ in 0..2 {
        assert_eq!(one.write(&[0]).unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
    assert_eq!(one.read(&mut [0]).unwrap(), 0);
}

/// One event tells it, for all of them.
fn an_end_concerns_all_who_read() {
    let (one, other) = connection();
    let one = Arc::new(one);
    let readers = [(); 10].map(|()| {
        let one = one.clone();
        start(move || (&*one).read(&mut [0]).unwrap())
    });
    readers.iter().for_each(|reader| reader.until_it_waits());
    drop(other);
    assert!(readers.into_iter().all(|reader| reader.join() == 0));
}

/// The system tells the sender if it is connected.
fn a_datagram_that_nobody_wants() {
    let gone = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = gone.local_addr().unwrap();
    let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap());
    socket.connect(address).unwrap();
    drop(gone);
    let receives = socket.clone();
    let receiver = start(move || receives.recv(&mut [0]).unwrap_err().kind());
    receiver.until_it_waits();
    socket.send(b"anybody?").unwrap();
    assert_eq!(receiver.join(), ErrorKind::ConnectionRefused);
}

/// More than std's 128 can come at once, although nobody accepts.
fn as_many_as_allowed_wait_to_be_accepted() {
    let allowed = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
    let count = allowed.trim().parse::<usize>().unwrap().min(200);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let queued: Vec<_> = (0..count)
        .map(|_| TcpStream::connect_timeout(&address, Duration::from_secs(60)).unwrap())
        .collect();
    for stream in &queued {
        let (_accepted, from) = listener.accept().unwrap();
        assert_eq!(stream.local_addr().unwrap(), from);
    }
}
