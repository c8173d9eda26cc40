//! Connections do what std's do.

use crate::crew::{connection, start};
use sortie::net::{Shutdown, TcpListener, TcpStream, UnixListener, UnixStream};
use std::io::{self, BufRead, BufReader, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::sync::Arc;
use std::time::Duration;

everywhere!(
    echoes,
    both_directions_at_once,
    large_messages_pass_a_full_buffer,
    vectored,
    peek_leaves_it,
    half_closed,
    reset_is_an_error,
    refused_is_an_error,
    connecting_takes_the_address_that_answers,
    nonblocking_does_not_wait,
    many_acceptors,
    options,
    unix_streams,
    a_clone_outlives_the_original,
    shutdown_wakes_a_reader,
);

fn echoes() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = start(move || {
        for stream in listener.incoming().take(3) {
            let stream = stream.unwrap();
            io::copy(&mut &stream, &mut &stream).unwrap();
        }
    });
    for round in 0..3 {
        let mut client = TcpStream::connect(address).unwrap();
        let mut lines = BufReader::new(client.try_clone().unwrap());
        for line in 0..100 {
            writeln!(client, "line {line} of {round}").unwrap();
            let mut answer = String::new();
            lines.read_line(&mut answer).unwrap();
            assert_eq!(answer, format!("line {line} of {round}\n"));
        }
        client.shutdown(Shutdown::Write).unwrap();
        assert_eq!(lines.read(&mut [0]).unwrap(), 0);
    }
    server.join();
}

/// One goroutine reads while another writes, on both sides.
fn both_directions_at_once() {
    const BYTES: usize = 4 << 20;
    let (one, other) = connection();
    let sides = [one, other].map(Arc::new);
    let mut members = Vec::new();
    for side in &sides {
        let (reader, writer) = (side.clone(), side.clone());
        members.push(start(move || {
            let data: Vec<u8> = (0..BYTES).map(|i| i as u8).collect();
            (&*writer).write_all(&data).unwrap();
        }));
        members.push(start(move || {
            let mut data = vec![0; BYTES];
            (&*reader).read_exact(&mut data).unwrap();
            assert!(data.iter().enumerate().all(|(i, &byte)| byte == i as u8));
        }));
    }
    for member in members {
        member.join();
    }
}

/// The writer waits, since nobody reads yet.
fn large_messages_pass_a_full_buffer() {
    const BYTES: usize = 32 << 20;
    let (mut one, mut other) = connection();
    let writer = start(move || one.write_all(&vec![5; BYTES]));
    writer.until_it_waits();
    let mut data = Vec::new();
    other.read_to_end(&mut data).unwrap();
    assert!(data.len() == BYTES && data.iter().all(|&byte| byte == 5));
    writer.join().unwrap();
}

fn vectored() {
    let (mut one, mut other) = connection();
    let parts = [
        IoSlice::new(b"gather"),
        IoSlice::new(b""),
        IoSlice::new(b"ed"),
    ];
    assert_eq!(one.write_vectored(&parts).unwrap(), 8);
    let (mut first, mut rest) = ([0; 3], [0; 10]);
    let mut parts = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut rest)];
    assert_eq!(other.read_vectored(&mut parts).unwrap(), 8);
    assert_eq!((&first, &rest[..5]), (b"gat", &b"hered"[..]));
    assert_eq!(one.write_vectored(&[]).unwrap(), 0);
    // More parts than the system takes at once.
    let parts = vec![IoSlice::new(b"x"); 2000];
    assert_eq!(one.write_vectored(&parts).unwrap(), 1024);
}

fn peek_leaves_it() {
    let (mut one, mut other) = connection();
    let peeker = start(move || {
        let mut buffer = [0; 10];
        assert_eq!(other.peek(&mut buffer).unwrap(), 3);
        assert_eq!(other.peek(&mut buffer[..1]).unwrap(), 1);
        assert_eq!(other.read(&mut buffer).unwrap(), 3);
        assert_eq!(&buffer[..3], b"abc");
    });
    one.write_all(b"abc").unwrap();
    peeker.join();
}

/// One side has said all, and goes on to listen.
fn half_closed() {
    let (mut one, mut other) = connection();
    let listens = start(move || {
        let mut said = String::new();
        other.read_to_string(&mut said).unwrap();
        other.write_all(said.to_uppercase().as_bytes()).unwrap();
    });
    one.write_all(b"question").unwrap();
    one.shutdown(Shutdown::Write).unwrap();
    assert_eq!(
        one.write(b"more").unwrap_err().kind(),
        ErrorKind::BrokenPipe
    );
    let mut answer = String::new();
    one.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "QUESTION");
    listens.join();
}

/// What is dropped with something unread resets the connection.
fn reset_is_an_error() {
    let (mut one, mut other) = connection();
    one.write_all(b"unread").unwrap();
    other.peek(&mut [0]).unwrap();
    let reader = start(move || one.read(&mut [0]).unwrap_err().kind());
    reader.until_it_waits();
    drop(std::mem::replace(&mut other, connection().0));
    assert_eq!(reader.join(), ErrorKind::ConnectionReset);
}

fn refused_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = TcpStream::connect(address).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let error = TcpStream::connect_timeout(&address, Duration::from_secs(60)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let zero = TcpStream::connect_timeout(&address, Duration::ZERO).unwrap_err();
    assert_eq!(zero.kind(), ErrorKind::InvalidInput);
    let none: [std::net::SocketAddr; 0] = [];
    let error = TcpStream::connect(&none[..]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

fn connecting_takes_the_address_that_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let good = listener.local_addr().unwrap();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap();
    let bad = gone.local_addr().unwrap();
    drop(gone);
    let stream = TcpStream::connect(&[bad, good][..]).unwrap();
    assert_eq!(stream.peer_addr().unwrap(), good);
}

fn nonblocking_does_not_wait() {
    let (mut one, mut other) = connection();
    one.set_nonblocking(true).unwrap();
    assert_eq!(
        one.read(&mut [0]).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
    let clone = one.try_clone().unwrap();
    assert_eq!(
        (&clone).read(&mut [0]).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
    one.set_nonblocking(false).unwrap();
    let reader = start(move || one.read(&mut [0]));
    reader.until_it_waits();
    other.write_all(b"x").unwrap();
    assert_eq!(reader.join().unwrap(), 1);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

/// Go's TestTCPConcurrentAccept: several accept from the same listener, and each
/// connection comes to one of them.
fn many_acceptors() {
    const ACCEPTORS: usize = 8;
    const EACH: usize = 10;
    let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
    let address = listener.local_addr().unwrap();
    let acceptors: Vec<_> = (0..ACCEPTORS)
        .map(|_| {
            let listener = listener.clone();
            start(move || {
                for _ in 0..EACH {
                    let (mut stream, _) = listener.accept().unwrap();
                    stream.write_all(b"!").unwrap();
                }
            })
        })
        .collect();
    let clients: Vec<_> = (0..ACCEPTORS * EACH)
        .map(|_| {
            start(move || {
                let mut text = String::new();
                let mut stream = TcpStream::connect(address).unwrap();
                stream.read_to_string(&mut text).unwrap();
                assert_eq!(text, "!");
            })
        })
        .collect();
    for member in acceptors.into_iter().chain(clients) {
        member.join();
    }
}

fn options() {
    let (one, _other) = connection();
    one.set_nodelay(true).unwrap();
    assert!(one.nodelay().unwrap());
    one.set_ttl(42).unwrap();
    assert_eq!(one.ttl().unwrap(), 42);
    assert!(one.take_error().unwrap().is_none());
    let zero = one.set_read_timeout(Some(Duration::ZERO)).unwrap_err();
    assert_eq!(zero.kind(), ErrorKind::InvalidInput);
    let minute = Some(Duration::from_secs(60));
    one.set_read_timeout(minute).unwrap();
    assert_eq!(one.read_timeout().unwrap(), minute);
    assert_eq!(one.write_timeout().unwrap(), None);
    assert_eq!(one.try_clone().unwrap().read_timeout().unwrap(), minute);
    assert!(format!("{one:?}").contains("127.0.0.1"));
}

fn unix_streams() {
    let folder = std::env::temp_dir().join(format!("sortie-net-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{:?}", std::thread::current().id()));
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    assert_eq!(listener.local_addr().unwrap().as_pathname(), Some(&*path));
    let server = start(move || {
        let stream = (&listener).into_iter().next().unwrap().unwrap();
        io::copy(&mut &stream, &mut &stream).unwrap()
    });
    let mut client = UnixStream::connect(&path).unwrap();
    client.write_all(b"hello").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "hello");
    assert_eq!(server.join(), 5);
    std::fs::remove_file(&path).unwrap();
    let (one, mut other) = UnixStream::pair().unwrap();
    drop(one);
    assert_eq!(other.read(&mut [0]).unwrap(), 0);
}

/// What is dropped while a clone waits is of no concern to the clone.
fn a_clone_outlives_the_original() {
    let (mut one, other) = connection();
    let mut clone = other.try_clone().unwrap();
    let reader = start(move || {
        let mut buffer = [0; 5];
        clone.read_exact(&mut buffer).map(|()| buffer)
    });
    reader.until_it_waits();
    other
        .set_read_timeout(Some(Duration::from_millis(1)))
        .unwrap();
    assert_eq!(
        (&other).read(&mut [0]).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
    drop(other);
    one.write_all(b"still").unwrap();
    assert_eq!(&reader.join().unwrap(), b"still");
}

fn shutdown_wakes_a_reader() {
    let (one, _other) = connection();
    let one = Arc::new(one);
    let reads = one.clone();
    let reader = start(move || (&*reads).read(&mut [0]));
    reader.until_it_waits();
    one.shutdown(Shutdown::Both).unwrap();
    assert_eq!(reader.join().unwrap(), 0);
}
