//! WebSocket over goroutines' sockets, by tungstenite as it is. What a client sends is sent
//! to all clients, itself included.
//!
//! tungstenite's `WebSocket` reads and writes, but not both at once. So there are two of
//! them for each connection, one in a goroutine that reads, one in a goroutine that writes.
//! The one that reads sometimes writes, too: it answers pings. [`Half`] keeps their frames
//! apart.
//!
//! With an address as its argument it serves for ever; without it serves some clients of its
//! own, and ends.

use sortie::chan::{Receiver, Sender, bounded};
use sortie::net::{SocketAddr, TcpListener, TcpStream};
use sortie::select;
use sortie::sync::Mutex;
use sortie::time::Instant;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::Duration;
use tungstenite::protocol::Role;
use tungstenite::{Error, Message, WebSocket};

/// So many messages may wait for a client to read them.
const BACKLOG: usize = 256;
/// So long a client has for its part of the handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A connection that two use. What one of them writes at once stays together.
#[derive(Clone)]
struct Half {
    stream: Arc<TcpStream>,
    writing: Arc<Mutex<()>>,
}

impl Half {
    fn new(stream: TcpStream) -> Half {
        Half {
            stream: Arc::new(stream),
            writing: Arc::default(),
        }
    }
}

impl Read for Half {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.stream).read(buffer)
    }
}

impl Write for Half {
    /// Writes all of it. tungstenite writes whole frames.
    fn write(&mut self, frames: &[u8]) -> io::Result<usize> {
        // May be held while the goroutine waits: who wants it meanwhile is parked.
        let _writing = self.writing.lock();
        (&*self.stream).write_all(frames)?;
        Ok(frames.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Client {
    id: u64,
    stream: Arc<TcpStream>,
    /// What is to be sent to it.
    messages: Sender<Message>,
}

impl Client {
    /// Never waits: who does not read in time loses the connection.
    fn tell(&self, message: Message) -> bool {
        let told = self.messages.try_send(message).is_ok();
        if !told {
            // Wakes its goroutines, whatever they wait for.
            let _ = self.stream.close();
        }
        told
    }
}

/// What connections tell the hub.
#[derive(Clone)]
struct Hub {
    arrivals: Sender<Client>,
    messages: Sender<Message>,
    departures: Sender<u64>,
}

impl Hub {
    /// Starts the goroutine that passes messages on, for as long as there are connections,
    /// or may be.
    fn start() -> Hub {
        let (arrivals, arriving) = bounded(0);
        let (messages, coming) = bounded(0);
        let (departures, departing) = bounded(0);
        sortie::go(move || pass_on(&arriving, &coming, &departing));
        Hub {
            arrivals,
            messages,
            departures,
        }
    }
}

fn pass_on(arrivals: &Receiver<Client>, messages: &Receiver<Message>, departures: &Receiver<u64>) {
    let mut clients = BTreeMap::new();
    loop {
        select! {
            recv(arrivals) -> arrival => {
                let Ok(client) = arrival else { return };
                clients.insert(client.id, client);
            }
            recv(departures) -> id => {
                let Ok(id) = id else { return };
                clients.remove(&id);
            }
            recv(messages) -> message => {
                let Ok(message) = message else { return };
                clients.retain(|_, client| client.tell(message.clone()));
            }
        }
    }
}

/// Passes on what the client sends. Ends when it hangs up: pings are answered, and the end
/// of the conversation confirmed, by `read`.
fn read(mut socket: WebSocket<Half>, messages: &Sender<Message>) -> Result<(), Error> {
    loop {
        let message = socket.read()?;
        if message.is_text() || message.is_binary() {
            let _ = messages.send(message);
        }
    }
}

/// Sends the messages, until there are no more; then hangs up, which ends `read`, too.
fn write(mut socket: WebSocket<Half>, messages: &Receiver<Message>) -> Result<(), Error> {
    let sent = messages.iter().try_for_each(|message| socket.send(message));
    // Is closed already if the client ended the conversation.
    let _ = socket.get_ref().stream.close();
    sent
}

fn handle(id: u64, stream: TcpStream, hub: &Hub) -> io::Result<()> {
    stream.set_nodelay(true)?;
    // The handshake; what is wrong with it ends the connection.
    stream.set_deadline(Some(Instant::now() + HANDSHAKE));
    let Ok(reader) = tungstenite::accept(Half::new(stream)) else {
        return Ok(());
    };
    let half = reader.get_ref().clone();
    let stream = Arc::clone(&half.stream);
    stream.set_deadline(None);
    let writer = WebSocket::from_raw_socket(half, Role::Server, None);
    let (messages, outgoing) = bounded(BACKLOG);
    sortie::go(move || write(writer, &outgoing));
    let client = Client {
        id,
        stream,
        messages,
    };
    if hub.arrivals.send(client).is_ok() {
        let _ = read(reader, &hub.messages);
        let _ = hub.departures.send(id);
    }
    Ok(())
}

pub(crate) fn serve(listener: &TcpListener) -> io::Result<()> {
    let hub = Hub::start();
    for id in 0.. {
        let (stream, _) = listener.accept()?;
        let hub = hub.clone();
        sortie::go(move || handle(id, stream, &hub));
    }
    Ok(())
}

/// A client that is known to the server.
pub(crate) fn enter(address: SocketAddr) -> Result<WebSocket<TcpStream>, Error> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let connected = tungstenite::client(format!("ws://{address}/"), stream);
    let (mut socket, _) = connected.map_err(|error| match error {
        tungstenite::HandshakeError::Failure(error) => error,
        tungstenite::HandshakeError::Interrupted(_) => {
            unreachable!("the socket waits as long as it takes")
        }
    })?;
    // Comes back as soon as this client is in the list.
    let hello = format!("{} is here", socket.get_ref().local_addr()?);
    socket.send(hello.clone().into())?;
    while socket.read()?.into_text()? != hello.as_str() {}
    Ok(socket)
}

/// So many clients at once, who each send so many messages and read all of everybody.
/// Returns how many they have read.
pub(crate) fn broadcast(
    address: SocketAddr,
    (clients, messages): (usize, usize),
) -> Result<usize, Error> {
    let sockets: Result<Vec<_>, _> = (0..clients).map(|_| enter(address)).collect();
    let clients = sockets?.into_iter().map(|socket| {
        let all = clients * messages;
        sortie::go(move || converse(socket, messages, all))
    });
    let clients: Vec<_> = clients.collect();
    let counts = clients.into_iter().map(|client| client.join());
    counts.map(|count| count.expect("no panic")).sum()
}

fn converse(mut socket: WebSocket<TcpStream>, mine: usize, all: usize) -> Result<usize, Error> {
    for i in 0..mine {
        socket.send(format!("message {i}").into())?;
    }
    // Must be answered, beside all the messages.
    socket.send(Message::Ping("are you there?".into()))?;
    let (mut read, mut answered) = (0, false);
    while read < all || !answered {
        match socket.read()? {
            Message::Text(text) => read += usize::from(text.starts_with("message")),
            Message::Pong(words) => answered = words == "are you there?",
            other => unreachable!("nobody sends {other:?}"),
        }
    }
    // Says good-bye, and waits for the answer.
    socket.close(None)?;
    loop {
        match socket.read() {
            Ok(_) => {}
            Err(Error::ConnectionClosed) => return Ok(read),
            Err(error) => return Err(error),
        }
    }
}

fn run() -> Result<(), Error> {
    let address = std::env::args().nth(1).filter(|text| text.contains(':'));
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0"))?;
    if address.is_some() {
        return Ok(serve(&listener)?);
    }
    let address = listener.local_addr()?;
    sortie::go(move || serve(&listener));
    let read = broadcast(address, (20, 10))?;
    println!("20 clients read {read} messages, all of all");
    Ok(())
}

#[sortie::main]
pub(crate) fn main() {
    if let Err(error) = run() {
        eprintln!("web_socket: {error}");
        std::process::exit(1);
    }
}
