//! The G: a goroutine's header, and what is made of headers.
//!
//! # Life
//! ```text
//!            go()                 first run                  park
//!   Free ----------> Runnable ---------------> Running <-----------> Waiting
//!    ^                  ^  no stack till here     |       ready         |
//!    |                  +-------- yield ----------+   (via Runnable) ---+
//!    +---------------- result taken, or handle dropped <---- Dead
//! ```
//!
//! # Who may touch a header
//! A header is written by one party at a time, which owns it:
//!
//! | state    | owner                                                          |
//! |----------|----------------------------------------------------------------|
//! | Free     | the cache or slab that lists it (`link`)                       |
//! | Runnable | the queue it is in, then whoever took it out                   |
//! | Running  | the goroutine itself, and the machine that runs it             |
//! | Waiting  | whoever is to make it ready: found through a wait queue, under |
//! |          | that queue's lock, or by winning its [`claim`](claim::Claim)   |
//! | Dead     | its handle; without one, nobody                                |
//!
//! Ownership passes through queues and locks, which order memory. Only `state`,
//! `reason`, and where it was made and parked may be read by others, for dumps.
//!
//! # Memory
//! Headers come from a [`slab`] and are *type-stable*: their memory is never
//! used for anything else nor unmapped, so a stale pointer still points at a
//! header, whose claim then tells that it is another wait, or none.

pub(crate) mod claim;
pub(crate) mod current;
pub(crate) mod header;
pub(crate) mod join_word;
pub(crate) mod list;
pub(crate) mod reason;
pub(crate) mod slab;

pub(crate) use header::{G, GRef, State};
pub(crate) use list::List;
pub(crate) use reason::WaitReason;
