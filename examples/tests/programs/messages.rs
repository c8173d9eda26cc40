//! tungstenite over goroutines' sockets.

#[path = "../../web_socket.rs"]
mod web_socket;

use crate::program::programs;
use sortie::net::{SocketAddr, TcpListener, TcpStream};
use std::io::{Read, Write};
use tungstenite::Message;

programs! {
    examples {
        web_socket: ["20 clients read 4000 messages, all of all"],
    }
    checks {
        all_read_all,
        an_echo_of_any_kind_and_length,
        who_does_not_read_loses_the_connection,
        a_stranger_to_the_protocol_is_refused,
    }
}

fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    sortie::go(move || web_socket::serve(&listener));
    address
}

fn all_read_all() {
    let address = server();
    for (clients, messages) in [(1, 1), (1, 100), (100, 2)] {
        let read = web_socket::broadcast(address, (clients, messages)).unwrap();
        assert_eq!(read, clients * clients * messages);
    }
}

fn an_echo_of_any_kind_and_length() {
    let mut socket = web_socket::enter(server()).unwrap();
    for length in [0, 1, 125, 126, 65_535, 65_536, 5_000_000] {
        let messages = [
            Message::binary(vec![length as u8; length]),
            Message::text("a".repeat(length)),
        ];
        for message in messages {
            socket.send(message.clone()).unwrap();
            assert!(socket.read().unwrap() == message, "{length}");
        }
    }
}

fn who_does_not_read_loses_the_connection() {
    let address = server();
    let mut silent = web_socket::enter(address).unwrap();
    let mut speaker = web_socket::enter(address).unwrap();
    let words = Message::text("a".repeat(100_000));
    // More than are in its list, and in buffers of 20 MB.
    for _ in 0..500 {
        speaker.send(words.clone()).unwrap();
        assert!(speaker.read().unwrap() == words);
    }
    // Some it gets, then that is all.
    let got = (0..500).take_while(|_| silent.read().is_ok()).count();
    assert!(got < 500, "nothing was lost");
}

fn a_stranger_to_the_protocol_is_refused() {
    let mut stream = TcpStream::connect(server()).unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: me\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    // It hangs up, however politely.
    let _ = stream.read_to_string(&mut answer);
    assert!(!answer.contains("101"), "{answer}");
}
