//! What all sockets have in common: trying, waiting, deadlines, closing.

use super::error::{closed, expired};
use crate::base::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::base::clock::{self, NEVER};
use crate::context::Context;
use crate::goroutine::WaitReason;
use crate::park::Place;
use crate::park::readiness::{Refused, Seen};
use crate::park::source::{Direction, SourceRef};
use crate::park::wait_queue::Until;
use crate::runtime::try_scheduler;
use crate::time::Instant;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, SendFlags};
use socket2::SockRef;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::panic::Location;
use std::sync::OnceLock;
use std::time::Duration;

/// A socket of std's, and who waits for it.
#[derive(Debug)]
pub(super) struct Socket<S: AsFd> {
    /// Taken out when it is turned into one of std's.
    inner: Option<S>,
    source: SourceRef,
    /// Whether it never waits.
    nonblocking: AtomicBool,
    read_timeout: Timeout,
    write_timeout: Timeout,
}

/// How long a call waits at most, in nanoseconds.
#[derive(Debug)]
struct Timeout(AtomicU64);

impl Timeout {
    fn get(&self) -> Option<Duration> {
        match self.0.load(Ordering::Relaxed) {
            NEVER => None,
            timeout => Some(Duration::from_nanos(timeout)),
        }
    }

    fn set(&self, timeout: Option<Duration>) {
        let nanoseconds = timeout.map_or(NEVER, |timeout| {
            u64::try_from(timeout.as_nanos()).unwrap_or(NEVER)
        });
        self.0.store(nanoseconds, Ordering::Relaxed);
    }
}

/// How one call waits.
#[derive(Clone, Copy)]
pub(super) struct How<'a> {
    pub(super) direction: Direction,
    pub(super) context: Option<&'a Context>,
    pub(super) location: &'static Location<'static>,
}

impl How<'_> {
    /// A call that reads, by the caller's caller.
    #[track_caller]
    #[inline]
    pub(super) fn read(context: Option<&Context>) -> How<'_> {
        How {
            direction: Direction::Read,
            context,
            location: Location::caller(),
        }
    }

    /// A call that writes, by the caller's caller.
    #[track_caller]
    #[inline]
    pub(super) fn write(context: Option<&Context>) -> How<'_> {
        How {
            direction: Direction::Write,
            context,
            location: Location::caller(),
        }
    }
}

impl<S: AsFd> Socket<S> {
    pub(super) fn new(inner: S) -> Self {
        // To close one should not fail because there are too many.
        let _ = dead_descriptor();
        Socket {
            inner: Some(inner),
            source: SourceRef::take(),
            nonblocking: AtomicBool::new(false),
            read_timeout: Timeout(AtomicU64::new(NEVER)),
            write_timeout: Timeout(AtomicU64::new(NEVER)),
        }
    }

    /// Another handle, with the same settings. `inner` is a duplicate of this one's.
    pub(super) fn sibling(&self, inner: S) -> io::Result<Self> {
        if self.source.direction(Direction::Read).is_closed() {
            // Perhaps one of what has taken its place.
            return Err(closed());
        }
        let sibling = Socket::new(inner);
        sibling.set_nonblocking(self.is_nonblocking());
        sibling.read_timeout.set(self.read_timeout.get());
        sibling.write_timeout.set(self.write_timeout.get());
        Ok(sibling)
    }

    #[inline(always)]
    pub(super) fn inner(&self) -> &S {
        self.inner.as_ref().expect("taken out only at the end")
    }

    /// Gives std's socket back.
    pub(super) fn into_inner(mut self) -> S {
        self.source.remove(self.inner().as_fd());
        self.inner.take().expect("taken out only here")
    }

    pub(super) fn set_nonblocking(&self, nonblocking: bool) {
        self.nonblocking.store(nonblocking, Ordering::Relaxed);
    }

    pub(super) fn is_nonblocking(&self) -> bool {
        self.nonblocking.load(Ordering::Relaxed)
    }

    fn timeout_of(&self, direction: Direction) -> &Timeout {
        match direction {
            Direction::Read => &self.read_timeout,
            Direction::Write => &self.write_timeout,
        }
    }

    pub(super) fn timeout(&self, direction: Direction) -> Option<Duration> {
        self.timeout_of(direction).get()
    }

    pub(super) fn set_timeout(
        &self,
        direction: Direction,
        timeout: Option<Duration>,
    ) -> io::Result<()> {
        if timeout == Some(Duration::ZERO) {
            let problem = "cannot set a 0 duration timeout";
            return Err(io::Error::new(ErrorKind::InvalidInput, problem));
        }
        self.timeout_of(direction).set(timeout);
        Ok(())
    }

    pub(super) fn set_deadline(&self, direction: Direction, deadline: Option<Instant>) {
        let limit = deadline.map_or(NEVER, Instant::on_clock);
        self.source.direction(direction).set_limit(limit);
    }

    /// Tries until it is done, or there is no point in trying.
    #[inline]
    pub(super) fn operate<T>(
        &self,
        how: How<'_>,
        mut attempt: impl FnMut(&S) -> io::Result<T>,
    ) -> io::Result<T> {
        if let Some(context) = how.context {
            context.check()?;
        }
        let readiness = self.source.direction(how.direction);
        let mut deadline = None;
        loop {
            let seen = match readiness.begin() {
                Ok(seen) => seen,
                Err(refused) => return Err(error_of(refused, how.context)),
            };
            match attempt(self.inner()) {
                Ok(done) => return Ok(done),
                Err(error) => self.after_error(how, seen, &mut deadline, error)?,
            }
        }
    }

    /// Waits if that helps.
    #[cold]
    #[inline(never)]
    fn after_error(
        &self,
        how: How<'_>,
        seen: Seen,
        deadline: &mut Option<u64>,
        error: io::Error,
    ) -> io::Result<()> {
        match error.kind() {
            ErrorKind::Interrupted => return Ok(()),
            ErrorKind::WouldBlock if !self.is_nonblocking() => {}
            _ if self.source.direction(how.direction).is_closed() => return Err(closed()),
            _ => return Err(error),
        }
        let deadline = *deadline.get_or_insert_with(|| {
            let timeout = self.timeout_of(how.direction).get();
            timeout.map_or(NEVER, clock::after)
        });
        self.wait(how, seen, deadline)
    }

    /// The same for a call that may become possible without an event: it is tried again
    /// after a while in any case.
    pub(super) fn operate_patiently<T>(
        &self,
        how: How<'_>,
        mut attempt: impl FnMut(&S) -> io::Result<T>,
    ) -> io::Result<T> {
        const FIRST: Duration = Duration::from_micros(50);
        const LONGEST: Duration = Duration::from_millis(10);
        let timeout = self.timeout_of(how.direction).get();
        let deadline = timeout.map_or(NEVER, clock::after);
        let mut pause = FIRST;
        loop {
            let seen = self
                .source
                .direction(how.direction)
                .begin()
                .map_err(|refused| error_of(refused, how.context))?;
            let error = match attempt(self.inner()) {
                Ok(done) => return Ok(done),
                Err(error) => error,
            };
            let until = deadline.min(clock::after(pause));
            match self.after_error(how, seen, &mut Some(until), error) {
                // It is over for now, but there is time left.
                Err(error)
                    if error.kind() == ErrorKind::WouldBlock
                        && until < deadline
                        && !self.is_nonblocking() => {}
                done => done?,
            }
            pause = (2 * pause).min(LONGEST);
        }
    }

    /// What came of receiving a datagram; the end, if receiving was shut down. A call that
    /// waits would tell that, but one that does not says for ever that there is nothing
    /// yet.
    pub(super) fn or_end<T>(
        &self,
        received: io::Result<T>,
        end: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        match received {
            Err(error) if error.kind() == ErrorKind::WouldBlock && self.has_ended() => end(),
            received => received,
        }
    }

    /// Whether receiving was shut down, which is an event like others.
    fn has_ended(&self) -> bool {
        if !self.source.may_have_ended() || self.is_nonblocking() {
            return false;
        }
        let fd = self.inner();
        let mut fds = [PollFd::new(fd, PollFlags::RDHUP)];
        let polled = poll(&mut fds, Some(&Timespec::default()));
        polled.is_ok() && fds[0].revents().contains(PollFlags::RDHUP)
    }

    /// Waits for an event since `seen`.
    fn wait(&self, how: How<'_>, seen: Seen, deadline: u64) -> io::Result<()> {
        let until = Until {
            deadline,
            interrupt: how.context.and_then(Context::interrupt),
        };
        let place = Place {
            reason: WaitReason::IoWait,
            location: how.location,
            origin: None,
        };
        let fd = self.inner().as_fd();
        self.source
            .wait(fd, (how.direction, seen), until, place, try_scheduler)?
            .map_err(|refused| error_of(refused, how.context))
    }

    /// Waits until `is_done`, which is asked whenever there was an event, at `deadline`
    /// at the latest.
    pub(super) fn wait_until(
        &self,
        how: How<'_>,
        deadline: u64,
        mut is_done: impl FnMut(&S) -> io::Result<bool>,
    ) -> io::Result<()> {
        loop {
            let readiness = self.source.direction(how.direction);
            let seen = readiness
                .begin()
                .map_err(|refused| error_of(refused, how.context))?;
            if is_done(self.inner())? {
                return Ok(());
            }
            self.wait(how, seen, deadline)?;
        }
    }

    /// Closes it for all who use it. The number of its descriptor stays in use, so that
    /// whoever has borrowed that is safe, until it is dropped.
    pub(super) fn close(&self) -> io::Result<()> {
        let fd = self.inner().as_fd();
        let dead = dead_descriptor()?;
        if self.source.direction(Direction::Read).is_closed() {
            return Err(closed());
        }
        self.source.close();
        self.source.remove(fd);
        // SAFETY: both are open; the descriptor goes on to exist, as another file.
        match unsafe { libc::dup3(dead.as_raw_fd(), fd.as_raw_fd(), libc::O_CLOEXEC) } {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }
}

/// Of what closed descriptors become: one that stands for a place only, of which every call
/// says that it is a bad descriptor. There is one for all of them, so a socket would not do:
/// somebody could connect it.
fn dead_descriptor() -> io::Result<BorrowedFd<'static>> {
    static DEAD: OnceLock<File> = OnceLock::new();
    if let Some(dead) = DEAD.get() {
        return Ok(dead.as_fd());
    }
    let new = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_PATH)
        .open("/")?;
    Ok(DEAD.get_or_init(|| new).as_fd())
}

impl<S: AsFd> Drop for Socket<S> {
    fn drop(&mut self) {
        if let Some(inner) = &self.inner {
            self.source.remove(inner.as_fd());
        }
    }
}

impl<S: AsFd> AsFd for Socket<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner().as_fd()
    }
}

#[cold]
fn error_of(refused: Refused, context: Option<&Context>) -> io::Error {
    match (refused, context) {
        // As the kernel says it when SO_RCVTIMEO is over.
        (Refused::TimedOut, _) => io::Error::from_raw_os_error(libc::EAGAIN),
        (Refused::Expired, _) => expired(),
        (Refused::Closed, _) => closed(),
        (Refused::Interrupted, Some(context)) => context.ended().into(),
        (Refused::Interrupted, None) => unreachable!("nothing interrupts this"),
    }
}

/// Turns what may be waited for into what may not: one call only.
pub(super) const NO_WAIT: i32 = libc::MSG_DONTWAIT;
/// The same for sending, without a signal if nobody listens.
pub(super) const SEND: i32 = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;

/// Receives without waiting.
#[inline]
pub(super) fn receive(socket: &impl AsFd, buffer: &mut [u8], flags: i32) -> io::Result<usize> {
    let flags = RecvFlags::from_bits_retain((flags | NO_WAIT) as u32);
    Ok(rustix::net::recv(socket, buffer, flags)?.0)
}

/// Receives into several buffers without waiting.
pub(super) fn receive_vectored(
    socket: &impl AsFd,
    buffers: &mut [IoSliceMut<'_>],
) -> io::Result<usize> {
    let mut header = MaybeUninit::<libc::msghdr>::zeroed();
    // SAFETY: all zeros are a header without anything.
    let header = unsafe { header.assume_init_mut() };
    header.msg_iov = buffers.as_mut_ptr().cast();
    header.msg_iovlen = buffers.len().min(MOST_BUFFERS);
    let fd = socket.as_fd().as_raw_fd();
    // SAFETY: `IoSliceMut` has the layout of `iovec`; the buffers outlive the call.
    match unsafe { libc::recvmsg(fd, header, NO_WAIT) } {
        -1 => Err(io::Error::last_os_error()),
        count => Ok(count as usize),
    }
}

/// Sends without waiting.
#[inline]
pub(super) fn send(socket: &impl AsFd, buffer: &[u8]) -> io::Result<usize> {
    let flags = SendFlags::from_bits_retain(SEND as u32);
    Ok(rustix::net::send(socket, buffer, flags)?)
}

/// Sends what is in several buffers without waiting.
pub(super) fn send_vectored(socket: &impl AsFd, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    let buffers = &buffers[..buffers.len().min(MOST_BUFFERS)];
    SockRef::from(socket).send_vectored_with_flags(buffers, SEND)
}

/// More at once the system refuses.
const MOST_BUFFERS: usize = libc::UIO_MAXIOV as usize;

/// As those want it who write to it only.
#[inline]
pub(super) fn uninit(buffer: &mut [u8]) -> &mut [MaybeUninit<u8>] {
    // SAFETY: the same layout; socket2 writes initialised bytes only.
    unsafe { &mut *(std::ptr::from_mut(buffer) as *mut [MaybeUninit<u8>]) }
}
