//! Go's net/net_test.go and tcpsock_test.go: TestCloseUnblocksRead, TestTCPStress,
//! TestZeroByteRead.
//!
//! <https://github.com/golang/go/blob/master/src/net/net_test.go>

use crate::crew::connection;
use crate::procs::Procs;
use sortie::net::{ClosedError, TcpListener, TcpStream};
use std::io::{Read, Write};
use std::sync::Arc;

/// TestCloseUnblocksRead, again and again: closing races with the reader's way into its
/// wait.
#[test]
fn close_unblocks_read() {
    for procs in [1, 2, 8] {
        let _procs = Procs::set(procs);
        sortie::run(|| {
            for round in 0..200 {
                let (one, _other) = connection();
                let one = Arc::new(one);
                let reads = one.clone();
                let reader = sortie::go(move || (&*reads).read(&mut [0]).unwrap_err());
                for _ in 0..round % 4 {
                    sortie::yield_now();
                }
                one.close().unwrap();
                assert!(ClosedError::is(&reader.join().unwrap()));
            }
        });
    }
}

/// TestTCPStress: pairs that write and read short messages in lock step.
#[test]
fn tcp_stress() {
    const PAIRS: usize = 20;
    const MESSAGES: u64 = 2_000;
    for procs in [1, 2, 8] {
        let _procs = Procs::set(procs);
        sortie::run(|| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            sortie::scope(|s| {
                s.go(|| {
                    sortie::scope(|s| {
                        for stream in listener.incoming().take(PAIRS) {
                            s.go(move || exchange(stream.unwrap(), false));
                        }
                    });
                });
                for _ in 0..PAIRS {
                    s.go(move || exchange(TcpStream::connect(address).unwrap(), true));
                }
            });
        });
    }

    fn exchange(mut stream: TcpStream, is_first: bool) {
        for i in 0..MESSAGES {
            if is_first || i > 0 {
                stream.write_all(&i.to_le_bytes()).unwrap();
            }
            let mut message = [0; 8];
            if stream.read_exact(&mut message).is_err() {
                assert!(!is_first || i == MESSAGES - 1);
                return;
            }
        }
    }
}

/// TestZeroByteRead: whoever wants nothing gets it at once, and it is not the end.
#[test]
fn zero_byte_read() {
    sortie::run(|| {
        let (mut one, mut other) = connection();
        assert_eq!(one.read(&mut []).unwrap(), 0);
        let none = &mut [std::io::IoSliceMut::new(&mut [])];
        assert_eq!(one.read_vectored(none).unwrap(), 0);
        assert_eq!(one.read_vectored(&mut []).unwrap(), 0);
        assert_eq!(one.write(&[]).unwrap(), 0);
        other.write_all(b"x").unwrap();
        assert_eq!(one.read(&mut []).unwrap(), 0);
        assert_eq!(one.read(&mut [0; 2]).unwrap(), 1);
        one.close().unwrap();
        assert!(ClosedError::is(&one.read(&mut []).unwrap_err()));
    });
}

/// The same for who accepts.
#[test]
fn close_unblocks_accept() {
    for procs in [1, 2, 8] {
        let _procs = Procs::set(procs);
        sortie::run(|| {
            for round in 0..200 {
                let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
                let accepts = listener.clone();
                let acceptor = sortie::go(move || accepts.accept().unwrap_err());
                for _ in 0..round % 4 {
                    sortie::yield_now();
                }
                listener.close().unwrap();
                assert!(ClosedError::is(&acceptor.join().unwrap()));
            }
        });
    }
}
