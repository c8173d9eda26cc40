//! Goroutines as users see them: making, naming, joining, scopes.
//!
//! [`go`] starts a goroutine and returns a [`JoinHandle`]; [`Builder`] gives it a
//! name or another stack size; [`scope()`] lets goroutines borrow. [`current`]
//! tells who runs, and [`exit`] ends it.
//!
//! # How a result comes back
//! A goroutine's header has room for its closure, which its result replaces; what
//! does not fit is boxed. The header's `join` word arbitrates between the end of
//! the goroutine and its handle:
//!
//! ```text
//!   OPEN ---- goroutine ends ----> DONE ---- join or drop ----> free
//!     |  \--- handle dropped ----> DETACHED - goroutine ends -> free
//!     +------ join waits --------> (waiter) - goroutine ends -> DONE
//! ```

mod builder;
mod handle;
mod join;
mod joiner;
mod panic;
mod payload;
mod run;
mod scope;
#[cfg(feature = "tracing")]
mod span;
#[cfg(not(feature = "tracing"))]
#[path = "no_span.rs"]
mod span;

pub use builder::{Builder, go};
pub(crate) use builder::{start_at, start_detached};
pub use handle::{GoId, Goroutine, current};
pub use join::JoinHandle;
pub use panic::{Exited, exit};
pub(crate) use panic::{is_exit, is_fatal};
pub use run::run;
pub use scope::{Scope, ScopedJoinHandle, scope};
