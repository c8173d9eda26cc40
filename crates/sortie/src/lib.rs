//! Go's concurrency for Rust.

pub(crate) mod base;
pub(crate) mod goroutine;
pub(crate) mod driver;
pub(crate) mod sched;
pub(crate) mod park;
pub mod task;
pub mod time;
pub mod runtime;
pub(crate) mod observe;

pub use runtime::run;
pub use sched::yield_now;
pub use task::{go, scope};
pub use time::sleep;
