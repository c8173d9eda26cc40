//! HTTP by crates that know nothing of goroutines.

#[path = "../../http_client.rs"]
mod http_client;

use crate::program::programs;
use sortie::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use ureq::Agent;
use ureq::tls::RootCerts;

programs! {
    examples {
        http_client: ["400 pages", "threads at the end"],
    }
    checks {
        pages_keep_their_order,
        connections_are_used_again,
        a_wrong_certificate_is_refused,
        an_answer_that_does_not_come_is_a_time_out,
        client_and_server_on_the_sockets_of_std,
    }
}

fn pages_keep_their_order() {
    let (address, root) = http_client::server(1).unwrap();
    let url = |i| format!("https://localhost:{}/{i}", address.port());
    let urls: Vec<_> = (0..50).map(url).collect();
    let pages = http_client::fetch_all(&http_client::agent(root), &urls);
    for (i, page) in pages.into_iter().enumerate() {
        assert_eq!(page.unwrap(), format!("/{i}"));
    }
}

/// With the certificate of a server that knows one connection only: a second one would wait
/// for ever.
fn connections_are_used_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    sortie::go(move || {
        use std::io::{BufRead, BufReader, Write};
        let (stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
        while let Some(line) = lines.next() {
            let path = line.split(' ').nth(1).unwrap().to_string();
            assert!(lines.any(|line| line.is_empty()), "headers have an end");
            let length = path.len();
            write!(
                &stream,
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{path}"
            )
            .unwrap();
        }
    });
    let agent = http_client::agent(RootCerts::WebPki);
    for i in 0..20 {
        let pages = http_client::fetch_all(&agent, &[format!("http://{address}/{i}")]);
        assert_eq!(pages[0].as_ref().unwrap(), &format!("/{i}"));
    }
}

fn a_wrong_certificate_is_refused() {
    let (address, _) = http_client::server(1).unwrap();
    let (_, other_root) = http_client::server(1).unwrap();
    let urls = [format!("https://localhost:{}/", address.port())];
    let pages = http_client::fetch_all(&http_client::agent(other_root), &urls);
    let error = pages[0].as_ref().unwrap_err().to_string();
    assert!(error.contains("certificate"), "{error}");
}

fn an_answer_that_does_not_come_is_a_time_out() {
    // Accepts, in the kernel, and says nothing.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let request = http_client::agent(RootCerts::WebPki).get(format!("http://{address}/"));
    let soon = Some(Duration::from_millis(50));
    let error = request
        .config()
        .timeout_global(soon)
        .build()
        .call()
        .unwrap_err();
    assert!(matches!(error, ureq::Error::Timeout(_)), "{error:?}");
}

/// tiny_http has threads of its own. Who waits for requests, and who waits for answers, does
/// so in goroutines, and holds a thread; all can wait at once.
fn client_and_server_on_the_sockets_of_std() {
    const WORKERS: usize = 4;
    const CLIENTS: usize = 50;
    let server = Arc::new(tiny_http::Server::http("127.0.0.1:0").unwrap());
    let address = server.server_addr();
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let server = Arc::clone(&server);
            sortie::go(move || {
                let mut count = 0;
                while let Ok(request) = server.recv() {
                    let page = format!("this is {}", request.url());
                    request
                        .respond(tiny_http::Response::from_string(page))
                        .unwrap();
                    count += 1;
                }
                count
            })
        })
        .collect();
    let urls: Vec<_> = (0..CLIENTS)
        .map(|i| format!("http://{address}/{i}"))
        .collect();
    let pages = http_client::fetch_all(&Agent::new_with_defaults(), &urls);
    for (i, page) in pages.into_iter().enumerate() {
        assert_eq!(page.unwrap(), format!("this is /{i}"));
    }
    (0..WORKERS).for_each(|_| server.unblock());
    let counts = workers.into_iter().map(|worker| worker.join().unwrap());
    assert_eq!(counts.sum::<usize>(), CLIENTS);
}
