//! Workloads on sockets and pipes.

use crate::{channels, ticker};
use bench_program::{
    CONNECTIONS, REQUEST, per_operation, report_round_trips, report_slowdown, requests,
};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn serve(mut stream: TcpStream) {
    let mut buffer = [0; 4 * REQUEST];
    loop {
        match stream.read(&mut buffer).await.expect("a connection") {
            0 => return,
            count => {
                let answer = stream.write_all(&buffer[..count]).await;
                answer.expect("a connection");
            }
        }
    }
}

async fn ask(mut stream: TcpStream, requests: u64) -> Vec<Duration> {
    let (mut request, mut answer) = ([0; REQUEST], [0; REQUEST]);
    let mut times = Vec::with_capacity(requests as usize);
    for number in 0..requests {
        request[..8].copy_from_slice(&number.to_le_bytes());
        let start = Instant::now();
        stream.write_all(&request).await.expect("a connection");
        stream.read_exact(&mut answer).await.expect("a connection");
        times.push(start.elapsed());
        assert_eq!(request, answer);
    }
    times
}

/// 100 connections, on each of which 512 bytes go to and fro.
pub(crate) async fn echo() -> f64 {
    let requests = requests();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut pairs = Vec::new();
    for _ in 0..CONNECTIONS {
        let client = TcpStream::connect(address).await.unwrap();
        pairs.push((client, listener.accept().await.unwrap().0));
    }
    let mut times = Vec::new();
    let start = Instant::now();
    let clients: Vec<_> = pairs
        .into_iter()
        .map(|(client, server)| {
            tokio::spawn(serve(server));
            tokio::spawn(ask(client, requests))
        })
        .collect();
    for client in clients {
        times.extend(client.await.unwrap());
    }
    let figure = per_operation(start, CONNECTIONS as u64 * requests);
    report_round_trips(times);
    figure
}

/// How many times slower the ring is beside blocking tasks that are stuck in `read` on
/// a pipe.
pub(crate) async fn blockers() -> f64 {
    channels::ring().await;
    let alone = channels::ring().await;
    let writers = ticker::block().await;
    let beside = channels::ring().await;
    drop(writers);
    report_slowdown(alone, beside)
}
