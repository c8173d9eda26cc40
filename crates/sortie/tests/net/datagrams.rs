//! Datagrams do what std's do.

use crate::crew::start;
use sortie::net::{ClosedError, Shutdown, UdpSocket, UnixDatagram};
use std::io::ErrorKind;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr as UnixAddr;
use std::sync::Arc;
use std::time::Duration;

everywhere!(
    there_and_back,
    connected,
    peeking,
    within_the_machine,
    the_sender_has_his_name,
    shutdown_ends_receiving,
    shutdown_ends_receiving_over_udp,
    a_deadline_ends_sending,
    closing_ends_sending,
    others_make_room,
    to_a_full_socket,
    shutdown_wakes_all_who_receive,
    options,
);

fn there_and_back() {
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let echo = start(move || {
        for _ in 0..100 {
            let mut buffer = [0; 100];
            let (count, from) = server.recv_from(&mut buffer).unwrap();
            server.send_to(&buffer[..count], from).unwrap();
        }
    });
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    for i in 0..100u8 {
        client.send_to(&vec![i; usize::from(i)], address).unwrap();
        let mut buffer = [0; 100];
        let (count, from) = client.recv_from(&mut buffer).unwrap();
        assert_eq!((count, from), (usize::from(i), address));
    }
    echo.join();
}

fn connected() {
    let (one, other) = (
        UdpSocket::bind("127.0.0.1:0").unwrap(),
        UdpSocket::bind("127.0.0.1:0").unwrap(),
    );
    one.connect(other.local_addr().unwrap()).unwrap();
    other.connect(one.local_addr().unwrap()).unwrap();
    assert_eq!(one.peer_addr().unwrap(), other.local_addr().unwrap());
    let receiver = start(move || other.recv(&mut [0; 10]).unwrap());
    receiver.until_it_waits();
    one.send(b"four").unwrap();
    assert_eq!(receiver.join(), 4);
}

fn peeking() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let own = socket.local_addr().unwrap();
    socket.send_to(b"self", own).unwrap();
    let mut buffer = [0; 10];
    assert_eq!(socket.peek_from(&mut buffer).unwrap(), (4, own));
    assert_eq!(socket.peek(&mut buffer).unwrap(), 4);
    assert_eq!(socket.recv_from(&mut buffer).unwrap(), (4, own));
}

fn within_the_machine() {
    let (one, other) = UnixDatagram::pair().unwrap();
    let echo = start(move || {
        let mut buffer = [0; 100];
        let (count, from) = other.recv_from(&mut buffer).unwrap();
        assert!(from.is_unnamed());
        other.send(&buffer[..count]).unwrap();
    });
    one.send(b"hello").unwrap();
    assert_eq!(one.recv(&mut [0; 100]).unwrap(), 5);
    echo.join();
    let name = format!(
        "sortie-d-{:?}-{}",
        std::thread::current().id(),
        std::process::id()
    );
    let address =
        <std::os::unix::net::SocketAddr as SocketAddrExt>::from_abstract_name(name).unwrap();
    let named = UnixDatagram::bind_addr(&address).unwrap();
    let loose = UnixDatagram::unbound().unwrap();
    loose.send_to_addr(b"abc", &address).unwrap();
    assert_eq!(named.recv(&mut [0; 10]).unwrap(), 3);
}

fn name(of: &str) -> UnixAddr {
    let thread = std::thread::current().id();
    let name = format!("sortie-{of}-{thread:?}-{}", std::process::id());
    UnixAddr::from_abstract_name(name).unwrap()
}

fn the_sender_has_his_name() {
    let address = name("name");
    let socket = UnixDatagram::bind_addr(&address).unwrap();
    socket.send_to_addr(b"self", &address).unwrap();
    let (count, from) = socket.recv_from(&mut [0; 10]).unwrap();
    assert_eq!(count, 4);
    assert_eq!(from.as_abstract_name(), address.as_abstract_name());
    socket.send_to_addr(b"again", &from).unwrap();
    assert_eq!(socket.recv(&mut [0; 10]).unwrap(), 5);
}

/// Who waits for datagrams is told that none will come, as std tells it, and so is who comes
/// later.
fn shutdown_ends_receiving() {
    let (one, other) = UnixDatagram::pair().unwrap();
    let one = Arc::new(one);
    for _ in 0..2 {
        let receives = one.clone();
        let receiver = start(move || receives.recv(&mut [0; 10]));
        receiver.until_it_waits();
        other.send(b"still").unwrap();
        assert_eq!(receiver.join().unwrap(), 5);
    }
    let receives = one.clone();
    let receiver = start(move || receives.recv_from(&mut [0; 10]));
    receiver.until_it_waits();
    one.try_clone().unwrap().shutdown(Shutdown::Read).unwrap();
    let (count, from) = receiver.join().unwrap();
    assert!(count == 0 && from.is_unnamed());
    assert_eq!(one.recv(&mut [0; 10]).unwrap(), 0);
    one.set_nonblocking(true).unwrap();
    let error = one.recv(&mut [0; 10]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
}

fn shutdown_ends_receiving_over_udp() {
    let one = Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap());
    one.connect(one.local_addr().unwrap()).unwrap();
    let receives = one.clone();
    let receiver = start(move || receives.recv(&mut [0; 10]));
    receiver.until_it_waits();
    one.shutdown(Shutdown::Read).unwrap();
    assert_eq!(receiver.join().unwrap(), 0);
    assert_eq!(one.peek(&mut [0; 10]).unwrap(), 0);
    let error = one.recv_from(&mut [0; 10]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
}

/// A receiver whose queue is full, and one who sends to it without being connected.
fn full() -> (UnixDatagram, Arc<UnixDatagram>, UnixAddr) {
    let address = name("full");
    let receiver = UnixDatagram::bind_addr(&address).unwrap();
    let others = UnixDatagram::unbound().unwrap();
    others.set_nonblocking(true).unwrap();
    let error = loop {
        if let Err(error) = others.send_to_addr(b"full", &address) {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    let sender = Arc::new(UnixDatagram::unbound().unwrap());
    (receiver, sender, address)
}

fn a_deadline_ends_sending() {
    let (_receiver, sender, address) = full();
    let sends = sender.clone();
    let to = address.clone();
    let waits = start(move || sends.send_to_addr(b"more", &to));
    waits.until_it_waits();
    sender.set_write_deadline(Some(sortie::time::Instant::now()));
    assert_eq!(waits.join().unwrap_err().kind(), ErrorKind::TimedOut);
    sender.set_write_deadline(None);
    let millisecond = Some(Duration::from_millis(1));
    sender.set_write_timeout(millisecond).unwrap();
    let error = sender.send_to_addr(b"more", &address).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
}

fn closing_ends_sending() {
    let (_receiver, sender, address) = full();
    let sends = sender.clone();
    let waits = start(move || sends.send_to_addr(b"more", &address));
    waits.until_it_waits();
    sender.close().unwrap();
    assert!(ClosedError::is(&waits.join().unwrap_err()));
}

/// Of what others have sent that is received, no event tells who waits.
fn others_make_room() {
    let (receiver, sender, address) = full();
    let waits = start(move || sender.send_to_addr(b"one more", &address));
    waits.until_it_waits();
    while receiver.recv(&mut [0; 10]).unwrap() == 4 {}
    assert_eq!(waits.join().unwrap(), 8);
}

/// The receiver's queue is full: the sender waits.
fn to_a_full_socket() {
    const COUNT: usize = 2_000;
    let (one, other) = UnixDatagram::pair().unwrap();
    let sender = start(move || {
        for _ in 0..COUNT {
            assert_eq!(one.send(&[7; 1000]).unwrap(), 1000);
        }
    });
    sender.until_it_waits();
    for _ in 0..COUNT {
        assert_eq!(other.recv(&mut [0; 2000]).unwrap(), 1000);
    }
    sender.join();
}

/// As in std, whose calls return without a datagram then.
fn shutdown_wakes_all_who_receive() {
    const RECEIVERS: usize = 5;
    let (one, _other) = UnixDatagram::pair().unwrap();
    let unix = Arc::new(one);
    let udp = Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap());
    udp.connect(udp.local_addr().unwrap()).unwrap();
    let mut receivers = Vec::new();
    for _ in 0..RECEIVERS {
        let (unix, udp) = (unix.clone(), udp.clone());
        receivers.push(start(move || unix.recv(&mut [0]).unwrap()));
        receivers.push(start(move || udp.recv(&mut [0]).unwrap()));
    }
    receivers.iter().for_each(|member| member.until_it_waits());
    unix.shutdown(Shutdown::Both).unwrap();
    udp.shutdown(Shutdown::Both).unwrap();
    assert!(receivers.into_iter().all(|member| member.join() == 0));
    let (count, from) = unix.recv_from(&mut [0]).unwrap();
    assert!(count == 0 && from.is_unnamed());
    assert_eq!(unix.peek(&mut [0]).unwrap(), 0);
    unix.set_nonblocking(true).unwrap();
    let error = unix.recv(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

fn options() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_broadcast(true).unwrap();
    assert!(socket.broadcast().unwrap());
    socket.set_multicast_ttl_v4(3).unwrap();
    assert_eq!(socket.multicast_ttl_v4().unwrap(), 3);
}
