//! A socket by which others look at the running program: `sortie top`, `sortie dump`.
//!
//! # Purpose
//! Off by default. It is opened by the environment, `SORTIE_SOCKET`, or by
//! [`open`](crate::runtime::socket::open). A client sends a line, and gets figures as
//! JSON or a dump as text; `docs/socket.md` has the protocol.
//!
//! # What it must not disturb
//! * *The deadlock report.* A thread of its own serves; whenever it waits, which it
//!   does in one place only, it counts as asleep. It never waits for a client: what a
//!   client does not take is kept until it does.
//! * *The program's end.* A thread keeps no program alive.
//! * *Other goroutines.* Figures are read while they go on; a dump stops them as
//!   long as [`dump`](crate::runtime::dump) does.
//!
//! # Who may connect
//! The user who runs the program, and root. The file's mode says so, and the kernel is
//! asked who has connected.
//!
//! # Files
//! [`place`] says where the socket is, and removes those that killed programs left;
//! [`server`] is the thread; [`client`] one connection; [`sample`] the figures.
//!
//! # Roads not taken
//! *A goroutine that serves*: it would wait for the network, and hide deadlocks; and
//! with all processors busy it would answer late, when figures are wanted most.
//! *A signal that opens the socket*: no signal interrupts what goroutines do, so a
//! program has to be asked before.

mod client;
mod json;
mod place;
mod sample;
mod server;

use crate::base::atomic::{AtomicPtr, AtomicU32, Ordering};
use crate::sched::Scheduler;
use crate::sched::blocking::blocking;
use rustix::event::{EventfdFlags, eventfd};
use std::ffi::{CString, c_char};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::thread::JoinHandle;

/// The socket that is open, if there is one.
static OPEN: Mutex<Option<Open>> = Mutex::new(None);
/// Its path, to be removed at the process's end; each one leaked.
static PATH: AtomicPtr<c_char> = AtomicPtr::new(ptr::null_mut());
/// The process that has opened it.
static OWNER: AtomicU32 = AtomicU32::new(0);

#[derive(Debug)]
struct Open {
    path: PathBuf,
    /// Lets the thread end.
    end: Arc<OwnedFd>,
    thread: JoinHandle<()>,
}

fn lock() -> MutexGuard<'static, Option<Open>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Opens it where `wanted` says.
///
/// # Errors
/// If one is open, or there can be none at that place.
pub(crate) fn open(scheduler: &'static Scheduler, wanted: Option<&Path>) -> io::Result<PathBuf> {
    let mut open = lock();
    if let Some(open) = &*open {
        let text = format!("a socket is open already: `{}`", open.path.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
    }
    let (path, listener) = place::bind(wanted)?;
    let end = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
    let ends = end.clone();
    let spawned = std::thread::Builder::new()
        .name("sortie-socket".into())
        .stack_size(1 << 20)
        .spawn(move || server::serve(scheduler, &listener, &ends));
    let thread = spawned.inspect_err(|_| {
        let _ = std::fs::remove_file(&path);
    })?;
    remove_at_end(&path);
    *open = Some(Open {
        path: path.clone(),
        end,
        thread,
    });
    Ok(path)
}

/// Closes it. Returns whether it was open.
pub(crate) fn close() -> bool {
    let Some(open) = lock().take() else {
        return false;
    };
    PATH.store(ptr::null_mut(), Ordering::Release);
    // It may have been removed by others.
    let _ = std::fs::remove_file(&open.path);
    let _ = rustix::io::write(&*open.end, &1u64.to_ne_bytes());
    // Its panic was printed, and there is nothing more to say.
    let _ = blocking(|| open.thread.join());
    true
}

/// Where it is.
pub(crate) fn path() -> Option<PathBuf> {
    lock().as_ref().map(|open| open.path.clone())
}

/// Lets the process remove the socket at its end.
fn remove_at_end(path: &Path) {
    extern "C" fn remove() {
        let path = PATH.swap(ptr::null_mut(), Ordering::AcqRel);
        // A fork has no thread that serves, and the socket is its parent's.
        if !path.is_null() && std::process::id() == OWNER.load(Ordering::Relaxed) {
            // SAFETY: removes a file whose name was leaked.
            unsafe { libc::unlink(path) };
        }
    }
    static ONCE: Once = Once::new();
    let Ok(name) = CString::new(path.as_os_str().as_bytes()) else {
        return;
    };
    OWNER.store(std::process::id(), Ordering::Relaxed);
    PATH.store(name.into_raw(), Ordering::Release);
    ONCE.call_once(|| {
        crate::record::at_end(|| remove());
        // SAFETY: a function that may be called at any time.
        unsafe { libc::atexit(remove) };
    });
}
