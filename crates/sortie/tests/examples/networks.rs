//! Sockets.

#[path = "../../examples/chat_server.rs"]
mod chat_server;
#[path = "../../examples/echo_server.rs"]
mod echo_server;
#[path = "../../examples/fetch_urls.rs"]
mod fetch_urls;
#[path = "../../examples/web_server.rs"]
mod web_server;

use crate::program::programs;
use sortie::context::{CancelFn, Context};
use sortie::net::{SocketAddr, TcpListener, TcpStream};
use sortie::task::JoinHandle;
use std::io::{Read, Write};
use std::time::Duration;

programs! {
    examples {
        chat_server: ["who never reads was put out", "20 guests read 200 lines", "lines: 4000", "has left"],
        echo_server: ["1000 of 1000 clients were echoed"],
        fetch_urls: ["100 pages", "this is 0", "this is 99", "deadline exceeded"],
        web_server: ["you asked for /hello"],
    }
    checks {
        all_guests_hear_all,
        who_leaves_is_reported,
        a_long_line_is_several,
        a_chat_ends_though_somebody_does_not_read,
        everybody_hears_their_own_echo,
        pages_come_in_order,
        servers_that_fail_have_no_page,
        each_path_has_its_page,
        what_is_no_request_is_refused,
        a_server_outlives_too_many_connections,
    }
}

/// A listener, and where it is.
fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn chat() -> (SocketAddr, CancelFn, JoinHandle<()>) {
    let (listener, address) = listen();
    let (context, cancel) = Context::background().with_cancel();
    let server = sortie::go(move || chat_server::serve(&listener, &context));
    (address, cancel, server)
}

fn all_guests_hear_all() {
    for (guests, lines) in [(1, 1), (10, 20), (200, 0)] {
        let (address, cancel, server) = chat();
        let read = chat_server::party(address, (guests, lines), || cancel.cancel()).unwrap();
        assert_eq!(read, vec![guests * lines; guests]);
        server.join().unwrap();
    }
}

fn who_leaves_is_reported() {
    let (address, _cancel, _server) = chat();
    let mut one = chat_server::Client::enter(address).unwrap();
    let mut two = chat_server::Client::enter(address).unwrap();
    two.say("bye").unwrap();
    drop(two);
    assert_eq!(one.hear("bye").unwrap(), "guest 2: bye");
    assert_eq!(one.hear("").unwrap(), "* guest 2 has left");
}

fn a_long_line_is_several() {
    let (address, _cancel, _server) = chat();
    let mut client = chat_server::Client::enter(address).unwrap();
    client.say(&"a".repeat(8 * 1024 + 1)).unwrap();
    client.say("next").unwrap();
    // Longer than a line by what is written before it.
    assert_eq!(client.hear("guest 1").unwrap().len(), 8 * 1024);
    client.hear("guest 1: a").unwrap();
    assert_eq!(client.hear("").unwrap(), "guest 1: next");
}

fn a_chat_ends_though_somebody_does_not_read() {
    let (address, cancel, server) = chat();
    let silent = TcpStream::connect(address).unwrap();
    let _ = chat_server::Client::enter(address).unwrap();
    cancel.cancel();
    // Neither reads nor hangs up: the server waits for it as long as it is polite.
    server.join().unwrap();
    drop(silent);
}

fn everybody_hears_their_own_echo() {
    let (listener, address) = listen();
    sortie::go(move || echo_server::serve(&listener));
    assert_eq!(echo_server::clients(address, 100).unwrap(), 100);
}

fn pages_come_in_order() {
    let pages = ["a", "b", "c"];
    let urls = pages.map(|page| fetch_urls::server(page.into(), Duration::ZERO).unwrap());
    let fetched = fetch_urls::fetch_urls(&urls, Duration::from_secs(60));
    let fetched: Vec<_> = fetched.into_iter().map(|page| page.unwrap()).collect();
    assert_eq!(fetched, pages);
}

fn servers_that_fail_have_no_page() {
    let (listener, address) = listen();
    let server = sortie::go(move || {
        for answer in ["HTTP/1.1 404 Not Found\r\n\r\n", "Hello\r\n"] {
            let (mut stream, _) = listener.accept().unwrap();
            // Reads the request, which would else make the end of the connection a rude one.
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).unwrap();
                request.push(byte[0]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let fails = |url: String| {
        let pages = fetch_urls::fetch_urls(&[url], Duration::from_secs(60));
        pages[0].as_ref().unwrap_err().to_string()
    };
    let url = format!("http://{address}/");
    assert_eq!(fails(url.clone()), "the server says 404 Not Found");
    assert_eq!(fails(url.clone()), "the server does not speak HTTP");
    // It has dropped its listener.
    server.join().unwrap();
    assert!(fails(url).contains("refused"));
    assert!(fails("https://localhost/".into()).contains("only `http://...`"));
}

fn each_path_has_its_page() {
    let (listener, address) = listen();
    sortie::go(move || web_server::serve(&listener));
    for path in ["/", "/a", "/b?c=d"] {
        let page = web_server::get(&address.to_string(), path).unwrap();
        assert_eq!(page, format!("you asked for {path}\n"));
    }
}

/// What the web server answers to these bytes, until it hangs up.
fn answer_to(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(bytes).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn what_is_no_request_is_refused() {
    let (listener, address) = listen();
    sortie::go(move || web_server::serve(&listener));
    for bytes in [
        "\r\n",
        "GET /\r\n",
        "PUT / HTTP/1.1\r\n",
        "GET  / HTTP/1.1\r\n",
    ] {
        let answer = answer_to(address, bytes.as_bytes());
        assert!(answer.starts_with("HTTP/1.1 400 "), "{bytes:?}: {answer}");
    }
    for bytes in ["", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: me\r\n"] {
        assert_eq!(answer_to(address, bytes.as_bytes()), "", "{bytes:?}");
    }
    let two = "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\nConnection: close\r\n\r\n";
    let answers = answer_to(address, two.as_bytes());
    assert_eq!(answers.matches("200 OK").count(), 2, "{answers}");
    assert!(answers.ends_with("you asked for /2\n"));
}

/// More clients than the process may have open files: those that have a connection are
/// served, and the others when it is their turn.
fn a_server_outlives_too_many_connections() {
    let (listener, address) = listen();
    sortie::go(move || web_server::serve(&listener));
    // From now on there is a poller, which needs descriptors of its own.
    web_server::get(&address.to_string(), "/").unwrap();
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: it is written to.
    let got = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    limit.rlim_cur = 64;
    // SAFETY: it is read.
    let set = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    assert_eq!((got, set), (0, 0));
    let mut clients = Vec::new();
    let error = loop {
        match TcpStream::connect(address) {
            Ok(client) => clients.push(client),
            Err(error) => break error,
        }
    };
    assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
    assert!(clients.len() > 20);
    // There may be none left for the server, who may have accepted nobody. With one it can
    // go on, for one client after the other.
    clients.truncate(clients.len() - 1);
    for mut client in clients {
        client.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with("you asked for /\n"));
    }
}
