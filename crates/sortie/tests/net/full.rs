//! Unix sockets that have no room for who comes: the system tells nobody when there is
//! some, so who comes tries again.

use crate::crew::{Member, start};
use sortie::context::{Context, ContextError};
use sortie::net::{ClosedError, UnixDatagram, UnixListener, UnixStream};
use sortie::time::Instant;
use std::io::{self, ErrorKind, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

everywhere!(
    connecting_waits_to_be_queued,
    many_connect_to_a_short_queue,
    connecting_ends_with_the_listener,
    connecting_ends_with_its_context,
    sending_waits_for_room,
    sending_ends_in_time,
    sending_ends_when_the_socket_is_closed,
    sending_ends_with_its_context,
);

const SHORT: Duration = Duration::from_millis(5);

/// An abstract name that nobody has yet.
fn name() -> SocketAddr {
    static NAMES: AtomicUsize = AtomicUsize::new(0);
    let number = NAMES.fetch_add(1, Ordering::Relaxed);
    let name = format!("sortie-full-{}-{number}", std::process::id());
    SocketAddr::from_abstract_name(name).unwrap()
}

/// A listener whose queue is full, and those in it.
fn full() -> (SocketAddr, UnixListener, Vec<socket2::Socket>) {
    let address = name();
    let listener = UnixListener::bind_addr(&address).unwrap();
    socket2::SockRef::from(&listener).listen(1).unwrap();
    let path = [b"\0", address.as_abstract_name().unwrap()].concat();
    let path = socket2::SockAddr::unix(std::str::from_utf8(&path).unwrap()).unwrap();
    let mut queued = Vec::new();
    loop {
        let socket =
            socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        match socket.connect(&path) {
            Ok(()) => queued.push(socket),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return (address, listener, queued);
            }
        }
    }
}

fn ended<T: std::fmt::Debug>(result: io::Result<T>) -> ContextError {
    let error = result.unwrap_err();
    *error.get_ref().unwrap().downcast_ref().unwrap()
}

fn connecting_waits_to_be_queued() {
    let (address, listener, queued) = full();
    let connects = start(move || UnixStream::connect_addr(&address));
    connects.until_it_waits();
    for _ in 0..=queued.len() {
        listener.accept().unwrap();
    }
    connects.join().unwrap().write_all(b"x").unwrap_err();
}

fn many_connect_to_a_short_queue() {
    const COUNT: usize = 50;
    let (address, listener, queued) = full();
    let members: Vec<Member<()>> = (0..COUNT)
        .map(|_| {
            let address = address.clone();
            start(move || drop(UnixStream::connect_addr(&address).unwrap()))
        })
        .collect();
    for stream in listener.incoming().take(queued.len() + COUNT) {
        stream.unwrap();
    }
    for member in members {
        member.join();
    }
}

fn connecting_ends_with_the_listener() {
    let (address, listener, _queued) = full();
    let connects = start(move || UnixStream::connect_addr(&address).unwrap_err().kind());
    connects.until_it_waits();
    listener.close().unwrap();
    assert_eq!(connects.join(), ErrorKind::ConnectionRefused);
}

fn connecting_ends_with_its_context() {
    let (address, _listener, _queued) = full();
    let (context, cancel) = Context::background().with_cancel();
    let connects = start(move || ended(UnixStream::connect_addr_ctx(&address, &context)));
    connects.until_it_waits();
    cancel.cancel();
    assert_eq!(connects.join(), ContextError::Canceled);
    let ended = ended(UnixStream::connect_ctx("/nowhere", &{
        let (context, cancel) = Context::background().with_cancel();
        cancel.cancel();
        context
    }));
    assert_eq!(ended, ContextError::Canceled);
}

/// A socket that has no room, and how many datagrams are in it.
fn crammed() -> (SocketAddr, UnixDatagram, usize) {
    let address = name();
    let socket = UnixDatagram::bind_addr(&address).unwrap();
    let crams = UnixDatagram::unbound().unwrap();
    crams.set_nonblocking(true).unwrap();
    let mut count = 0;
    loop {
        match crams.send_to_addr(b"full", &address) {
            Ok(_) => count += 1,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                return (address, socket, count);
            }
        }
    }
}

fn sending_waits_for_room() {
    const COUNT: usize = 100;
    let (address, socket, before) = crammed();
    let sends = start(move || {
        let sender = UnixDatagram::unbound().unwrap();
        for _ in 0..COUNT {
            sender.send_to_addr(b"more", &address).unwrap();
        }
    });
    sends.until_it_waits();
    let mut buffer = [0; 10];
    assert_eq!(socket.peek(&mut buffer).unwrap(), 4);
    assert_eq!(socket.peek_from(&mut buffer).unwrap().0, 4);
    for _ in 0..before {
        assert_eq!(socket.recv(&mut buffer).unwrap(), 4);
        assert_eq!(&buffer[..4], b"full");
    }
    for _ in 0..COUNT {
        socket.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..4], b"more");
    }
    sends.join();
}

fn sending_ends_in_time() {
    let (address, _socket, _) = crammed();
    let sender = Arc::new(UnixDatagram::unbound().unwrap());
    sender.set_write_timeout(Some(SHORT)).unwrap();
    let start_time = Instant::now();
    let error = sender.send_to_addr(b"late", &address).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    assert!(start_time.elapsed() >= SHORT);
    sender.set_write_timeout(None).unwrap();
    sender.set_write_deadline(Some(Instant::now() + SHORT));
    let error = sender.send_to_addr(b"late", &address).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    sender.set_write_deadline(None);
    let sends = sender.clone();
    let member = start(move || sends.send_to_addr(b"late", &address).unwrap_err().kind());
    member.until_it_waits();
    sender.set_write_deadline(Some(Instant::now()));
    assert_eq!(member.join(), ErrorKind::TimedOut);
}

fn sending_ends_when_the_socket_is_closed() {
    let (address, socket, _) = crammed();
    let sender = Arc::new(UnixDatagram::unbound().unwrap());
    let (sends, to) = (sender.clone(), address.clone());
    let member = start(move || ClosedError::is(&sends.send_to_addr(b"x", &to).unwrap_err()));
    member.until_it_waits();
    sender.close().unwrap();
    assert!(member.join());
    // The other side's end is an end, too.
    let member = start(move || {
        let sender = UnixDatagram::unbound().unwrap();
        sender.send_to_addr(b"x", &address).unwrap_err().kind()
    });
    member.until_it_waits();
    drop(socket);
    assert_eq!(member.join(), ErrorKind::ConnectionRefused);
}

fn sending_ends_with_its_context() {
    let (address, socket, _) = crammed();
    let to = address.clone();
    let (context, cancel) = Context::background().with_cancel();
    let member = start(move || {
        let sender = UnixDatagram::unbound().unwrap();
        ended(sender.send_to_addr_ctx(b"x", &to, &context))
    });
    member.until_it_waits();
    cancel.cancel();
    assert_eq!(member.join(), ContextError::Canceled);
    // Connected, events tell.
    let sender = UnixDatagram::unbound().unwrap();
    sender.connect_addr(&address).unwrap();
    let (context, cancel) = Context::background().with_cancel();
    let member = start(move || ended(sender.send_ctx(b"x", &context)));
    member.until_it_waits();
    cancel.cancel();
    assert_eq!(member.join(), ContextError::Canceled);
    drop(socket);
}
