//! `Fiber`, the safe type: what goes in, what comes out, what is dropped when.

#[path = "../common/threads.rs"]
mod threads;

mod dropping;
mod nesting;
mod panics;
mod values;
