//! Workloads on sockets and pipes.

use crate::{channels, ticker};
use bench_program::{CONNECTIONS, ask, report_round_trips, requests, serve, slowdown, timed};
use sortie::net::{TcpListener, TcpStream};

/// 100 connections, on each of which 512 bytes go to and fro.
pub(crate) fn echo() -> f64 {
    let requests = requests();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let pairs: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let client = TcpStream::connect(address).unwrap();
            (client, listener.accept().unwrap().0)
        })
        .collect();
    let mut times = Vec::new();
    let figure = timed(CONNECTIONS as u64 * requests, || {
        let clients: Vec<_> = pairs
            .into_iter()
            .map(|(client, server)| {
                sortie::go(move || serve(server));
                sortie::go(move || ask(client, requests))
            })
            .collect();
        for client in clients {
            times.extend(client.join().unwrap());
        }
    });
    report_round_trips(times);
    figure
}

/// How many times slower the ring is beside goroutines that are stuck in `read` on a pipe.
pub(crate) fn blockers() -> f64 {
    slowdown(channels::ring, ticker::block)
}
