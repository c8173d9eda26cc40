//! Stackful fibers that are threads to the code they run.
//!
//! A fiber is a closure with a stack of its own, that can be suspended anywhere
//! and resumed later, by another OS thread if need be. Libraries for this have
//! always had a hole: after such a move, a reference into a `thread_local!`, a
//! guard of a lock, the count of panics, or an address the compiler kept in a
//! register belong to the wrong thread, which is undefined behaviour reachable
//! from safe code.
//!
//! Here each fiber has, besides its stack, *thread-locals of its own*: a
//! complete thread-control block, and the switch sets the CPU's FS base to it.
//! One stack, one FS base, for the fiber's whole life. To rustc, LLVM, std, libc
//! and every crate, a fiber then is a thread:
//!
//! * `thread_local!` variables are per fiber, keep their address over moves, and
//!   are destroyed at the fiber's end;
//! * [`std::thread::current`] differs from fiber to fiber and never changes;
//! * a panicking fiber may be suspended inside a `Drop`, and counts for itself;
//! * `Send` and `Sync` mean what they say, so [`Fiber`] is safe and [`Send`].
//!
//! [`Fiber`] is the safe type. [`raw`] is what a scheduler builds on.
//!
//! # What stays the OS thread's
//! Kernel-side identity: the thread id, CPU affinity, signal mask, capabilities;
//! pthread locks that record their owner by thread id (recursive, error-checking
//! and priority-inheriting ones; std's locks do not) must not be held by a fiber
//! while it is suspended. The floating-point environment (`fesetround`) is the
//! thread's too. malloc's caches stay with the OS thread on purpose; so do the
//! texts that `strerror`, `strsignal` and `dlerror` return, which a fiber must
//! read before it is suspended.
//!
//! `fork` without `exec` keeps the calling fiber only. In the child it may go on
//! until the process ends. It must not be suspended or return unless the main
//! thread had resumed it: libc hands the stacks of other threads to new ones.
//!
//! # Libraries that are loaded later
//! Before the first fiber exists, the process's surplus of static TLS is used up.
//! A library that insists on static TLS (few do) and is loaded afterwards by
//! `dlopen` is refused by the loader; load it earlier, or link it. All others
//! work, thread-locals included, up to a thousand of them.
//!
//! # Platform
//! Linux on x86-64 with a dynamically linked glibc 2.34 or later. The layout of
//! thread-control blocks is found at run time and proven by a self-test;
//! [`check`] reports the outcome. Anywhere else this crate does not compile, or
//! [`check`] says why it cannot work.
//!
//! # Global allocators
//! glibc's malloc needs nothing. An allocator linked into the program that keeps
//! its caches in thread-locals (mimalloc, jemalloc) would take each fiber for a
//! thread; wrap it in [`ThreadCached`].

#[cfg(not(all(
    target_os = "linux",
    target_arch = "x86_64",
    target_env = "gnu",
    target_pointer_width = "64"
)))]
compile_error!(
    "sortie-fiber needs Linux on x86-64 with glibc (target x86_64-unknown-linux-gnu): it gives \
     every fiber a glibc thread-control block of its own"
);

#[cfg(not(panic = "unwind"))]
compile_error!("sortie-fiber needs `panic = \"unwind\"`: a panic ends a fiber, not the process");

mod allocator;
mod block;
mod error;
mod fiber;
mod fs_base;
mod host;
mod layout;
pub mod overflow;
pub mod race;
pub mod raw;
mod self_test;
mod set_id;
mod stack;
mod switch;

pub use allocator::ThreadCached;
pub use error::Unsupported;
pub use fiber::{Fiber, Progress, Suspender};
pub use raw::on_fiber;
pub use stack::{DEFAULT_STACK_SIZE, MIN_STACK_SIZE};

use std::sync::OnceLock;

/// Whether fibers work here: finds out about the platform and runs the self-test,
/// once.
///
/// The first call loads tiny libraries and starts threads, so it must not come
/// from the constructor of a library that is being loaded.
///
/// # Errors
/// [`Unsupported`], naming the check that failed and what was found.
///
/// # Examples
/// ```
/// sortie_fiber::check().expect("fibers work on this machine");
/// ```
pub fn check() -> Result<(), Unsupported> {
    static RESULT: OnceLock<Result<(), Unsupported>> = OnceLock::new();
    RESULT
        .get_or_init(|| {
            switch::check()?;
            // In this order: the layout is found by a thread, and libc installs
            // what `set_id` wraps with its first; then fibers may run.
            layout::Layout::get().map_err(Clone::clone)?;
            set_id::wrap()?;
            self_test::run()
        })
        .clone()
}
