//! Waiting for several channels.
//!
//! A *case* is a half of a channel and a place in the order. To choose one:
//!
//! 1. *Look* at all, in random order, and begin the first that is ready, so that each
//!    that is has the same chance. One that receives from a buffer is simply tried.
//!    Whoever else wants it may be faster; then go on. An OS thread tries all again for
//!    some microseconds before it waits. If nothing
//!    was ready, and that is an answer (`default`, `try_select`), look whether
//!    anything has changed since the look began: if not, there was an instant at
//!    which nothing was ready.
//! 2. *Line up* in the queue of each channel, one after the other, with one
//!    ticket for all; after each, look once more whether the case is ready. From
//!    the first on anybody may end the wait, though we are not parked yet: see
//!    [`claim`](crate::goroutine::claim).
//! 3. *Park*, unless the wait was ended already; at most until a case is due by
//!    itself, as those that deliver times are.
//! 4. *Leave* the queues that we are still in, each in constant time.
//!
//! Who ends the wait moves the message into the slot, which is the same for all
//! cases that receive. A case that sends has no message until it is chosen, since
//! the expression that makes it belongs to the case: it is told what it may do.
//!
//! `select!` is a procedural macro that reads the cases and calls [`macros`];
//! [`Select`] is the same with a vector of cases.

mod case;
mod dynamic;
mod endpoint;
mod engine;
pub mod macros;
mod operation;

pub use dynamic::Select;
pub(super) use endpoint::Endpoint;
pub use operation::SelectedOperation;
