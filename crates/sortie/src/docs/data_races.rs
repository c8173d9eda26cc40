//! Data races, and what becomes of them.
//!
//! A data race is when two goroutines use the same memory, at least one of them writes,
//! and nothing orders the two. In Go this is a data race, which compiles, and counts to
//! something below 1000:
//!
//! ```go
//! for range 1000 {
//!     go func() { x++ }()
//! }
//! ```
//!
//! # It does not compile
//! `x += 1` needs `&mut x`, of which there is one at a time. So the program that looks like
//! it is refused ("cannot borrow `x` as mutable more than once at a time"):
//!
//! ```compile_fail,E0499
//! let mut x = 0;
//! sortie::scope(|s| {
//!     for _ in 0..1000 {
//!         s.go(|| x += 1);
//!     }
//! });
//! ```
//!
//! Nor is there a way around by what may be changed while it is shared, but is not made
//! for goroutines: a [`Cell`](std::cell::Cell) is not `Sync`, an [`Rc`](std::rc::Rc) is
//! not `Send` ("cannot be shared between threads safely"), and goroutines are threads.
//!
//! ```compile_fail,E0277
//! use std::cell::Cell;
//!
//! let x = Cell::new(0);
//! sortie::scope(|s| {
//!     for _ in 0..1000 {
//!         s.go(|| x.set(x.get() + 1));
//!     }
//! });
//! ```
//!
//! # The three remedies
//! *A mutex*, for state with several parts, or with something to do for each change:
//!
//! ```
//! use sortie::sync::Mutex;
//!
//! # sortie::run(|| {
//! let x = Mutex::new(0);
//! sortie::scope(|s| {
//!     for _ in 0..1000 {
//!         s.go(|| *x.lock() += 1);
//!     }
//! });
//! assert_eq!(x.into_inner(), 1000);
//! # });
//! ```
//!
//! *A channel*, if one goroutine may own the number, and the others tell it:
//!
//! ```
//! use sortie::chan::bounded;
//!
//! # sortie::run(|| {
//! let (increments, all) = bounded(16);
//! let owner = sortie::go(move || {
//!     let mut x = 0;
//!     for increment in all {
//!         x += increment;
//!     }
//!     x
//! });
//! for _ in 0..1000 {
//!     let increments = increments.clone();
//!     sortie::go(move || increments.send(1).unwrap());
//! }
//! // The owner is done when nobody can send any more.
//! drop(increments);
//! assert_eq!(owner.join().unwrap(), 1000);
//! # });
//! ```
//!
//! *An atomic*, if it is one number, and each change is one addition; it is the fastest of
//! the three:
//!
//! ```
//! use std::sync::atomic::{AtomicU64, Ordering};
//!
//! # sortie::run(|| {
//! let x = AtomicU64::new(0);
//! sortie::scope(|s| {
//!     for _ in 0..1000 {
//!         s.go(|| x.fetch_add(1, Ordering::Relaxed));
//!     }
//! });
//! assert_eq!(x.into_inner(), 1000);
//! # });
//! ```
//!
//! Which of them is right for what else is the subject of
//! [`channel_or_mutex`](super::channel_or_mutex).
//!
//! # What the compiler cannot see
//! In `unsafe` code, and across languages, races are possible as ever. Go has `go run
//! -race`; here it is ThreadSanitizer, to which each goroutine is a thread of its own. So
//! it finds races even between goroutines that share one OS thread, on
//! one processor, and reports them with the goroutines' names:
//!
//! ```sh
//! rustup component add rust-src --toolchain nightly
//! RUSTFLAGS=-Zsanitizer=thread cargo +nightly run -Zbuild-std --target x86_64-unknown-linux-gnu
//! ```
//!
//! # Race conditions
//! that are no data races are still there: who comes first, in a program where that
//! matters. Between `if *x.lock() == 0` and a second `x.lock()` somebody else may have it; hold
//! the guard for as long as what was seen has to be true.
