//! Go's net/net_test.go and tcpsock_test.go: TestCloseUnblocksRead, TestTCPStress,
//! TestTCPSelfConnect's neighbours that are about the runtime.
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
