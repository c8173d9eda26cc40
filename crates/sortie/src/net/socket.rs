//! What all sockets have in common: trying, waiting, deadlines, closing.

use super::error::{closed, expired};
use super::pause::Pause;
use crate::base::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::base::clock::{self, NEVER};
use crate::context::Context;
use crate::goroutine::WaitReason;
use crate::park::Place;
use crate::park::readiness::{Refused, Seen, Turn, Woken};
use crate::park::source::{Direction, SourceRef};
use crate::park::wait_queue::{End, Until};
use crate::runtime::try_scheduler;
use crate::time::Instant;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::net::{RecvFlags, SendFlags};
use socket2::{SockAddr, SockRef};
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

/// How far an operation is that had to wait.
struct Progress<'a> {
    turn: Turn<'a>,
    /// When it ends in any case.
    deadline: Option<u64>,
    /// If it tries again without an event.
    pause: Option<Pause>,
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

    /// Where it waits.
    pub(super) fn place(&self) -> Place {
        Place {
            reason: WaitReason::IoWait,
            location: self.location,
            origin: None,
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
        attempt: impl FnMut(&S) -> io::Result<T>,
    ) -> io::Result<T> {
        self.operate_with(how, None, attempt)
    }

    /// The same where no event tells when there is a point in trying again: it is tried
    /// after a pause as well, and a longer one each time.
    pub(super) fn operate_unheard<T>(
        &self,
        how: How<'_>,
        attempt: impl FnMut(&S) -> io::Result<T>,
    ) -> io::Result<T> {
        self.operate_with(how, Some(Pause::new()), attempt)
    }

    /// Receives a datagram, with these flags. Also the end of reading is told, by a datagram
    /// without bytes: the system tells it only to a call that may wait.
    #[inline]
    pub(super) fn receive_datagram<T>(
        &self,
        how: How<'_>,
        flags: i32,
        mut attempt: impl FnMut(&S, i32) -> io::Result<T>,
    ) -> io::Result<T> {
        self.operate(how, |inner| match attempt(inner, flags | NO_WAIT) {
            Err(error)
                if error.kind() == ErrorKind::WouldBlock
                    && !self.is_nonblocking()
                    && self.source.may_have_ended()
                    && is_shut_for_reading(inner) =>
            {
                attempt(inner, flags)
            }
            done => done,
        })
    }

    /// Receives a datagram, and tells where from.
    pub(super) fn receive_from(
        &self,
        how: How<'_>,
        buffer: &mut [u8],
        flags: i32,
    ) -> io::Result<(usize, SockAddr)> {
        self.receive_datagram(how, flags, |inner, flags| {
            SockRef::from(inner).recv_from_with_flags(uninit(buffer), flags)
        })
    }

    #[inline]
    fn operate_with<T>(
        &self,
        how: How<'_>,
        pause: Option<Pause>,
        mut attempt: impl FnMut(&S) -> io::Result<T>,
    ) -> io::Result<T> {
        if let Some(context) = how.context {
            context.check()?;
        }
        let readiness = self.source.direction(how.direction);
        let mut progress = Progress {
            turn: readiness.turn(),
            deadline: None,
            pause,
        };
        loop {
            let seen = match readiness.begin() {
                Ok(seen) => seen,
                Err(refused) => return Err(error_of(refused, how.context)),
            };
            match attempt(self.inner()) {
                Ok(done) => return Ok(done),
                Err(error) => self.after_error(how, seen, &mut progress, error)?,
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
        progress: &mut Progress<'_>,
        error: io::Error,
    ) -> io::Result<()> {
        match error.kind() {
            ErrorKind::Interrupted => return Ok(()),
            ErrorKind::WouldBlock => progress.turn.end(),
            _ if self.source.direction(how.direction).is_closed() => return Err(closed()),
            _ => return Err(error),
        }
        if self.is_nonblocking() {
            return Err(error);
        }
        let deadline = *progress.deadline.get_or_insert_with(|| {
            let timeout = self.timeout_of(how.direction).get();
            timeout.map_or(NEVER, clock::after)
        });
        let until = match &mut progress.pause {
            None => deadline,
            Some(pause) => deadline.min(pause.end()),
        };
        match self.wait(how, (seen, progress.turn.place()), until)? {
            Ok(woken) => progress.turn.begin(woken),
            Err(Refused::TimedOut) if until < deadline => {}
            Err(refused) => return Err(error_of(refused, how.context)),
        }
        Ok(())
    }

    /// Waits for an event since `seen`.
    fn wait(
        &self,
        how: How<'_>,
        (seen, end): (Seen, End),
        deadline: u64,
    ) -> io::Result<Result<Woken, Refused>> {
        let until = Until {
            deadline,
            interrupt: how.context.and_then(Context::interrupt),
        };
        let fd = self.inner().as_fd();
        let direction = (how.direction, seen, end);
        self.source
            .wait(fd, direction, until, how.place(), try_scheduler)
    }

    /// Waits until `is_done`, which is asked whenever there was an event, at `deadline`
    /// at the latest.
    pub(super) fn wait_until(
        &self,
        how: How<'_>,
        deadline: u64,
        mut is_done: impl FnMut(&S) -> io::Result<bool>,
    ) -> io::Result<()> {
        let readiness = self.source.direction(how.direction);
        let mut turn = readiness.turn();
        let refused = loop {
            let seen = match readiness.begin() {
                Ok(seen) => seen,
                Err(refused) => break refused,
            };
            if is_done(self.inner())? {
                return Ok(());
            }
            turn.end();
            match self.wait(how, (seen, turn.place()), deadline)? {
                Ok(woken) => turn.begin(woken),
                Err(refused) => break refused,
            }
        };
        Err(error_of(refused, how.context))
    }

    /// Lets so much time pass, unless it is closed or its deadline passes meanwhile.
    pub(super) fn rest(&self, how: How<'_>, duration: Duration) {
        let deadline = clock::after(duration);
        let readiness = self.source.direction(how.direction);
        let mut turn = readiness.turn();
        while let Ok(seen) = readiness.begin() {
            match self.wait(how, (seen, End::Back), deadline) {
                Ok(Ok(woken)) => {
                    // Somebody else may want what is there.
                    turn.begin(woken);
                    turn = readiness.turn();
                }
                Ok(Err(_)) => return,
                Err(_) => {
                    let left = deadline.saturating_sub(clock::now());
                    return crate::time::sleep(Duration::from_nanos(left));
                }
            }
        }
    }

    /// Closes it for all who use it. The number of its descriptor stays in use, so that
    /// whoever has borrowed that is safe, until it is dropped.
    pub(super) fn close(&self) -> io::Result<()> {
        let fd = self.inner().as_fd();
        if self.source.direction(Direction::Read).is_closed() {
            return Err(closed());
        }
        self.source.close();
        self.source.remove(fd);
        let Ok(dead) = dead_descriptor() else {
            // There is no descriptor left to make it by. The connection ends all the same;
            // what has none is just not used any more.
            let _ = SockRef::from(&fd).shutdown(std::net::Shutdown::Both);
            return Ok(());
        };
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

/// Whether nothing will ever arrive.
#[cold]
fn is_shut_for_reading(socket: &impl AsFd) -> bool {
    let mut look = [PollFd::new(socket, PollFlags::RDHUP)];
    let looked = rustix::event::poll(&mut look, Some(&Timespec::default()));
    looked.is_ok() && look[0].revents().contains(PollFlags::RDHUP)
}

/// Turns what may be waited for into what may not: one call only.
pub(super) const NO_WAIT: i32 = libc::MSG_DONTWAIT;
/// The same for sending, without a signal if nobody listens.
pub(super) const SEND: i32 = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;

/// Receives. A call with [`NO_WAIT`] does not wait.
#[inline]
pub(super) fn receive(socket: &impl AsFd, buffer: &mut [u8], flags: i32) -> io::Result<usize> {
    let flags = RecvFlags::from_bits_retain(flags as u32);
    Ok(rustix::net::recv(socket, buffer, flags)?.0)
}

/// Receives from a connection without waiting. Whoever wants nothing gets it at once, as in
/// Go; the system would wait for something to be there.
#[inline]
pub(super) fn receive_some(socket: &impl AsFd, buffer: &mut [u8], flags: i32) -> io::Result<usize> {
    match buffer.is_empty() {
        true => Ok(0),
        false => receive(socket, buffer, flags | NO_WAIT),
    }
}

/// Receives from a connection into several buffers without waiting.
pub(super) fn receive_vectored(
    socket: &impl AsFd,
    buffers: &mut [IoSliceMut<'_>],
) -> io::Result<usize> {
    if buffers.iter().all(|buffer| buffer.is_empty()) {
        return Ok(0);
    }
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
fn uninit(buffer: &mut [u8]) -> &mut [MaybeUninit<u8>] {
    // SAFETY: the same layout; socket2 writes initialised bytes only.
    unsafe { &mut *(std::ptr::from_mut(buffer) as *mut [MaybeUninit<u8>]) }
}
