//! No descriptors are left: who accepts goes on when there are some again, and burns no
//! CPU until then.

use crate::descriptors::{limit, open, set_limit};
use crate::program::Case;
use crate::succeeds;
use sortie::net::{ClosedError, TcpListener, TcpStream, UnixListener, UnixStream};
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::linux::net::SocketAddrExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "accepting_goes_on_when_there_are_descriptors_again",
        program: accepting_goes_on,
        check: succeeds,
    },
    Case {
        name: "accepting_from_a_unix_socket_does_too",
        program: unix_goes_on,
        check: succeeds,
    },
    Case {
        name: "a_rest_ends_when_the_listener_is_closed",
        program: a_rest_ends,
        check: succeeds,
    },
    Case {
        name: "sockets_are_closed_without_descriptors",
        program: closing,
        check: succeeds,
    },
    Case {
        name: "waiting_without_descriptors_says_so",
        program: waiting,
        check: succeeds,
    },
];

/// Errors that who accepts got.
static ERRORS: AtomicUsize = AtomicUsize::new(0);

/// How long nothing is left. A rest of 5 milliseconds that doubles comes to an end six times
/// in it; a loop without would do so 100 000 times.
const DROUGHT: Duration = Duration::from_millis(300);
/// CPU time of a loop with rests in that time, generously.
const LITTLE: Duration = Duration::from_millis(100);

/// Takes all descriptors that this process may have.
fn take_all() -> Vec<File> {
    let hard = limit().rlim_max as usize;
    set_limit(open() + 20, hard).unwrap();
    let mut taken = Vec::new();
    loop {
        match File::open("/dev/null") {
            Ok(file) => taken.push(file),
            Err(error) => {
                assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
                return taken;
            }
        }
    }
}

/// CPU time of this process.
fn cpu_time() -> Duration {
    // SAFETY: all zeros are a value of it.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: writes it.
    assert_eq!(unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) }, 0);
    let duration = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec as u64) + Duration::from_micros(time.tv_usec as u64)
    };
    duration(usage.ru_utime) + duration(usage.ru_stime)
}

/// A client connects while nothing is left, and is answered when something is.
fn dry_spell<C: Read + Write + Send>(connect: impl FnOnce() -> C) {
    let taken = take_all();
    let mut client = connect();
    client.write_all(b"x").unwrap();
    while ERRORS.load(Ordering::Acquire) == 0 {
        sortie::yield_now();
    }
    let (start, cpu, errors) = (Instant::now(), cpu_time(), ERRORS.load(Ordering::Acquire));
    sortie::sleep(DROUGHT);
    let (elapsed, cpu) = (start.elapsed(), cpu_time() - cpu);
    let errors = ERRORS.load(Ordering::Acquire) - errors;
    println!("without descriptors for {elapsed:.0?}: {errors} errors, {cpu:.1?} of CPU time");
    assert!(errors >= 1, "it tries again");
    assert!(errors as u128 <= 8 + elapsed.as_millis() / 100, "it spins");
    assert!(cpu < LITTLE + elapsed / 10, "it burns CPU time");
    drop(taken);
    let mut answer = [0];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"x");
}

/// What one would write without a thought: errors are ignored.
fn accepting_goes_on() {
    sortie::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        sortie::go(move || {
            for stream in listener.incoming() {
                match stream {
                    Ok(stream) => drop(sortie::go(move || io::copy(&mut &stream, &mut &stream))),
                    Err(_) => drop(ERRORS.fetch_add(1, Ordering::AcqRel)),
                }
            }
        });
        // As many as are made before are served during and after it.
        let mut early = TcpStream::connect(address).unwrap();
        let mut greet = move || {
            early.write_all(b"y").unwrap();
            early.read_exact(&mut [0]).unwrap();
        };
        greet();
        let socket = client();
        dry_spell(|| {
            greet();
            socket.connect(&address.into()).unwrap();
            TcpStream::from(std::net::TcpStream::from(socket))
        });
        greet();
        // It happens again, and the first rest is a short one again.
        let socket = client();
        ERRORS.store(0, Ordering::Release);
        dry_spell(|| {
            socket.connect(&address.into()).unwrap();
            TcpStream::from(std::net::TcpStream::from(socket))
        });
    });
}

/// A socket that has its descriptor already.
fn client() -> socket2::Socket {
    socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap()
}

fn unix_goes_on() {
    sortie::run(|| {
        let name = format!("sortie-dry-{}", std::process::id());
        let address =
            <std::os::unix::net::SocketAddr as SocketAddrExt>::from_abstract_name(&name).unwrap();
        let listener = UnixListener::bind_addr(&address).unwrap();
        sortie::go(move || {
            for stream in &listener {
                match stream {
                    Ok(stream) => drop(sortie::go(move || io::copy(&mut &stream, &mut &stream))),
                    Err(_) => drop(ERRORS.fetch_add(1, Ordering::AcqRel)),
                }
            }
        });
        let socket =
            socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
        dry_spell(|| {
            let address = socket2::SockAddr::unix(format!("\0{name}")).unwrap();
            socket.connect(&address).unwrap();
            UnixStream::from(std::os::unix::net::UnixStream::from(socket))
        });
    });
}

fn a_rest_ends() {
    sortie::run(|| {
        let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
        let accepts = listener.clone();
        let acceptor = sortie::go(move || {
            let mut incoming = accepts.incoming();
            loop {
                match incoming.next().unwrap() {
                    Err(error) if ClosedError::is(&error) => return,
                    Err(error) if error.raw_os_error() == Some(libc::EMFILE) => {
                        ERRORS.fetch_add(1, Ordering::AcqRel);
                    }
                    other => panic!("{other:?}"),
                }
            }
        });
        // The poller, and what closing needs, want descriptors of their own.
        until_somebody_waits();
        let socket = client();
        let _taken = take_all();
        let address = listener.local_addr().unwrap();
        socket.connect(&address.into()).unwrap();
        // The next rest is of 640 milliseconds.
        while ERRORS.load(Ordering::Acquire) < 8 {
            sortie::sleep(Duration::from_millis(1));
        }
        let start = Instant::now();
        listener.close().unwrap();
        acceptor.join().unwrap();
        let elapsed = start.elapsed();
        println!("a rest of 640 ms ended {elapsed:.1?} after closing");
        assert!(elapsed < Duration::from_millis(320));
    });
}

fn until_somebody_waits() {
    while !sortie::runtime::dump().to_string().contains("IO wait") {
        sortie::yield_now();
    }
}

/// Closing for all needs a descriptor, once. Without one it is no worse.
fn closing() {
    sortie::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let one = TcpStream::connect(address).unwrap();
        let (mut other, _) = listener.accept().unwrap();
        let one = Arc::new(one);
        let reads = one.clone();
        let reader = sortie::go(move || (&*reads).read(&mut [0]).unwrap_err());
        until_somebody_waits();
        let taken = take_all();
        one.close().unwrap();
        assert!(ClosedError::is(&reader.join().unwrap()));
        assert!(ClosedError::is(&(&*one).write(&[0]).unwrap_err()));
        assert!(ClosedError::is(&one.close().unwrap_err()));
        assert_eq!(other.read(&mut [0]).unwrap(), 0);
        listener.close().unwrap();
        assert!(ClosedError::is(&listener.accept().unwrap_err()));
        drop(taken);
        TcpStream::connect(address).unwrap_err();
        drop(listener);
        TcpListener::bind(address).unwrap();
    });
}

/// The poller itself needs descriptors. If there are none, whoever would have to wait is
/// told, and can wait later.
fn waiting() {
    sortie::run(|| {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let socket = sortie::net::UdpSocket::bind(any).unwrap();
        let own = socket.local_addr().unwrap();
        let taken = take_all();
        let error = socket.recv(&mut [0]).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
        // What need not wait goes on.
        socket.send_to(b"x", own).unwrap();
        assert_eq!(socket.recv(&mut [0]).unwrap(), 1);
        drop(taken);
        let socket = Arc::new(socket);
        let receives = socket.clone();
        let receiver = sortie::go(move || receives.recv(&mut [0]));
        socket.send_to(b"x", own).unwrap();
        assert_eq!(receiver.join().unwrap().unwrap(), 1);
    });
}
