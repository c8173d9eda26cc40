//! A chat over TCP: what one guest says in a line, all guests read.
//!
//! One goroutine, the room, owns the list of guests, so there is nothing to lock. Two
//! goroutines for each guest connect it to the network: one reads what the guest says, one
//! writes what the guest is told. All speak by channels.
//!
//! The room never waits for a guest: who does not read is put out. On Ctrl-C everybody is
//! told what was said so far, and the server ends; on the second Ctrl-C it ends at once.
//!
//! With an address as its argument it serves until then (try `nc` as a guest). Without it
//! has guests of its own, and sends itself the signal.

use sortie::chan::{Receiver, Sender, TrySendError, bounded};
use sortie::context::Context;
use sortie::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use sortie::select;
use sortie::signal::{Signal, notify_context};
use sortie::time::Instant;
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::Arc;
use std::time::Duration;

/// So many lines may wait for a guest to read them.
const BACKLOG: usize = 256;
/// So many bytes are a line at most; what is longer is taken for several.
const LONGEST: u64 = 8 * 1024;
/// So long everybody has to read what is left, and to hang up, when the server ends.
const GRACE: Duration = Duration::from_secs(2);

struct Guest {
    id: u64,
    stream: Arc<TcpStream>,
    /// What the guest is told.
    lines: Sender<Arc<str>>,
}

/// What guests tell the room. The channels have no buffer: who has sent knows that the
/// room has it, so a guest arrives before it speaks, and leaves after that.
#[derive(Clone)]
struct Door {
    arrivals: Sender<Guest>,
    said: Sender<(u64, String)>,
    departures: Sender<u64>,
}

/// The other side of the door.
struct Room {
    guests: BTreeMap<u64, Guest>,
    arrivals: Receiver<Guest>,
    said: Receiver<(u64, String)>,
    departures: Receiver<u64>,
}

impl Room {
    fn new() -> (Room, Door) {
        let (arrivals, arriving) = bounded(0);
        let (said, saying) = bounded(0);
        let (departures, departing) = bounded(0);
        let room = Room {
            guests: BTreeMap::new(),
            arrivals: arriving,
            said: saying,
            departures: departing,
        };
        let door = Door {
            arrivals,
            said,
            departures,
        };
        (room, door)
    }

    /// Tells everybody what anybody says, until the context ends.
    fn attend(mut self, context: &Context) {
        loop {
            select! {
                recv(self.arrivals) -> guest => {
                    let Ok(guest) = guest else { break };
                    self.tell_all(&format!("* guest {} is here", guest.id));
                    let _ = guest.lines.try_send(format!("* you are guest {}", guest.id).into());
                    self.guests.insert(guest.id, guest);
                }
                recv(self.said) -> said => {
                    let Ok((id, line)) = said else { break };
                    // Those who were put out are not heard any more.
                    if self.guests.contains_key(&id) {
                        self.tell_all(&format!("guest {id}: {line}"));
                    }
                }
                recv(self.departures) -> id => {
                    let Ok(id) = id else { break };
                    if self.guests.remove(&id).is_some() {
                        self.tell_all(&format!("* guest {id} has left"));
                    }
                }
                recv(context.done()) -> _ => break,
            }
        }
        self.tell_all("* the server ends");
        // The rest is written if the guests read it in time; then the writers end.
        let end = Instant::now() + GRACE;
        for guest in self.guests.values() {
            guest.stream.set_deadline(Some(end));
        }
    }

    fn tell_all(&mut self, line: &str) {
        let line: Arc<str> = line.into();
        let is_full = |guest: &Guest| {
            let told = guest.lines.try_send(Arc::clone(&line));
            matches!(told, Err(TrySendError::Full(_)))
        };
        let slow: Vec<_> = self
            .guests
            .extract_if(.., |_, guest| is_full(guest))
            .collect();
        for (id, guest) in slow {
            // Wakes its reader and its writer, whatever they wait for.
            let _ = guest.stream.close();
            self.tell_all(&format!("* guest {id} was too slow"));
        }
    }
}

/// A line without its end, or nothing at the end of all lines.
fn read_line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if reader.take(LONGEST).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end().to_string()))
}

/// Tells the room what the guest says, until it hangs up.
fn read_lines(id: u64, stream: &TcpStream, said: &Sender<(u64, String)>) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(line) = read_line(&mut reader)? {
        if said.send((id, line)).is_err() {
            // Nobody listens any more. Hanging up with something unread would be
            // impolite: the guest might lose its last lines, too.
            io::copy(&mut reader, &mut io::sink())?;
        }
    }
    Ok(())
}

/// Tells the guest all lines, until there are no more.
fn write_lines(mut stream: &TcpStream, lines: &Receiver<Arc<str>>) -> io::Result<()> {
    for line in lines {
        stream.write_all(format!("{line}\n").as_bytes())?;
    }
    stream.shutdown(Shutdown::Write)
}

/// Serves until the context ends, and everybody has gone.
pub(crate) fn serve(listener: &TcpListener, context: &Context) {
    let (room, door) = Room::new();
    sortie::scope(|s| {
        s.go(|| room.attend(context));
        for id in 1.. {
            let stream = match listener.accept_ctx(context) {
                Ok((stream, _)) => Arc::new(stream),
                Err(_) if context.err().is_some() => break,
                // Too many open files, say: some will be closed in a moment.
                Err(_) => {
                    sortie::sleep(Duration::from_millis(10));
                    continue;
                }
            };
            let (lines, to_write) = bounded(BACKLOG);
            let (door, reading) = (door.clone(), Arc::clone(&stream));
            let writing = Arc::clone(&stream);
            s.go(move || write_lines(&writing, &to_write));
            s.go(move || {
                let guest = Guest { id, stream, lines };
                if door.arrivals.send(guest).is_ok() {
                    let _ = read_lines(id, &reading, &door.said);
                    let _ = door.departures.send(id);
                }
            });
        }
    });
}

/// A guest, as its program sees it.
pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    /// Returns when the guest is in the room.
    pub(crate) fn enter(address: SocketAddr) -> io::Result<Client> {
        let mut client = Client(BufReader::new(TcpStream::connect(address)?));
        client.hear("* you are")?;
        Ok(client)
    }

    pub(crate) fn say(&mut self, line: &str) -> io::Result<()> {
        self.0.get_mut().write_all(format!("{line}\n").as_bytes())
    }

    /// Reads up to a line that has these words, and returns that.
    pub(crate) fn hear(&mut self, words: &str) -> io::Result<String> {
        loop {
            match read_line(&mut self.0)? {
                Some(line) if line.contains(words) => return Ok(line),
                Some(_) => {}
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }
}

/// One guest never reads, another one speaks until the first is put out. Returns how many
/// lines that took.
pub(crate) fn outlast(address: SocketAddr) -> io::Result<usize> {
    let _silent = TcpStream::connect(address)?;
    let mut speaker = Client::enter(address)?;
    for count in 1.. {
        speaker.say(&"bla ".repeat(1000))?;
        // Its own words, or before them that the other guest is out.
        if speaker.hear("")?.contains("too slow") {
            return Ok(count);
        }
    }
    unreachable!("the buffers are full some time")
}

/// So many guests, each of whom says so many lines and reads all that is said until the
/// server ends. Returns how many lines each of them has read; calls `end` when everything
/// is said.
pub(crate) fn party(
    address: SocketAddr,
    (guests, lines): (usize, usize),
    end: impl FnOnce(),
) -> io::Result<Vec<usize>> {
    let clients: io::Result<Vec<_>> = (0..guests).map(|_| Client::enter(address)).collect();
    sortie::scope(|s| {
        let (finished, all_finished) = bounded::<()>(0);
        let clients = clients?.into_iter().map(|mut client| {
            let finished = finished.clone();
            s.go(move || {
                (0..lines).try_for_each(|i| client.say(&format!("line {i}")))?;
                let all = guests * lines;
                let said = (0..all).map(|_| client.hear("line"));
                let count = said.collect::<io::Result<Vec<_>>>()?.len();
                drop(finished);
                client.hear("* the server ends")?;
                Ok(count)
            })
        });
        let clients: Vec<_> = clients.collect();
        drop(finished);
        // Disconnected when all guests have dropped theirs.
        let _ = all_finished.recv();
        end();
        let counts = clients.into_iter().map(|client| client.join());
        counts.map(|count| count.expect("no panic")).collect()
    })
}

/// What a terminal does on Ctrl-C.
fn interrupt() {
    // SAFETY: sends this process a signal, which is caught.
    unsafe { libc::kill(libc::getpid(), libc::SIGINT) };
}

fn run() -> io::Result<()> {
    let address = std::env::args().nth(1).filter(|text| text.contains(':'));
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0"))?;
    let signals = [Signal::SIGINT, Signal::SIGTERM];
    let (context, stop) = notify_context(&Context::background(), &signals);
    // The next signal ends the program at once, as ever.
    context.after_func(move || stop.stop());
    if address.is_some() {
        serve(&listener, &context);
        return Ok(());
    }
    let address = listener.local_addr()?;
    let server = sortie::go(move || serve(&listener, &context));
    outlast(address)?;
    println!("who never reads was put out");
    let read = party(address, (20, 10), interrupt)?;
    println!("20 guests read {} lines each", read[0]);
    println!("all lines: {}", read.iter().sum::<usize>());
    server.join().expect("the server does not panic");
    println!("everybody has left");
    Ok(())
}

#[sortie::main]
pub(crate) fn main() {
    if let Err(error) = run() {
        eprintln!("chat_server: {error}");
        std::process::exit(1);
    }
}
