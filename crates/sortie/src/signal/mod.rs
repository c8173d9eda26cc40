//! Signals of the operating system, by channels and contexts. Go's package
//! `os/signal`.
//!
//! | Go | here |
//! |----|------|
//! | `signal.Notify(c, sig...)` | [`notify(&[..])`](notify()), [`signals.add(&[..])`](Signals::add) |
//! | `signal.Stop(c)` | [`signals.stop()`](Signals::stop), or drop it |
//! | `signal.NotifyContext(ctx, sig...)` | [`notify_context(&context, &[..])`](notify_context()) |
//! | `signal.Ignore(sig...)` | [`ignore(&[..])`](ignore) |
//! | `signal.Ignored(sig)` | [`is_ignored(signal)`](is_ignored) |
//! | `signal.Reset(sig...)` | [`reset(&[..])`](reset) |
//! | `os.Interrupt`, `syscall.SIGTERM` | [`Signal::SIGINT`], [`Signal::SIGTERM`] |
//!
//! What a signal does otherwise, and again afterwards, is what it did before this
//! module was first told about it: as a rule the kernel's default. A handler of the
//! program's own is not called meanwhile; nor is the runtime's for SIGQUIT.

// How it works.
//
// ```text
//   handler     sets a bit, wakes sysmon                        disposition.rs
//   sysmon      starts a goroutine
//   goroutine   takes the bits; tells listeners: sends, or cancels   registry.rs
// ```
// The handler may run in the middle of anything, so it does what an atomic and a
// futex can. Sysmon is a thread that exists anyway; it waits for nobody, so what
// listeners run (wakers, functions of contexts) is for a goroutine.
//
// # Nothing gets lost
// A signal that comes while its last listener stops is either told to it or does what
// it did before. Stopping first restores the disposition: whatever the handler
// catches it has caught by then, or is about to. Of the first kind the bits are
// there, and are told to the listener before it goes. The second kind finds no
// listener, and is sent once more, to be dealt with by the disposition.
//
// # Telling without the lock
// Sending wakes futures, and cancelling calls functions' goroutines: foreign code. So
// it is done without the registry's lock, by one at a time, the *teller*. Who stops
// waits until there is none, unless it is he who tells.
//
// Roads not taken. The crate signal-hook-registry, whose handler does not make room
// for the former disposition again, and always calls a former handler: that of the
// runtime for SIGQUIT, for instance, which ends the process. A thread that reads a
// pipe: one more thread, for something that rarely happens.

mod disposition;
mod name;
mod notify;
mod registry;

pub use name::Signal;
pub use notify::{SignalError, Signals, StopFn, notify, notify_context};

/// Lets the signals be ignored. Nobody is notified of them any more.
///
/// Go's `signal.Ignore`.
///
/// # Examples
/// ```
/// use sortie::signal::{self, Signal};
///
/// signal::ignore(&[Signal::SIGHUP]);
/// assert!(signal::is_ignored(Signal::SIGHUP));
/// unsafe { libc::raise(libc::SIGHUP) };
/// signal::reset(&[Signal::SIGHUP]);
/// assert!(!signal::is_ignored(Signal::SIGHUP));
/// ```
pub fn ignore(signals: &[Signal]) {
    registry::clear(signals, |dispositions, signal| dispositions.ignore(signal));
}

/// Lets the signals do what they did before this module was told about them. Nobody is
/// notified of them any more.
///
/// Go's `signal.Reset`.
pub fn reset(signals: &[Signal]) {
    registry::clear(signals, |dispositions, signal| dispositions.restore(signal));
}

/// Whether a signal is ignored: by [`ignore`], or since it was when the program was
/// started, by `nohup` for instance.
///
/// Go's `signal.Ignored`.
pub fn is_ignored(signal: Signal) -> bool {
    disposition::is_ignored(signal)
}
