//! What `select!` turns into.

pub use super::case::Case;
use super::engine::{self, Manner};
use super::operation::SelectedOperation;
use crate::base::clock::{self, NEVER};
pub use sortie_macros::__select as expand;
use std::panic::Location;
use std::time::Duration;

/// Waits for an operation.
#[track_caller]
pub fn select<'a>(cases: &mut [Case<'a>], biased: bool) -> SelectedOperation<'a> {
    match choose(cases, NEVER, biased) {
        Some(operation) => operation,
        None => unreachable!("a select without a time-out does not time out"),
    }
}

/// An operation that is ready now.
#[track_caller]
pub fn try_select<'a>(cases: &mut [Case<'a>], biased: bool) -> Option<SelectedOperation<'a>> {
    choose(cases, 0, biased)
}

/// Waits for an operation, for so long at most.
#[track_caller]
pub fn select_timeout<'a>(
    cases: &mut [Case<'a>],
    timeout: Duration,
    biased: bool,
) -> Option<SelectedOperation<'a>> {
    choose(cases, clock::after(timeout), biased)
}

#[track_caller]
#[inline]
fn choose<'a>(
    cases: &mut [Case<'a>],
    deadline: u64,
    biased: bool,
) -> Option<SelectedOperation<'a>> {
    let manner = Manner {
        deadline,
        biased,
        location: Location::caller(),
    };
    if cases.is_empty() {
        engine::wait_for_nothing(manner);
        return None;
    }
    SelectedOperation::choose(cases, manner)
}

/// Waits for one of several operations on channels: Go's `select`.
///
/// ```text
/// select! {
///     recv(receiver) -> result => body,
///     send(sender, message) -> result => body,
///     default => body,              // or
///     default(timeout) => body,
/// }
/// ```
///
/// Waits until one of the operations can be done, does it, and runs its body; the
/// value of the body is that of the `select!`. If several can be done one of them
/// is chosen, each with the same chance. With `default` it does not wait: if
/// nothing can be done that body runs; with `default(timeout)`, if nothing can be
/// done within that time.
///
/// `receiver` and `sender` are expressions, evaluated once, in order; their values
/// are used by reference. `message` is evaluated only if its operation was
/// chosen. `result` is a pattern for what `recv` or `send` would have returned; an
/// operation on a closed channel can be done, and gives an error. A body that is a
/// block needs no comma after it. To leave an operation out, use
/// [`never`](crate::chan::never).
///
/// # Blocking
/// Parks the goroutine, or blocks the OS thread.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use sortie::chan::{bounded, select};
///
/// sortie::run(|| {
///     let (numbers, receiver) = bounded(0);
///     let (quit, quitted) = bounded::<()>(0);
///     sortie::go(move || {
///         for _ in 0..10 {
///             receiver.recv().unwrap();
///         }
///         drop(quit);
///     });
///     let (mut a, mut b) = (0, 1);
///     loop {
///         select! {
///             send(numbers, a) -> sent => {
///                 sent.unwrap();
///                 (a, b) = (b, a + b);
///             }
///             recv(quitted) -> _ => break,
///             default(Duration::from_secs(5)) => panic!("nobody wants numbers"),
///         }
///     }
///     assert_eq!(a, 55);
/// });
/// ```
#[macro_export]
macro_rules! select {
    ($($tokens:tt)*) => {
        $crate::chan::__macros::expand! { ($crate) (false) $($tokens)* }
    };
}

/// As [`select!`](crate::chan::select!), but if several operations can be done, the
/// first of them is.
///
/// # Examples
/// ```
/// use sortie::chan::{select_biased, unbounded};
///
/// let (urgent, urgently) = unbounded();
/// let (other, otherwise) = unbounded();
/// other.send("other").unwrap();
/// urgent.send("urgent").unwrap();
/// let first = select_biased! {
///     recv(urgently) -> message => message,
///     recv(otherwise) -> message => message,
/// };
/// assert_eq!(first, Ok("urgent"));
/// ```
#[macro_export]
macro_rules! select_biased {
    ($($tokens:tt)*) => {
        $crate::chan::__macros::expand! { ($crate) (true) $($tokens)* }
    };
}
