//! Who does the work of a test, and where.

use crate::procs::Procs;
use sortie::net::{TcpListener, TcpStream};
use std::thread;

/// Runs `f` as a goroutine and on a plain thread.
pub(crate) fn for_both(f: impl Fn() + Send + Sync + Copy + 'static) {
    for procs in [1, 2, 8] {
        let _procs = Procs::set(procs);
        sortie::run(f);
        thread::spawn(f).join().unwrap();
    }
}

/// Tests of that name, each for both.
macro_rules! everywhere {
    ($($name:ident),* $(,)?) => {
        mod everywhere {
            $(#[test]
            fn $name() {
                $crate::crew::for_both(super::$name);
            })*
        }
    };
}

/// A member of a crew: a goroutine if the caller is one, else a thread.
pub(crate) enum Member<T> {
    Goroutine(sortie::task::JoinHandle<T>),
    Thread(thread::JoinHandle<T>),
}

pub(crate) fn start<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Member<T> {
    match sortie::task::current() {
        Some(_) => Member::Goroutine(sortie::go(f)),
        None => Member::Thread(thread::spawn(f)),
    }
}

impl<T> Member<T> {
    pub(crate) fn join(self) -> T {
        match self {
            Member::Goroutine(handle) => handle.join().unwrap(),
            Member::Thread(handle) => handle.join().unwrap(),
        }
    }

    /// Returns once it waits for a socket, as far as that can be seen from outside: a
    /// thread's wait cannot, so a test must hold also if it has not begun to wait.
    pub(crate) fn until_it_waits(&self) {
        if let Member::Goroutine(handle) = self {
            crate::parked::until_parked(handle.goroutine().id(), "IO wait");
        }
    }
}

/// Two ends of a connection over TCP.
pub(crate) fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (other, from) = listener.accept().unwrap();
    assert_eq!(from, one.local_addr().unwrap());
    (one, other)
}
