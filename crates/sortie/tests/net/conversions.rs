//! To std's types, and from them.

use crate::crew::connection;
use sortie::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::time::Duration;

everywhere!(
    there_and_back,
    std_waits_again,
    timeouts_come_along,
    no_timeout_comes_along,
    by_number,
    files_are_refused,
);

fn there_and_back() {
    let (one, mut other) = connection();
    let mut one = std::net::TcpStream::from(one);
    other.write_all(b"std").unwrap();
    let mut buffer = [0; 3];
    one.read_exact(&mut buffer).unwrap();
    let mut one = TcpStream::from(one);
    one.write_all(&buffer).unwrap();
    other.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"std");
}

/// std's accept waits, though ours had made the descriptor non-blocking.
fn std_waits_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let listener = std::net::TcpListener::from(listener);
    let acceptor = std::thread::spawn(move || listener.accept().map(drop));
    TcpStream::connect(address).unwrap();
    acceptor.join().unwrap().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let listener = std::net::TcpListener::from(listener);
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    let listener = TcpListener::from(listener);
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

fn timeouts_come_along() {
    let second = Some(Duration::from_secs(1));
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(second).unwrap();
    let socket = UdpSocket::from(socket);
    assert_eq!(socket.read_timeout().unwrap(), second);
    socket.set_write_timeout(second).unwrap();
    let socket = std::net::UdpSocket::from(socket);
    assert_eq!(socket.write_timeout().unwrap(), second);
}

fn no_timeout_comes_along() {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let second = Some(Duration::from_secs(1));
    socket.set_read_timeout(second).unwrap();
    socket.set_write_timeout(second).unwrap();
    let socket = UdpSocket::from(socket);
    socket.set_read_timeout(None).unwrap();
    socket.set_write_timeout(None).unwrap();
    let socket = std::net::UdpSocket::from(socket);
    assert_eq!(socket.read_timeout().unwrap(), None);
    assert_eq!(socket.write_timeout().unwrap(), None);
}

/// What std's types can do: pass a border behind which panics are caught.
#[test]
fn they_are_unwind_safe() {
    fn is<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    is::<TcpListener>();
    is::<TcpStream>();
    is::<UdpSocket>();
    is::<sortie::net::UnixListener>();
    is::<UnixStream>();
    is::<sortie::net::UnixDatagram>();
}

fn by_number() {
    let (one, mut other) = UnixStream::pair().unwrap();
    let number = one.into_raw_fd();
    // SAFETY: it was just given away.
    let one = unsafe { UnixStream::from_raw_fd(number) };
    assert_eq!(one.as_raw_fd(), number);
    let owned = OwnedFd::from(one);
    let mut one = UnixStream::from(owned);
    one.write_all(b"x").unwrap();
    assert_eq!(other.read(&mut [0]).unwrap(), 1);
}

/// What is no socket says so.
fn files_are_refused() {
    let file = OwnedFd::from(std::fs::File::open("/proc/version").unwrap());
    let mut stream = TcpStream::from(file);
    let error = stream.read(&mut [0]).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENOTSOCK));
}
