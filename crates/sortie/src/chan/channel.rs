//! The two halves of a channel.

use super::block_list::List;
use super::buffer::Buffer;
use super::buffered::Buffered;
use super::core::{Core, Side};
use super::errors::{
    RecvError, RecvTimeoutError, Refused, SendError, SendTimeoutError, TryRecvError, TrySendError,
};
use super::ring::Ring;
use super::timer::{self, At, Tick, Times};
use super::wait::Wait;
use super::zero::Zero;
use crate::base::atomic::{AtomicUsize, Ordering};
use crate::base::clock::{self, NEVER};
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Deadline of what is done now or not at all.
const NOW: u64 = 0;

/// How messages get across.
#[derive(Debug)]
pub(super) enum Flavour<T> {
    Zero(Zero<T>),
    Bounded(Buffered<T, Ring<T>>),
    Unbounded(Buffered<T, List<T>>),
}

/// What the halves share.
#[derive(Debug)]
pub(super) struct Shared<T> {
    pub(super) flavour: Flavour<T>,
    senders: AtomicUsize,
    receivers: AtomicUsize,
}

/// Calls the same method of whatever flavour it is.
macro_rules! each {
    ($shared:expr, $channel:ident => $call:expr) => {
        match &$shared.flavour {
            Flavour::Zero($channel) => $call,
            Flavour::Bounded($channel) => $call,
            Flavour::Unbounded($channel) => $call,
        }
    };
}

impl<T> Shared<T> {
    fn pair(flavour: Flavour<T>) -> (Sender<T>, Receiver<T>) {
        let shared = Arc::new(Shared {
            flavour,
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(1),
        });
        let sender = Sender {
            shared: Arc::clone(&shared),
        };
        let receiver = Receiver {
            source: Source::Channel(shared),
        };
        (sender, receiver)
    }

    fn close(&self) -> bool {
        each!(self, channel => channel.close())
    }

    pub(super) fn is_closed(&self) -> bool {
        each!(self, channel => channel.core.flags() & super::core::CLOSED != 0)
    }

    #[inline(always)]
    fn send(
        &self,
        message: T,
        deadline: u64,
        location: &'static Location<'static>,
    ) -> Result<(), Refused<T>> {
        each!(self, channel => channel.send(message, deadline, location))
    }

    #[inline(always)]
    fn receive(
        &self,
        deadline: u64,
        location: &'static Location<'static>,
    ) -> Result<T, Refused<()>> {
        each!(self, channel => channel.receive(deadline, location))
    }

    fn len(&self) -> usize {
        match &self.flavour {
            Flavour::Zero(_) => 0,
            Flavour::Bounded(channel) => channel.buffer.len(),
            Flavour::Unbounded(channel) => channel.buffer.len(),
        }
    }

    fn capacity(&self) -> Option<usize> {
        match &self.flavour {
            Flavour::Zero(_) => Some(0),
            Flavour::Bounded(channel) => channel.buffer.capacity(),
            Flavour::Unbounded(_) => None,
        }
    }

    pub(super) fn core(&self) -> &Core {
        each!(self, channel => &channel.core)
    }

    /// Whether an operation of that side would not wait. Who waits with `own`
    /// does not count.
    pub(super) fn is_possible(&self, side: Side, own: *const Wait) -> bool {
        match &self.flavour {
            Flavour::Zero(channel) => channel.is_met(side, own),
            Flavour::Bounded(channel) => channel.is_possible(side),
            Flavour::Unbounded(channel) => channel.is_possible(side),
        }
    }

    /// A number that has changed if an operation has become possible.
    pub(super) fn version(&self) -> u64 {
        match &self.flavour {
            Flavour::Zero(channel) => channel.core.version(),
            Flavour::Bounded(channel) => channel.buffer.version(),
            Flavour::Unbounded(channel) => channel.buffer.version(),
        }
    }

    /// All receivers are gone: nobody will ask for what is there.
    fn discard(&self) {
        match &self.flavour {
            Flavour::Zero(_) => {}
            Flavour::Bounded(channel) => discard(&channel.buffer),
            Flavour::Unbounded(channel) => discard(&channel.buffer),
        }
    }
}

/// Drops all messages. If a destructor panics the rest is forgotten: the channel
/// is going to be dropped while that panic unwinds, where another would abort.
fn discard<T>(buffer: &impl Buffer<T>) {
    struct Rest<'a, T, B: Buffer<T>>(&'a B, PhantomData<T>);
    impl<T, B: Buffer<T>> Drop for Rest<'_, T, B> {
        fn drop(&mut self) {
            while let Ok(Some(message)) = self.0.pop() {
                mem::forget(message);
            }
        }
    }
    let rest = Rest(buffer, PhantomData);
    while let Ok(Some(message)) = buffer.pop() {
        drop(message);
    }
    mem::forget(rest);
}

/// Makes a channel without a bound: sending never waits.
///
/// Go has none. Prefer [`bounded`], which makes a producer that is faster than
/// its consumer wait, instead of the memory grow.
///
/// # Examples
/// ```
/// let (sender, receiver) = sortie::chan::unbounded();
/// for i in 0..1000 {
///     sender.send(i).unwrap();
/// }
/// drop(sender);
/// assert_eq!(receiver.iter().sum::<i32>(), 499_500);
/// ```
#[track_caller]
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    let origin = Location::caller();
    Shared::pair(Flavour::Unbounded(Buffered::new(List::new(), origin)))
}

/// Makes a channel that holds up to `capacity` messages: Go's
/// `make(chan T, capacity)`.
///
/// Without capacity it is a rendezvous: sender and receiver wait for each other,
/// and the message goes from one to the other.
///
/// # Panics
/// If there is no memory for `capacity` messages.
///
/// # Examples
/// ```
/// sortie::run(|| {
///     let (sender, receiver) = sortie::chan::bounded(0);
///     sortie::go(move || sender.send("hello"));
///     assert_eq!(receiver.recv(), Ok("hello"));
/// });
/// ```
#[track_caller]
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let origin = Location::caller();
    Shared::pair(match capacity {
        0 => Flavour::Zero(Zero::new(origin)),
        _ => Flavour::Bounded(Buffered::new(Ring::new(capacity), origin)),
    })
}

/// Makes a receiver that gets one message, the time, after `duration`: Go's
/// `time.After`.
///
/// It needs no timer until somebody waits for it, and is never disconnected.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use sortie::chan;
///
/// sortie::run(|| {
///     let (_sender, receiver) = chan::bounded::<u32>(1);
///     chan::select! {
///         recv(receiver) -> _ => unreachable!("nobody sends"),
///         recv(chan::after(Duration::from_millis(1))) -> _ => println!("time-out"),
///     }
/// });
/// ```
pub fn after(duration: Duration) -> Receiver<Instant> {
    Instant::now().checked_add(duration).map_or(never(), at)
}

/// Makes a receiver that gets one message, `when`, at that time.
///
/// # Examples
/// ```
/// use std::time::{Duration, Instant};
///
/// let when = Instant::now() + Duration::from_millis(1);
/// assert_eq!(sortie::chan::at(when).recv(), Ok(when));
/// assert!(Instant::now() >= when);
/// ```
pub fn at(when: Instant) -> Receiver<Instant> {
    Receiver {
        source: Source::At(Arc::new(At::new(when))),
    }
}

/// Makes a receiver that gets a message, the time, whenever a `period` has
/// passed: Go's `time.Tick`.
///
/// It holds one message at most: ticks that nobody takes in time are dropped, and
/// the next comes a period after the late one was taken. It is never
/// disconnected.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// let ticks = sortie::chan::tick(Duration::from_millis(1));
/// assert_eq!(ticks.iter().take(3).count(), 3);
/// ```
pub fn tick(period: Duration) -> Receiver<Instant> {
    match Tick::new(period) {
        Some(tick) => Receiver {
            source: Source::Tick(Arc::new(tick)),
        },
        None => never(),
    }
}

/// Makes a receiver that never gets a message and is never disconnected: Go's
/// nil channel. As a case of a `select` it is as if the case were not there.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use sortie::chan::{self, RecvTimeoutError};
///
/// let timeout = Duration::from_millis(1);
/// assert_eq!(chan::never::<()>().recv_timeout(timeout), Err(RecvTimeoutError::Timeout));
/// ```
pub const fn never<T>() -> Receiver<T> {
    Receiver {
        source: Source::Never,
    }
}

/// The sending half of a channel. Clones send into the same channel; when the
/// last is dropped, the channel is closed.
///
/// # Examples
/// ```
/// sortie::run(|| {
///     let (sender, receiver) = sortie::chan::bounded(2);
///     for i in 0..3 {
///         let sender = sender.clone();
///         sortie::go(move || sender.send(i));
///     }
///     drop(sender);
///     let mut all: Vec<i32> = receiver.iter().collect();
///     all.sort();
///     assert_eq!(all, [0, 1, 2]);
/// });
/// ```
pub struct Sender<T> {
    pub(super) shared: Arc<Shared<T>>,
}

// SAFETY: what it shares may be used by any thread, if messages may go there. Said
// here so that the compiler, if they may not, names the half.
unsafe impl<T: Send> Send for Sender<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Sender<T> {}

impl<T> UnwindSafe for Sender<T> {}
impl<T> RefUnwindSafe for Sender<T> {}

impl<T> Sender<T> {
    /// Sends a message if that is possible at once.
    ///
    /// Into a channel without capacity it is if a receiver waits. Go's `select`
    /// with a send case and `default`.
    ///
    /// # Errors
    /// If there is no room, or the channel is closed. The error has the message.
    ///
    /// # Examples
    /// ```
    /// use sortie::chan::{TrySendError, bounded};
    ///
    /// let (sender, receiver) = bounded(1);
    /// assert_eq!(sender.try_send(1), Ok(()));
    /// assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    /// drop(receiver);
    /// assert_eq!(sender.try_send(3), Err(TrySendError::Disconnected(3)));
    /// ```
    #[track_caller]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        Ok(self.shared.send(message, NOW, Location::caller())?)
    }

    /// Sends a message: Go's `c <- message`.
    ///
    /// # Blocking
    /// Waits until there is room, or, without capacity, until a receiver takes
    /// the message: parks the goroutine, or blocks the OS thread.
    ///
    /// # Errors
    /// If the channel is closed before the message could be sent. The error has
    /// the message. (Go panics.)
    ///
    /// # Examples
    /// ```
    /// use sortie::chan::{SendError, bounded};
    ///
    /// let (sender, receiver) = bounded(1);
    /// assert_eq!(sender.send(1), Ok(()));
    /// drop(receiver);
    /// assert_eq!(sender.send(2), Err(SendError(2)));
    /// ```
    #[track_caller]
    #[inline]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        Ok(self.shared.send(message, NEVER, Location::caller())?)
    }

    /// As [`send`](Self::send), for `timeout` at most.
    ///
    /// # Errors
    /// If the time ran out, or the channel is closed. The error has the message.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use sortie::chan::{SendTimeoutError, bounded};
    ///
    /// let (sender, _receiver) = bounded(0);
    /// let result = sender.send_timeout(1, Duration::from_millis(1));
    /// assert_eq!(result, Err(SendTimeoutError::Timeout(1)));
    /// ```
    #[track_caller]
    pub fn send_timeout(&self, message: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        let deadline = clock::after(timeout);
        Ok(self.shared.send(message, deadline, Location::caller())?)
    }

    /// As [`send`](Self::send), until `deadline` at most.
    ///
    /// # Errors
    /// As [`send_timeout`](Self::send_timeout).
    #[track_caller]
    pub fn send_deadline(&self, message: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        let deadline = timer::on_clock(deadline);
        Ok(self.shared.send(message, deadline, Location::caller())?)
    }

    /// Whether there is no message in the channel. Always, without capacity.
    pub fn is_empty(&self) -> bool {
        self.shared.len() == 0
    }

    /// Whether there is no room in the channel. Always, without capacity.
    pub fn is_full(&self) -> bool {
        Some(self.shared.len()) == self.shared.capacity()
    }

    /// How many messages are in the channel: Go's `len(c)`.
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// How many messages it has room for: Go's `cap(c)`. `None` if there is no
    /// bound.
    pub fn capacity(&self) -> Option<usize> {
        self.shared.capacity()
    }

    /// Whether both send into the same channel.
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Closes the channel for all: Go's `close(c)`. Returns whether it was open.
    ///
    /// From then on nothing can be sent; who waits to send gets its message back.
    /// Messages that are in the channel can still be received. Unlike in Go
    /// closing twice, and sending into a closed channel, do not panic.
    ///
    /// # Examples
    /// ```
    /// use sortie::chan::{SendError, unbounded};
    ///
    /// let (sender, receiver) = unbounded();
    /// sender.send(1).unwrap();
    /// assert!(sender.close());
    /// assert!(!receiver.close());
    /// assert_eq!(sender.send(2), Err(SendError(2)));
    /// assert_eq!(receiver.iter().collect::<Vec<_>>(), [1]);
    /// ```
    pub fn close(&self) -> bool {
        self.shared.close()
    }

    /// Whether the channel is closed: by [`close`](Self::close), or because all
    /// receivers are gone.
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if self.shared.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shared.close();
        }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        count(&self.shared.senders);
        Sender {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Sender { .. }")
    }
}

/// Counts one more half.
fn count(halves: &AtomicUsize) {
    if halves.fetch_add(1, Ordering::Relaxed) > isize::MAX as usize {
        // As `Arc` does: somebody forgets clones in a loop.
        std::process::abort();
    }
}

/// Where a receiver gets its messages.
#[derive(Debug)]
pub(super) enum Source<T> {
    Channel(Arc<Shared<T>>),
    /// Only where `T` is `Instant`.
    At(Arc<At>),
    /// Only where `T` is `Instant`.
    Tick(Arc<Tick>),
    Never,
}

/// The receiving half of a channel. Clones receive from the same channel, each
/// message going to one of them; when the last is dropped, the channel is closed.
///
/// As an iterator, by value or by reference, it gives messages until the channel
/// is closed and empty: Go's `for message := range c`.
///
/// # Examples
/// ```
/// sortie::run(|| {
///     let (sender, receiver) = sortie::chan::bounded(0);
///     sortie::go(move || {
///         for i in 0..3 {
///             sender.send(i).unwrap();
///         }
///     });
///     for (expected, message) in receiver.into_iter().enumerate() {
///         assert_eq!(message, expected);
///     }
/// });
/// ```
pub struct Receiver<T> {
    pub(super) source: Source<T>,
}

// SAFETY: what it shares may be used by any thread, if messages may go there. Said
// here so that the compiler, if they may not, names the half.
unsafe impl<T: Send> Send for Receiver<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Receiver<T> {}

impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}

/// An instant as a message.
///
/// # Safety
/// `T` is `Instant`.
pub(super) unsafe fn as_message<T>(instant: Instant) -> T {
    debug_assert_eq!(size_of::<T>(), size_of::<Instant>());
    // SAFETY: the same type.
    unsafe { mem::transmute_copy(&instant) }
}

impl<T> Receiver<T> {
    #[inline(always)]
    fn receive(
        &self,
        deadline: u64,
        location: &'static Location<'static>,
    ) -> Result<T, Refused<()>> {
        let instant = match &self.source {
            Source::Channel(shared) => return shared.receive(deadline, location),
            Source::At(at) => at.receive(deadline, location),
            Source::Tick(tick) => tick.receive(deadline, location),
            Source::Never => return Err(timer::receive_never(deadline, location)),
        };
        // SAFETY: only a `Receiver<Instant>` has such a source.
        instant.map(|instant| unsafe { as_message(instant) })
    }

    /// Receives a message if there is one: Go's `select` with a receive case and
    /// `default`.
    ///
    /// Without capacity there is one if a sender waits. If that is a `select`
    /// that makes its message only now, it is waited for.
    ///
    /// # Errors
    /// If there is none, or none will ever come.
    ///
    /// # Examples
    /// ```
    /// use sortie::chan::{TryRecvError, bounded};
    ///
    /// let (sender, receiver) = bounded(1);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// sender.send(1).unwrap();
    /// drop(sender);
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    /// ```
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        Ok(self.receive(NOW, Location::caller())?)
    }

    /// Receives a message: Go's `message, ok := <-c`.
    ///
    /// # Blocking
    /// Waits until there is a message or the channel is closed: parks the
    /// goroutine, or blocks the OS thread.
    ///
    /// # Errors
    /// If the channel is empty and closed.
    ///
    /// # Examples
    /// ```
    /// use sortie::chan::{RecvError, bounded};
    ///
    /// sortie::run(|| {
    ///     let (sender, receiver) = bounded(0);
    ///     sortie::go(move || sender.send(1));
    ///     assert_eq!(receiver.recv(), Ok(1));
    ///     assert_eq!(receiver.recv(), Err(RecvError));
    /// });
    /// ```
    #[track_caller]
    #[inline]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.receive(NEVER, Location::caller())
            .map_err(|_| RecvError)
    }

    /// As [`recv`](Self::recv), for `timeout` at most.
    ///
    /// # Errors
    /// If the time ran out, or the channel is empty and closed.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use sortie::chan::{RecvTimeoutError, bounded};
    ///
    /// let (_sender, receiver) = bounded::<()>(0);
    /// let result = receiver.recv_timeout(Duration::from_millis(1));
    /// assert_eq!(result, Err(RecvTimeoutError::Timeout));
    /// ```
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        Ok(self.receive(clock::after(timeout), Location::caller())?)
    }

    /// As [`recv`](Self::recv), until `deadline` at most.
    ///
    /// # Errors
    /// As [`recv_timeout`](Self::recv_timeout).
    #[track_caller]
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        Ok(self.receive(timer::on_clock(deadline), Location::caller())?)
    }

    /// Whether there is no message in the channel. Always, without capacity.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room in the channel. Always, without capacity.
    pub fn is_full(&self) -> bool {
        Some(self.len()) == self.capacity()
    }

    /// How many messages are in the channel: Go's `len(c)`.
    pub fn len(&self) -> usize {
        match &self.source {
            Source::Channel(shared) => shared.len(),
            Source::At(at) => usize::from(at.has_message()),
            Source::Tick(tick) => usize::from(tick.has_message()),
            Source::Never => 0,
        }
    }

    /// How many messages it has room for: Go's `cap(c)`. `None` if there is no
    /// bound.
    pub fn capacity(&self) -> Option<usize> {
        match &self.source {
            Source::Channel(shared) => shared.capacity(),
            Source::At(_) | Source::Tick(_) => Some(1),
            Source::Never => Some(0),
        }
    }

    /// Whether both receive from the same channel.
    pub fn same_channel(&self, other: &Receiver<T>) -> bool {
        match (&self.source, &other.source) {
            (Source::Channel(one), Source::Channel(other)) => Arc::ptr_eq(one, other),
            (Source::At(one), Source::At(other)) => Arc::ptr_eq(one, other),
            (Source::Tick(one), Source::Tick(other)) => Arc::ptr_eq(one, other),
            (Source::Never, Source::Never) => true,
            _ => false,
        }
    }

    /// Closes the channel for all, as [`Sender::close`]. Returns whether it was
    /// open. Channels that deliver times cannot be closed.
    pub fn close(&self) -> bool {
        match &self.source {
            Source::Channel(shared) => shared.close(),
            Source::At(_) | Source::Tick(_) | Source::Never => false,
        }
    }

    /// Whether the channel is closed: by [`close`](Self::close), or because all
    /// senders are gone. There may be messages in it still.
    pub fn is_closed(&self) -> bool {
        match &self.source {
            Source::Channel(shared) => shared.is_closed(),
            Source::At(_) | Source::Tick(_) | Source::Never => false,
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if let Source::Channel(shared) = &self.source
            && shared.receivers.fetch_sub(1, Ordering::AcqRel) == 1
        {
            shared.close();
            shared.discard();
        }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        let source = match &self.source {
            Source::Channel(shared) => {
                count(&shared.receivers);
                Source::Channel(Arc::clone(shared))
            }
            Source::At(at) => Source::At(Arc::clone(at)),
            Source::Tick(tick) => Source::Tick(Arc::clone(tick)),
            Source::Never => Source::Never,
        };
        Receiver { source }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Receiver { .. }")
    }
}
