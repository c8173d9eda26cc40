//! HTTPS by ureq as it is, over goroutines' sockets: hundreds of requests at once, each in a
//! goroutine, with few threads.
//!
//! ureq as anybody uses it works in a goroutine, too, but on std's sockets: a goroutine that
//! waits for an answer holds its thread then. ureq lets one bring sockets of one's own, and
//! here they are. With URLs as its arguments the program fetches these; without it fetches
//! from a server of its own.

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use sortie::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use sortie::sync::Barrier;
use std::error::Error;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::sync::{Arc, Weak};
use ureq::config::Config;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, RustlsConnector,
    ShutdownHandle, Transport,
};
use ureq::{Agent, Timeout};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// A client whose connections park goroutines.
pub(crate) fn agent(roots: RootCerts) -> Agent {
    let tls = TlsConfig::builder().root_certs(roots).build();
    let config = Config::builder().tls_config(tls).build();
    let connector = GoroutineConnector.chain(RustlsConnector::default());
    Agent::with_parts(config, connector, DefaultResolver::default())
}

/// Makes connections for ureq.
#[derive(Debug)]
struct GoroutineConnector;

impl<In: Transport> Connector<In> for GoroutineConnector {
    type Out = Connection;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<In>,
    ) -> std::result::Result<Option<Connection>, ureq::Error> {
        let mut last = io::Error::other("the name has no address");
        for address in &details.addrs {
            let connected = match details.timeout.not_zero() {
                Some(timeout) => TcpStream::connect_timeout(address, *timeout),
                None => TcpStream::connect(address),
            };
            match connected {
                Ok(stream) => {
                    stream.set_nodelay(details.config.no_delay())?;
                    let connection = Connection::new(stream, details.config);
                    let handle: Weak<Stream> = Arc::downgrade(&connection.stream);
                    (details.register_shutdown)(handle)?;
                    return Ok(Some(connection));
                }
                Err(error) => last = error,
            }
        }
        Err(timed_out_or(last, details.timeout.reason))
    }
}

struct Stream(TcpStream);

impl ShutdownHandle for Stream {
    fn shutdown(&self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// A connection for ureq.
struct Connection {
    stream: Arc<Stream>,
    buffers: LazyBuffers,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Connection").field(&self.stream.0).finish()
    }
}

impl Connection {
    fn new(stream: TcpStream, config: &Config) -> Connection {
        Connection {
            stream: Arc::new(Stream(stream)),
            buffers: LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size()),
        }
    }
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(
        &mut self,
        amount: usize,
        timeout: NextTimeout,
    ) -> std::result::Result<(), ureq::Error> {
        let mut stream = &self.stream.0;
        let timeout = timeout.for_write();
        stream.set_write_timeout(timeout.not_zero().map(|timeout| *timeout))?;
        let written = stream.write_all(&self.buffers.output()[..amount]);
        written.map_err(|error| timed_out_or(error, timeout.reason))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> std::result::Result<bool, ureq::Error> {
        let mut stream = &self.stream.0;
        let timeout = timeout.for_read();
        stream.set_read_timeout(timeout.not_zero().map(|timeout| *timeout))?;
        let read = stream.read(self.buffers.input_append_buf());
        let count = read.map_err(|error| timed_out_or(error, timeout.reason))?;
        self.buffers.input_appended(count);
        Ok(count > 0)
    }

    /// Whether it may be used once more: nothing has come that nobody asked for, not even
    /// its end.
    fn is_open(&mut self) -> bool {
        let stream = &self.stream.0;
        let looked = stream.set_nonblocking(true).and_then(|()| {
            let looked = stream.peek(&mut [0]);
            stream.set_nonblocking(false)?;
            looked
        });
        looked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }
}

fn timed_out_or(error: io::Error, reason: Timeout) -> ureq::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => ureq::Error::Timeout(reason),
        _ => error.into(),
    }
}

/// A server that answers when so many requests have come, all at the same time. Returns
/// where it is, and its certificate.
pub(crate) fn server(together: usize) -> Result<(SocketAddr, RootCerts)> {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".into()])?;
    let key = PrivateKeyDer::try_from(signing_key.serialize_der())?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)?;
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let everybody = Arc::new(Barrier::new(together));
    sortie::go(move || {
        for stream in listener.incoming().flatten() {
            let (config, everybody) = (Arc::clone(&config), Arc::clone(&everybody));
            sortie::go(move || answer(stream, config, &everybody));
        }
    });
    let root = Certificate::from_der(cert.der()).to_owned();
    Ok((address, RootCerts::from([root])))
}

/// Answers requests of one connection, with the path that was asked for.
fn answer(stream: TcpStream, config: Arc<ServerConfig>, everybody: &Barrier) -> Result<()> {
    let stream = StreamOwned::new(ServerConnection::new(config)?, stream);
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if stream.read_until(b'\n', &mut head)? == 0 {
                return Ok(());
            }
        }
        everybody.wait();
        let head = String::from_utf8(head)?;
        let path = head.split(' ').nth(1).ok_or("that is no request")?;
        let length = path.len();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{path}");
        stream.get_mut().write_all(answer.as_bytes())?;
    }
}

/// All pages, in order, each fetched by a goroutine.
pub(crate) fn fetch_all(agent: &Agent, urls: &[String]) -> Vec<Result<String>> {
    sortie::scope(|s| {
        let fetch = |url| Ok(agent.get(url).call()?.body_mut().read_to_string()?);
        let fetches: Vec<_> = urls.iter().map(|url| s.go(move || fetch(url))).collect();
        let pages = fetches.into_iter().map(|f| f.join().expect("no panic"));
        pages.collect()
    })
}

/// How many threads this process has.
pub(crate) fn threads() -> io::Result<usize> {
    Ok(std::fs::read_dir("/proc/self/task")?.count())
}

fn run() -> Result<()> {
    let urls: Vec<_> = std::env::args().skip(1).collect();
    if urls.iter().any(|url| url.contains("://")) {
        for (url, page) in urls.iter().zip(fetch_all(&agent(RootCerts::WebPki), &urls)) {
            match page {
                Ok(page) => println!("{url}: {} bytes", page.len()),
                Err(error) => println!("{url}: {error}"),
            }
        }
        return Ok(());
    }
    let (address, root) = server(400)?;
    let port = address.port();
    let urls = (0..400).map(|i| format!("https://localhost:{port}/page/{i}"));
    let pages = fetch_all(&agent(root), &urls.collect::<Vec<_>>());
    for (i, page) in pages.into_iter().enumerate() {
        assert_eq!(page?, format!("/page/{i}"));
    }
    println!("400 pages, all asked for before the first was answered");
    println!("{} threads at the end", threads()?);
    Ok(())
}

#[sortie::main]
pub(crate) fn main() {
    if let Err(error) = run() {
        eprintln!("http_client: {error}");
        std::process::exit(1);
    }
}
