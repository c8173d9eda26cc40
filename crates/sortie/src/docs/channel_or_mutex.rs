//! Channel or mutex?
//!
//! *Do not communicate by sharing memory; share memory by communicating.* That is Go's
//! motto, and good advice where goroutines work together. It does not say that locks are
//! bad: both are here, and for each question there is one that makes the program simpler.
//! Ask in this order:
//!
//! ```text
//!   Is it a place where time is lost, as you have measured?
//!     |        \ yes:  a lock or an atomic        (1)
//!     no
//!     |
//!   Does data pass from one owner to the next?
//!     |        \ yes:  a channel                  (2)
//!     no
//!     |
//!   Does a type have state of its own to guard?
//!     |        \ yes:  a mutex inside the type    (3)
//!     no
//!     |
//!   Do several pieces of logic have to be coordinated?
//!     |        \ yes:  channels and `select!`     (4)
//!     no
//!      \
//!       what says it best of `sync`               (5)
//! ```
//!
//! The tree is Katherine Cox-Buday's, from *Concurrency in Go* (2017).
//!
//! # 1. Where time is lost
//! A channel is made of locks and atomics, so it cannot be faster than those; an
//! uncontended [`Mutex`](crate::sync::Mutex) costs two locked instructions, and an atomic
//! counter one. But measure first: a
//! place that all goroutines have to pass is slow whatever guards it, and is a hint that the
//! program should be cut elsewhere. Best is not to share at all until the end, as here.
//!
//! ```
//! use std::sync::atomic::{AtomicU64, Ordering};
//!
//! sortie::run(|| {
//!     let words = ["go", "rust", "csp"].repeat(10_000);
//!     let letters = AtomicU64::new(0);
//!     sortie::scope(|s| {
//!         for part in words.chunks(1_000) {
//!             // One addition for each part, instead of one for each word.
//!             s.go(|| {
//!                 let count = part.iter().map(|word| word.len() as u64).sum();
//!                 letters.fetch_add(count, Ordering::Relaxed);
//!             });
//!         }
//!     });
//!     assert_eq!(letters.into_inner(), 90_000);
//! });
//! ```
//!
//! # 2. Data that changes hands
//! Data that has one owner at a time needs no lock. Who sends a message gives it away, and
//! in Rust that is meant literally: the sender cannot use it any more. A buffer makes the
//! channel a queue, and bounds it.
//!
//! ```
//! use sortie::chan::bounded;
//!
//! sortie::run(|| {
//!     let (producer, consumer) = bounded::<Vec<u32>>(4);
//!     sortie::go(move || {
//!         for page in 0..10 {
//!             let mut lines: Vec<_> = (0..100).map(|line| page * 100 + line).collect();
//!             lines.reverse();
//!             producer.send(lines).unwrap();
//!             // `lines` is the consumer's now; using it here does not compile.
//!         }
//!         // The producer is dropped, which closes the channel.
//!     });
//!     let all: usize = consumer.into_iter().map(|lines| lines.len()).sum();
//!     assert_eq!(all, 1_000);
//! });
//! ```
//!
//! # 3. State of its own
//! A type that several goroutines use guards its state itself, and its users do not see
//! how. The mutex *contains* the data, so nobody can forget to lock it, and the guard
//! unlocks when it is dropped, whatever happens. Keep the lock inside: a guard that a public
//! method returns is a lock for everybody to hold while he does something else.
//!
//! ```
//! use sortie::sync::Mutex;
//!
//! #[derive(Default)]
//! struct Counter {
//!     value: Mutex<u64>,
//! }
//!
//! impl Counter {
//!     fn increment(&self) {
//!         *self.value.lock() += 1;
//!     }
//!
//!     fn value(&self) -> u64 {
//!         *self.value.lock()
//!     }
//! }
//!
//! sortie::run(|| {
//!     let counter = Counter::default();
//!     sortie::scope(|s| {
//!         for _ in 0..100 {
//!             s.go(|| counter.increment());
//!         }
//!     });
//!     assert_eq!(counter.value(), 100);
//! });
//! ```
//!
//! With a channel the same is a goroutine that owns the number, two kinds of messages, and
//! a reply for one of them: much for a sum. What is read much more often than written is
//! behind an [`RwLock`](crate::sync::RwLock); state that has no invariant but its own value
//! is an atomic.
//!
//! # 4. Several pieces of logic
//! Locks do not compose: who waits for one cannot wait for another thing too. Channels
//! do. [`select!`](crate::chan::select) waits for whatever comes first of work, time, and
//! a [context](crate::context) that says that it is enough.
//!
//! ```
//! use sortie::chan::{Receiver, after, select, unbounded};
//! use sortie::context::Context;
//! use std::time::Duration;
//!
//! /// Adds up orders from two shops, until closing time or as long as it is wanted.
//! fn add_up(context: &Context, shops: [Receiver<u32>; 2], time: Duration) -> (u32, &'static str) {
//!     let [north, south] = shops;
//!     let closing = after(time);
//!     let mut sum = 0;
//!     loop {
//!         select! {
//!             recv(north) -> order => sum += order.unwrap(),
//!             recv(south) -> order => sum += order.unwrap(),
//!             recv(closing) -> _ => return (sum, "closed"),
//!             recv(context.done()) -> _ => return (sum, "not wanted any more"),
//!         }
//!     }
//! }
//!
//! sortie::run(|| {
//!     let (context, cancel) = Context::background().with_cancel();
//!     let ((to_north, north), (to_south, south)) = (unbounded(), unbounded());
//!     let shops = [north.clone(), south.clone()];
//!     let adding = sortie::go(move || add_up(&context, shops, Duration::from_secs(60)));
//!     to_north.send(1).unwrap();
//!     to_south.send(2).unwrap();
//!     to_north.send(3).unwrap();
//!     while !(north.is_empty() && south.is_empty()) {
//!         sortie::yield_now();
//!     }
//!     cancel.cancel();
//!     assert_eq!(adding.join().unwrap(), (6, "not wanted any more"));
//! });
//! ```
//!
//! # 5. The rest
//! What remains is mostly something that has a name in [`sync`](crate::sync):
//!
//! | what | with |
//! |------|------|
//! | wait for all of a group | [`scope`](crate::scope), [`WaitGroup`](crate::sync::WaitGroup) |
//! | the same, up to the first error | [`ErrGroup`](crate::sync::ErrGroup) |
//! | so many at a time | [`Semaphore`](crate::sync::Semaphore) |
//! | make something once | [`OnceLock`](crate::sync::OnceLock), [`LazyLock`](crate::sync::LazyLock) |
//! | once for all who ask at the same time | [`SingleFlight`](crate::sync::SingleFlight) |
//! | go on together | [`Barrier`](crate::sync::Barrier) |
//! | wait until some condition on guarded data holds | [`Condvar`](crate::sync::Condvar) |
//!
//! ```
//! use sortie::sync::{LazyLock, WaitGroup};
//! use std::collections::HashMap;
//!
//! static PORTS: LazyLock<HashMap<&str, u16>> =
//!     LazyLock::new(|| HashMap::from([("http", 80), ("https", 443)]));
//!
//! sortie::run(|| {
//!     let group = WaitGroup::new();
//!     for name in ["http", "https"] {
//!         // The map is made by whoever comes first; the others wait for him.
//!         group.go(move || assert!(PORTS[name] > 0));
//!     }
//!     group.wait();
//! });
//! ```
//!
//! # When you are stuck
//! If you cannot see why a program with locks stands still or goes wrong, that is a good
//! time to try it with channels. Aim for simplicity, use channels where you can, and
//! goroutines as if they were free: they nearly are.
