//! TLS over goroutines' sockets, by rustls as it is: it wants something that reads and
//! writes, and [`TcpStream`] does. A goroutine that waits for a handshake holds no thread.
//!
//! The server sends back what it reads. Certificate and key are made when the program
//! starts; the clients trust that one only. With an address as its argument it serves for
//! ever; without it serves some clients of its own, at once, and ends.

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
};
use sortie::net::{SocketAddr, TcpListener, TcpStream};
use std::error::Error;
use std::io::{self, Read, Write};
use std::sync::Arc;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// What the certificate is for.
const NAME: &str = "localhost";

/// How a server identifies itself, and how clients make sure of that.
pub(crate) fn identity() -> Result<(Arc<ServerConfig>, Arc<ClientConfig>)> {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([NAME.to_string()])?;
    let key = PrivateKeyDer::try_from(signing_key.serialize_der())?;
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)?;
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone())?;
    let client = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok((Arc::new(server), Arc::new(client)))
}

fn handle(stream: TcpStream, config: Arc<ServerConfig>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = StreamOwned::new(ServerConnection::new(config)?, stream);
    let mut buffer = [0; 16 * 1024];
    loop {
        match stream.read(&mut buffer)? {
            0 => break,
            count => stream.write_all(&buffer[..count])?,
        }
    }
    // Tells the client that nothing was cut off.
    stream.conn.send_close_notify();
    Ok(stream.flush()?)
}

pub(crate) fn serve(listener: &TcpListener, config: &Arc<ServerConfig>) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept()?;
        let config = Arc::clone(config);
        sortie::go(move || handle(stream, config));
    }
}

/// A connection to the server, which is who it should be.
pub(crate) fn connect(
    address: SocketAddr,
    config: Arc<ClientConfig>,
) -> Result<StreamOwned<ClientConnection, TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let connection = ClientConnection::new(config, ServerName::try_from(NAME)?)?;
    let mut stream = StreamOwned::new(connection, stream);
    // The handshake, which would otherwise be made by the first call that needs it.
    stream.flush()?;
    Ok(stream)
}

/// Sends so many bytes, reads them again, and hangs up. Returns whether all was right.
fn echo(address: SocketAddr, config: Arc<ClientConfig>, length: usize) -> Result<bool> {
    let mut stream = connect(address, config)?;
    let words: Vec<u8> = (0..length).map(|i| i as u8).collect();
    let mut answer = Vec::new();
    // The server answers while it reads: more than the buffers hold must not be sent at once.
    for part in words.chunks(16 * 1024) {
        stream.write_all(part)?;
        let start = answer.len();
        answer.resize(start + part.len(), 0);
        stream.read_exact(&mut answer[start..])?;
    }
    stream.conn.send_close_notify();
    stream.flush()?;
    // An error, if the server did not say that this is the end.
    Ok(stream.read_to_end(&mut answer)? == 0 && answer == words)
}

/// So many clients at once, all with handshakes of their own; returns how many got their
/// own words back.
pub(crate) fn clients(
    address: SocketAddr,
    config: &Arc<ClientConfig>,
    (count, length): (usize, usize),
) -> Result<usize> {
    let clients: Vec<_> = (0..count)
        .map(|_| {
            let config = Arc::clone(config);
            sortie::go(move || echo(address, config, length))
        })
        .collect();
    let mut right = 0;
    for client in clients {
        right += usize::from(client.join().expect("a client does not panic")?);
    }
    Ok(right)
}

fn run() -> Result<()> {
    let address = std::env::args().nth(1).filter(|text| text.contains(':'));
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0"))?;
    let (server, client) = identity()?;
    if address.is_some() {
        return Ok(serve(&listener, &server)?);
    }
    let address = listener.local_addr()?;
    sortie::go(move || serve(&listener, &server));
    let right = clients(address, &client, (500, 10_000))?;
    println!("{right} of 500 clients were echoed");
    Ok(())
}

#[sortie::main]
pub(crate) fn main() {
    if let Err(error) = run() {
        eprintln!("tls: {error}");
        std::process::exit(1);
    }
}
