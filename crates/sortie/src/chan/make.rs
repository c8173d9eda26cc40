//! Making channels.

use super::block_list::List;
use super::buffered::Buffered;
use super::receiver::{Receiver, Source};
use super::ring::Ring;
use super::sender::Sender;
use super::shared::{Flavour, Shared};
use super::timer::{At, Tick};
use super::zero::Zero;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
