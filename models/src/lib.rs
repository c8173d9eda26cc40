//! Models of the runtime's protocols.
//!
//! ```text
//! cargo test --release --package sortie-models
//! ```
//!
//! [loom](https://docs.rs/loom) runs a small concurrent program again and again,
//! once for each order in which its threads can take turns, and for each value
//! that the memory model lets a load return. If it finishes, no order breaks an
//! assertion, races on a cell, or leaves all threads asleep.
//!
//! # What is compiled
//! The very files of the runtime: `lock`, `run_queue`, `padded`, `seat`,
//! `wake_gate`, `claim`, `join_word`, `joiner`, `park/thread`, `park/wait_queue`,
//! `park/readiness`, the words and locks of `sync`, the nodes of `context`, and the channels but for futures, iterators
//! and macros, each included by its path. They name their neighbours as
//! `crate::base::…`, so this crate has the same folders, where the rest is replaced:
//!
//! | module            | here                                                    |
//! |-------------------|---------------------------------------------------------|
//! | `base::atomic`    | loom's atomics and cells                                |
//! | `base::backoff`   | lets others run                                         |
//! | `base::barrier`   | a sequentially consistent fence on both sides           |
//! | `base::futex`     | loom's mutex and condition variable, one for each word  |
//! | `base::clock`     | time passes when somebody sleeps until a deadline       |
//! | `base::rng`       | 0                                                       |
//! | `park`            | its contract, for threads only                          |
//! | `sched::deadlock` | a count that must be back at 0 in the end               |
//! | `chan::turn`      | blocks of two slots                                     |
//! | `sync::pool`      | three rooms; either end of the list is taken            |
//! | `rwlock::shards`  | two, and always there                                   |
//! | `context`         | nodes and how they end; alarms that ring when told      |
//! | `chan::schedule`  | nothing: no timers fire                                 |
//!
//! `protocol` has a file for each protocol, and `chan::protocol` for each kind of
//! channel. Its essay tells what is checked, and of weakenings of the real file that
//! were tried and found.
//!
//! # What it cannot tell
//! * loom treats a `SeqCst` access as an acquiring or releasing one, which is too
//!   weak; `base::atomic` tells what is done about it. A `SeqCst` *fence* it takes
//!   for an acquiring and releasing one towards all earlier such fences; that is a
//!   little stronger than the language's, and may hide a missing `Release` beside a
//!   fence. So orderings are also exercised on paths without.
//! * A load is never given a value that is stored later in loom's order, and an
//!   exchange marked weak never fails for no reason.
//! * loom remembers only the last access to each word, to find what to try in another
//!   order. So where a thread loads a word and then changes it, an earlier load by
//!   another thread may be tried in one order only. The model of joining, where this
//!   mattered, is run with either side as the first.
//! * Who waits for another by trying again is given a few tries in all orders, and
//!   more in one order only: see `base::backoff`.
//! * Models with many steps are explored up to a number of preemptions. Nearly
//!   all known bugs of this kind need two at most.
//! * Sleeping and waking on a word orders memory here, by the mutex. In the
//!   kernel it hardly does less, and callers look at the word again anyway.

#[cfg(test)]
mod base;
#[cfg(test)]
#[allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "for users of the channels"
)]
mod chan;
#[cfg(test)]
mod context;
#[cfg(test)]
mod driver;
#[cfg(test)]
mod goroutine;
#[cfg(test)]
mod park;
#[cfg(test)]
mod protocol;
#[cfg(test)]
mod sched;
#[cfg(test)]
mod sync;
#[cfg(test)]
mod task;
#[cfg(test)]
mod time;
