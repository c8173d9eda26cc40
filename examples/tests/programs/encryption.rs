//! rustls over goroutines' sockets.

#[path = "../../tls.rs"]
mod tls;

use crate::program::programs;
use rustls::{ClientConfig, ServerConfig};
use sortie::net::{SocketAddr, TcpListener};
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;

programs! {
    examples {
        tls: ["500 of 500 clients were echoed"],
    }
    checks {
        short_and_long_conversations,
        who_is_not_trusted_is_refused,
        a_conversation_that_is_cut_off_is_an_error,
        one_reads_what_the_other_writes_meanwhile,
    }
}

fn server() -> (SocketAddr, Arc<ClientConfig>) {
    let (server, client) = tls::identity().unwrap();
    (listen(server), client)
}

fn listen(config: Arc<ServerConfig>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    sortie::go(move || tls::serve(&listener, &config));
    address
}

fn short_and_long_conversations() {
    let (address, client) = server();
    for (count, length) in [(1, 0), (1, 1), (1, 5_000_000), (20, 200_000)] {
        let right = tls::clients(address, &client, (count, length));
        assert_eq!(right.unwrap(), count, "{length} bytes");
    }
}

fn who_is_not_trusted_is_refused() {
    let (address, _) = server();
    let (_, other_client) = tls::identity().unwrap();
    let error = tls::clients(address, &other_client, (1, 1)).unwrap_err();
    assert!(
        error.to_string().contains("invalid peer certificate"),
        "{error}"
    );
}

fn a_conversation_that_is_cut_off_is_an_error() {
    let (server, client) = tls::identity().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    sortie::go(move || {
        let (stream, _) = listener.accept().unwrap();
        let connection = rustls::ServerConnection::new(server).unwrap();
        let mut stream = rustls::StreamOwned::new(connection, stream);
        stream.read_exact(&mut [0; 4]).unwrap();
        // Without saying that this is the end.
        stream.sock.shutdown(Shutdown::Both).unwrap();
    });
    let mut stream = tls::connect(address, client).unwrap();
    stream.write_all(b"what").unwrap();
    let error = stream.read(&mut [0]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
}

/// More than all buffers hold is under way in both directions: the client writes in one
/// goroutine and reads in another, who share the connection by a lock that is not held while
/// somebody waits for the network.
fn one_reads_what_the_other_writes_meanwhile() {
    const LENGTH: usize = 20_000_000;
    let (address, client) = server();
    let stream = tls::connect(address, client).unwrap();
    let (connection, socket) = stream.into_parts();
    let connection = sortie::sync::Mutex::new(connection);
    let (connection, socket) = (&connection, &socket);
    sortie::scope(|s| {
        s.go(move || {
            let mut left = LENGTH;
            let mut frames = Vec::new();
            while left > 0 {
                let mut connection = connection.lock();
                let part = left.min(64 * 1024);
                left -= connection.writer().write(&vec![7; part]).unwrap();
                while connection.wants_write() {
                    connection.write_tls(&mut frames).unwrap();
                }
                drop(connection);
                (&*socket).write_all(&frames).unwrap();
                frames.clear();
            }
        });
        let (mut frames, mut words) = (vec![0; 64 * 1024], Vec::new());
        while words.len() < LENGTH {
            let count = (&*socket).read(&mut frames).unwrap();
            assert!(count > 0, "hung up after {} bytes", words.len());
            let mut connection = connection.lock();
            let mut came = &frames[..count];
            while !came.is_empty() {
                connection.read_tls(&mut came).unwrap();
                let state = connection.process_new_packets().unwrap();
                let start = words.len();
                words.resize(start + state.plaintext_bytes_to_read(), 0);
                connection.reader().read_exact(&mut words[start..]).unwrap();
            }
        }
        assert!(words.len() == LENGTH && words.iter().all(|&byte| byte == 7));
    });
}
