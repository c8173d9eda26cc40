//! Many connections at once, each of which echoes while all are open.
//!
//! With enough descriptors both ends of all are in one process. Otherwise the clients are
//! in a second one, so that the server's process has as many as it may.

use crate::descriptors::{allow, loopback, resident};
use crate::program::Case;
use crate::{Closing, number, succeeds};
use sortie::chan::{self, Receiver, Sender};
use sortie::net::{SocketAddr, TcpListener, TcpStream};
use sortie::sync::{Semaphore, WaitGroup};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::Arc;
use std::time::Instant;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "all_connections_echo_while_all_are_open",
        program: server,
        check: succeeds,
    },
    CLIENT_PROGRAM,
];

pub(crate) const CLIENTS: &str = "clients";

const CLIENT_PROGRAM: Case = Case {
    name: CLIENTS,
    program: client_program,
    check: |_| (),
};

/// Echoes of each connection.
const ROUNDS: usize = 3;
/// Descriptors for everything else.
const OTHERS: usize = 100;
/// Connections that are made at the same time: fewer than any system lets queue.
const AT_ONCE: usize = 100;
/// Resident bytes that a goroutine which waits for its connection may cost: two pages of
/// stack, and what is kept of goroutine, stack and socket.
const BYTES_EACH: usize = 10_500;

fn server() {
    let wanted = number("SORTIE_CONNECTIONS", 2_000);
    let allowed = allow(2 * wanted + OTHERS);
    let is_alone = allowed >= 2 * wanted + OTHERS;
    let count = wanted.min(allowed - OTHERS);
    if count < wanted {
        println!("only {count} connections instead of {wanted}: {allowed} descriptors are allowed");
    }
    let listeners: Vec<_> = loopback(8)
        .map(|address| TcpListener::bind(address).unwrap())
        .collect();
    let addresses = listeners.iter().map(|l| l.local_addr().unwrap()).collect();
    let before = resident();
    let clients = match is_alone {
        true => Clients::here(addresses, count),
        false => Clients::elsewhere(addresses, count),
    };
    let start = Instant::now();
    sortie::run(|| {
        sortie::scope(|s| {
            let _closing = Closing(&listeners);
            let accepted = WaitGroup::new();
            accepted.add(count);
            for listener in &listeners {
                let accepted = accepted.clone();
                // Ends when the listener is closed.
                s.go(move || {
                    while let Ok((stream, _)) = listener.accept() {
                        accepted.done();
                        sortie::go(move || echo(stream));
                    }
                });
            }
            clients.answer();
            accepted.wait();
            println!("{count} connections are open after {:.2?}", start.elapsed());
            for round in 1..=ROUNDS {
                let start = Instant::now();
                clients.command();
                clients.answer();
                println!("all have echoed, round {round}: {:.2?}", start.elapsed());
            }
            let each = resident().saturating_sub(before) / count;
            let (goroutines, whose) = match is_alone {
                true => (2, "both ends here"),
                false => (1, "clients in another process"),
            };
            println!("{each} bytes of memory for each connection, {whose}");
            assert!(sortie::runtime::num_goroutines() > count * goroutines);
            assert!(each <= goroutines * BYTES_EACH, "that is too much");
            clients.command();
            clients.answer();
        })
    });
}

fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 512];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            count => stream.write_all(&buffer[..count])?,
        }
    }
}

/// The clients, as the server sees them: they answer when all are open, then do what they
/// are told, and answer.
enum Clients {
    Here {
        commands: Sender<()>,
        answers: Receiver<()>,
    },
    Elsewhere {
        _child: Child,
        commands: ChildStdin,
        answers: std::sync::Mutex<BufReader<ChildStdout>>,
    },
}

impl Clients {
    fn here(addresses: Vec<SocketAddr>, count: usize) -> Clients {
        let (commands, commanded) = chan::bounded(0);
        let (answer, answers) = chan::bounded(0);
        sortie::go(move || clients(&addresses, count, &commanded, &answer));
        Clients::Here { commands, answers }
    }

    fn elsewhere(addresses: Vec<SocketAddr>, count: usize) -> Clients {
        let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
        let mut child = CLIENT_PROGRAM
            .command()
            .env("SORTIE_CONNECTIONS", count.to_string())
            .env("SORTIE_ADDRESSES", addresses.join(" "))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Clients::Elsewhere {
            commands: child.stdin.take().unwrap(),
            answers: BufReader::new(child.stdout.take().unwrap()).into(),
            _child: child,
        }
    }

    fn command(&self) {
        match self {
            Clients::Here { commands, .. } => commands.send(()).unwrap(),
            Clients::Elsewhere { commands, .. } => {
                let mut commands: &ChildStdin = commands;
                writeln_to(&mut commands);
            }
        }
    }

    fn answer(&self) {
        match self {
            Clients::Here { answers, .. } => answers.recv().unwrap(),
            Clients::Elsewhere { answers, .. } => read_line(&mut *answers.lock().unwrap()),
        }
    }
}

fn writeln_to(out: &mut impl Write) {
    out.write_all(b"go\n").unwrap();
    out.flush().unwrap();
}

fn read_line(input: &mut impl BufRead) {
    let mut line = String::new();
    assert_ne!(
        input.read_line(&mut line).unwrap(),
        0,
        "the other has ended"
    );
}

fn client_program() {
    let count = number("SORTIE_CONNECTIONS", 0);
    allow(count + OTHERS);
    let addresses = std::env::var("SORTIE_ADDRESSES").unwrap();
    let addresses: Vec<_> = addresses
        .split(' ')
        .map(|text| text.parse().unwrap())
        .collect();
    let (commands, commanded) = chan::bounded(0);
    let (answer, answers) = chan::bounded(0);
    let clients = sortie::go(move || clients(&addresses, count, &commanded, &answer));
    let (mut input, mut output) = (io::stdin().lock(), io::stdout());
    // For being open, for each round, and for the end.
    for answered in 0..ROUNDS + 2 {
        answers.recv().unwrap();
        writeln_to(&mut output);
        if answered <= ROUNDS {
            read_line(&mut input);
            commands.send(()).unwrap();
        }
    }
    clients.join().unwrap();
}

/// All clients: an answer when all are open, then for each command.
fn clients(addresses: &[SocketAddr], count: usize, commands: &Receiver<()>, answer: &Sender<()>) {
    let at_once = Arc::new(Semaphore::new(AT_ONCE));
    let (done, all_done) = chan::unbounded();
    let rounds: Vec<_> = (0..count)
        .map(|i| {
            let (round, rounds) = chan::bounded(1);
            let (address, at_once, done) = (
                addresses[i % addresses.len()],
                at_once.clone(),
                done.clone(),
            );
            sortie::go(move || client(address, &at_once, i, &rounds, &done));
            round
        })
        .collect();
    let wait = || (0..count).for_each(|_| all_done.recv().unwrap());
    wait();
    answer.send(()).unwrap();
    for _ in 0..ROUNDS {
        commands.recv().unwrap();
        rounds.iter().for_each(|round| round.send(()).unwrap());
        wait();
        answer.send(()).unwrap();
    }
    commands.recv().unwrap();
    drop(rounds);
    drop(done);
    assert!(all_done.recv().is_err(), "all have ended");
    answer.send(()).unwrap();
}

/// One client: connects, and echoes whenever there is a round.
fn client(
    address: SocketAddr,
    at_once: &Semaphore,
    number: usize,
    rounds: &Receiver<()>,
    done: &Sender<()>,
) {
    let mut stream = {
        let _permit = at_once.acquire(1);
        TcpStream::connect(address).unwrap()
    };
    done.send(()).unwrap();
    for () in rounds {
        let message = number.to_le_bytes();
        stream.write_all(&message).unwrap();
        let mut answer = [0; 8];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(answer, message);
        done.send(()).unwrap();
    }
}
