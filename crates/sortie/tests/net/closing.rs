//! Closing wakes whoever waits, and ends all use.

use crate::crew::{connection, start};
use sortie::net::{ClosedError, TcpListener, TcpStream, UdpSocket, UnixDatagram};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr;
use std::sync::Arc;

everywhere!(
    closing_wakes_all_readers,
    closing_wakes_a_writer,
    closing_wakes_an_acceptor,
    closing_wakes_who_waits_for_datagrams,
    closed_stays_closed,
    closing_tells_the_other_side,
    closing_frees_the_port,
    a_borrowed_descriptor_stays_valid,
    what_is_closed_cannot_be_connected,
    clones_stay_open,
);

fn is_closed<T: std::fmt::Debug>(result: io::Result<T>) -> bool {
    ClosedError::is(&result.unwrap_err())
}

fn closing_wakes_all_readers() {
    let (one, _other) = connection();
    let one = Arc::new(one);
    let readers = [(); 3].map(|()| {
        let one = one.clone();
        start(move || is_closed((&*one).read(&mut [0])))
    });
    readers.iter().for_each(|reader| reader.until_it_waits());
    one.close().unwrap();
    assert!(readers.into_iter().all(|reader| reader.join()));
}

fn closing_wakes_a_writer() {
    let (one, _other) = connection();
    let one = Arc::new(one);
    let writes = one.clone();
    let writer = start(move || is_closed((&*writes).write_all(&vec![0; 64 << 20])));
    writer.until_it_waits();
    one.close().unwrap();
    assert!(writer.join());
}

fn closing_wakes_an_acceptor() {
    let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
    let accepts = listener.clone();
    let acceptor = start(move || is_closed(accepts.accept()));
    acceptor.until_it_waits();
    listener.close().unwrap();
    assert!(acceptor.join());
}

/// Go's TestUDPReadWrite… and CloseUnblocksReadUDP: no shutdown would wake this.
fn closing_wakes_who_waits_for_datagrams() {
    let socket = Arc::new(UdpSocket::bind("127.0.0.1:0").unwrap());
    let receives = socket.clone();
    let receiver = start(move || is_closed(receives.recv_from(&mut [0])));
    receiver.until_it_waits();
    socket.close().unwrap();
    assert!(receiver.join());
    let (one, _other) = UnixDatagram::pair().unwrap();
    let one = Arc::new(one);
    let receives = one.clone();
    let receiver = start(move || is_closed(receives.recv(&mut [0])));
    receiver.until_it_waits();
    one.close().unwrap();
    assert!(receiver.join());
}

fn closed_stays_closed() {
    let (one, _other) = connection();
    one.close().unwrap();
    assert!(is_closed(one.close()));
    assert!(is_closed(one.try_clone()));
    assert!(is_closed((&one).read(&mut [0])));
    assert!(is_closed((&one).write(&[0])));
    one.set_deadline(None);
    assert!(is_closed((&one).read(&mut [0])));
    one.set_nonblocking(true).unwrap_err();
    assert!(is_closed((&one).read(&mut [0])));
    let error = one.close().unwrap_err();
    assert_eq!(error.to_string(), "use of a closed network connection");
}

fn closing_tells_the_other_side() {
    let (one, mut other) = connection();
    let reader = start(move || other.read(&mut [0]));
    reader.until_it_waits();
    one.close().unwrap();
    assert_eq!(reader.join().unwrap(), 0);
}

fn closing_frees_the_port() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.close().unwrap();
    TcpStream::connect(address).unwrap_err();
    TcpListener::bind(address).unwrap();
}

/// Nobody can get the number of a closed descriptor while the socket is there.
fn a_borrowed_descriptor_stays_valid() {
    let (one, _other) = connection();
    let borrowed = one.as_fd();
    one.close().unwrap();
    let (new, _end) = connection();
    assert_ne!(new.as_raw_fd(), borrowed.as_raw_fd());
    borrowed.try_clone_to_owned().unwrap();
}

/// All that are closed have one dead descriptor in common, which stays dead.
fn what_is_closed_cannot_be_connected() {
    let name = format!(
        "sortie-c-{:?}-{}",
        std::thread::current().id(),
        std::process::id()
    );
    let address = SocketAddr::from_abstract_name(name).unwrap();
    let _listener = std::os::unix::net::UnixListener::bind_addr(&address).unwrap();
    let (stream, _other) = connection();
    stream.close().unwrap();
    let datagrams = UnixDatagram::unbound().unwrap();
    datagrams.close().unwrap();
    datagrams.connect_addr(&address).unwrap_err();
    let stream = std::net::TcpStream::from(stream);
    let error = (&stream).read(&mut [0]).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EBADF));
}

/// A process without a free descriptor can close, too. It is another one, to have its own
/// limit.
#[test]
fn closing_needs_no_descriptor() {
    const VARIABLE: &str = "SORTIE_TEST_NO_DESCRIPTOR";
    const NAME: &str = "closing::closing_needs_no_descriptor";
    if std::env::var_os(VARIABLE).is_none() {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args([NAME, "--exact", "--nocapture", "--test-threads=1"])
            .env(VARIABLE, "1")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && text.contains("1 passed"),
            "{text}\n{errors}"
        );
        return;
    }
    let limit = libc::rlimit {
        rlim_cur: 64,
        rlim_max: 64,
    };
    // SAFETY: limits this process.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
    let one = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut others = Vec::new();
    let error = loop {
        match UdpSocket::bind("127.0.0.1:0") {
            Ok(other) => others.push(other),
            Err(error) => break error,
        }
    };
    assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
    one.close().unwrap();
    assert!(is_closed(one.recv(&mut [0])));
}

fn clones_stay_open() {
    let (mut one, other) = connection();
    let mut clone = other.try_clone().unwrap();
    let reader = start(move || {
        let mut buffer = [0; 2];
        clone.read_exact(&mut buffer).map(|()| buffer)
    });
    reader.until_it_waits();
    other.close().unwrap();
    drop(other);
    one.write_all(b"ok").unwrap();
    assert_eq!(&reader.join().unwrap(), b"ok");
}
