//! Contexts end what waits.

use crate::crew::{connection, start};
use sortie::context::{Context, ContextError};
use sortie::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener};
use std::io::{self, Write};
use std::os::linux::net::SocketAddrExt;
use std::time::Duration;

everywhere!(
    cancelling_ends_what_waits,
    an_ended_context_does_nothing,
    a_deadline_is_a_timeout,
    connecting_ends_with_its_context,
    done_in_time,
);

fn ended<T: std::fmt::Debug>(result: io::Result<T>) -> ContextError {
    let error = result.unwrap_err();
    *error.get_ref().unwrap().downcast_ref().unwrap()
}

fn cancelling_ends_what_waits() {
    let mut operations: Vec<Box<dyn FnOnce(Context) -> ContextError + Send>> = Vec::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    operations.push(Box::new(move |c| ended(listener.accept_ctx(&c))));
    let (one, other) = connection();
    operations.push(Box::new(move |c| {
        let _other = &other;
        ended(one.read_ctx(&mut [0], &c))
    }));
    let (one, other) = connection();
    operations.push(Box::new(move |c| {
        let _other = &other;
        ended(one.write_all_ctx(&vec![0; 64 << 20], &c))
    }));
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    operations.push(Box::new(move |c| {
        assert_eq!(
            ended(socket.recv_from_ctx(&mut [0], &c)),
            ContextError::Canceled
        );
        ended(socket.recv_ctx(&mut [0], &c))
    }));
    let (one, other) = UnixDatagram::pair().unwrap();
    operations.push(Box::new(move |c| {
        let _other = &other;
        ended(one.recv_ctx(&mut [0], &c))
    }));
    for operation in operations {
        let (context, cancel) = Context::background().with_cancel();
        let member = start(move || operation(context));
        member.until_it_waits();
        cancel.cancel();
        assert_eq!(member.join(), ContextError::Canceled);
    }
}

fn an_ended_context_does_nothing() {
    let (context, cancel) = Context::background().with_cancel();
    cancel.cancel();
    let (one, mut other) = connection();
    other.write_all(b"x").unwrap();
    one.peek(&mut [0]).unwrap();
    assert_eq!(
        ended(one.read_ctx(&mut [0], &context)),
        ContextError::Canceled
    );
    assert_eq!(ended(one.write_ctx(&[0], &context)), ContextError::Canceled);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    assert_eq!(
        ended(TcpStream::connect_ctx(address, &context)),
        ContextError::Canceled
    );
}

fn a_deadline_is_a_timeout() {
    let (context, _cancel) = Context::background().with_timeout(Duration::from_millis(5));
    let (one, _other) = connection();
    let error = one.read_ctx(&mut [0], &context).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(ended(Err::<(), _>(error)), ContextError::DeadlineExceeded);
}

/// A listener whose queue is full answers nobody. Go's TestDialCancel.
fn connecting_ends_with_its_context() {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let any: std::net::SocketAddr = "127.0.0.1:0".parse().unwrap();
    socket.bind(&any.into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let mut queued = Vec::new();
    let error = loop {
        let brief = Duration::from_millis(50);
        match TcpStream::connect_timeout(&address, brief) {
            Ok(stream) => queued.push(stream),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    let (context, cancel) = Context::background().with_cancel();
    let member = start(move || ended(TcpStream::connect_ctx(address, &context)));
    member.until_it_waits();
    cancel.cancel();
    assert_eq!(member.join(), ContextError::Canceled);
}

fn done_in_time() {
    let (context, _cancel) = Context::background().with_cancel();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let one = TcpStream::connect_ctx(address, &context).unwrap();
    let (other, _) = listener.accept_ctx(&context).unwrap();
    one.write_all_ctx(b"ping", &context).unwrap();
    let mut buffer = [0; 10];
    assert_eq!(other.read_ctx(&mut buffer, &context).unwrap(), 4);
    let name = format!(
        "sortie-{:?}-{}",
        std::thread::current().id(),
        std::process::id()
    );
    let address =
        <std::os::unix::net::SocketAddr as SocketAddrExt>::from_abstract_name(name).unwrap();
    let listener = UnixListener::bind_addr(&address).unwrap();
    let _one = sortie::net::UnixStream::connect_addr(&address).unwrap();
    listener.accept_ctx(&context).unwrap();
}
