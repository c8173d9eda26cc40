//! Channels: Go's, with crossbeam-channel's names.
//!
//! [`bounded`] and [`unbounded`] make a channel, of which the halves may be cloned
//! and used by goroutines, OS threads and async tasks in any mixture. Everything
//! of [crossbeam-channel](https://docs.rs/crossbeam-channel) 0.5 is here under the
//! same name, so that a program moves over by changing its `use` line. Beyond it
//! there are [`close`](Sender::close), batches ([`recv_many`](Receiver::recv_many),
//! [`send_many`](Sender::send_many)) and futures
//! ([`recv_async`](Receiver::recv_async), [`send_async`](Sender::send_async),
//! [`into_stream`](Receiver::into_stream)).
//!
//! | Go | here |
//! |----|------|
//! | `make(chan T)`, `make(chan T, n)` | [`bounded(0)`](bounded), [`bounded(n)`](bounded) |
//! | `c <- v` | [`sender.send(v)`](Sender::send) |
//! | `v := <-c`, `v, ok := <-c` | [`receiver.recv()`](Receiver::recv) |
//! | `for v := range c` | `for v in receiver` |
//! | `close(c)` | [`sender.close()`](Sender::close), or drop the last sender |
//! | `len(c)`, `cap(c)` | [`len`](Receiver::len), [`capacity`](Receiver::capacity) |
//! | `select { ... }` | [`select!`](crate::chan::select!) |
//! | nil channel | [`never()`](never()) |
//! | `time.After`, `time.Tick` | [`after`], [`tick`] |
//!
//! Who waits stands in line: messages go to receivers, and room to senders, in the
//! order in which they came.
//!
//! # When a channel closes
//! When one half calls `close`, or when its last sender or receiver is dropped.
//! Then sending fails and gives the message back, also to those who wait;
//! receiving goes on until the channel is empty, then fails. Nothing panics.

// How it works.
//
// ```text
//   Sender, Receiver                     what users call; make, iter, batch, future
//   Shared                  shared.rs    what the two have in common
//     |
//     |-- Zero              zero.rs      lock, two queues of who waits
//     |-- Buffered<Ring>    buffered.rs  a queue of messages without lock (ring.rs),
//     |-- Buffered<List>                 (block_list.rs); lock, two queues
//     |-- At, Tick, Never   timer.rs     no messages at all
//     |-- Schedule          schedule.rs  the same, with times that may be changed
//     '-- Event             event.rs     only closed, once, with what it is a part of
//   select/                              several at once
//   wait.rs, core.rs, block.rs           who waits, the queues, blocking
// ```
//
// A wait is ended by whoever brings what it waits for: he moves the message from
// or to the waiter's frame, so that the waiter only has to return. The essays of
// `wait`, `zero` and `buffered` have the protocols.
//
// Roads not taken. Telling a waiter to try again, as crossbeam-channel does, is
// simpler and costs a second round through the queue when somebody else is faster;
// it also lets late-comers overtake. One lock for everything, as Go has it, costs
// two locked instructions for each operation on a buffer where one is enough.

mod batch;
mod block;
mod block_list;
mod buffer;
mod buffered;
mod core;
mod errors;
mod event;
mod future;
mod iter;
mod lane;
mod limits;
mod make;
mod receiver;
mod ring;
mod schedule;
mod select;
mod sender;
mod shared;
mod timer;
mod wait;
mod zero;

pub use crate::select;
pub use crate::select_biased;
pub(crate) use errors::Refused;
pub use errors::{
    ReadyTimeoutError, RecvError, RecvTimeoutError, SelectTimeoutError, SendError,
    SendTimeoutError, TryReadyError, TryRecvError, TrySelectError, TrySendError,
};
pub(crate) use event::{Event, EventRef, Room};
pub use future::{RecvFuture, RecvStream, SendFuture};
pub use iter::{IntoIter, Iter, TryIter};
pub use make::{after, at, bounded, never, tick, unbounded};
pub use receiver::Receiver;
pub(crate) use schedule::Scheduled;
#[doc(hidden)]
pub use select::macros as __macros;
pub use select::{Select, SelectedOperation};
pub use sender::Sender;
