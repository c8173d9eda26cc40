//! Being notified.

use super::name::Signal;
use super::registry::{self, Target};
use crate::chan::{Receiver, unbounded};
use crate::context::{CancelCauseFn, Context};
use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// Asks to be notified when one of the signals comes, instead of what would happen
/// otherwise. Whoever asks is told, each by a channel of his own.
///
/// Go's `signal.Notify`, where the channel is made by the caller.
///
/// # Blocking
/// Does not wait. Receiving does, and needs no thread for that. As long as somebody
/// is to be notified, goroutines that wait are no deadlock.
///
/// # Panics
/// If there are no signals in `signals`, or the runtime cannot start.
///
/// # Examples
/// ```
/// use sortie::signal::{self, Signal};
///
/// sortie::run(|| {
///     let signals = signal::notify(&[Signal::SIGHUP, Signal::SIGUSR1]);
///     // Usually somebody else does.
///     unsafe { libc::raise(libc::SIGHUP) };
///     assert_eq!(signals.recv(), Ok(Signal::SIGHUP));
/// });
/// ```
#[must_use = "when it is dropped, signals do again what they did before"]
#[track_caller]
pub fn notify(signals: &[Signal]) -> Signals {
    demand(signals);
    let (sender, receiver) = unbounded();
    Signals {
        receiver: Some(receiver),
        id: registry::add(signals, Target::Channel(sender)),
    }
}

#[track_caller]
fn demand(signals: &[Signal]) {
    assert!(
        !signals.is_empty(),
        "there is no signal to be notified of: name some, as `&[Signal::SIGINT]`"
    );
}

/// Where signals arrive: a [`Receiver`] of those that were asked for by [`notify`].
///
/// They wait until they are received, however many. As for the kernel, one that comes
/// again before it was passed on is the same.
///
/// When it is dropped, signals that nobody else is notified of do again what they
/// did before.
#[derive(Debug)]
pub struct Signals {
    /// There until it is stopped.
    receiver: Option<Receiver<Signal>>,
    id: u64,
}

impl Signals {
    /// Asks for more signals, in the same channel.
    pub fn add(&self, signals: &[Signal]) {
        registry::widen(self.id, signals);
    }

    /// Lets the signals do again what they did before, unless others are notified of
    /// them. Returns what has arrived, and will not grow: a signal that comes at the
    /// same time either is there, or has done what it did before.
    ///
    /// Go's `signal.Stop`. Dropping it does the same.
    pub fn stop(mut self) -> Receiver<Signal> {
        let receiver = self.receiver.take();
        drop(self);
        receiver.expect("stopped once")
    }
}

impl Deref for Signals {
    type Target = Receiver<Signal>;

    fn deref(&self) -> &Receiver<Signal> {
        self.receiver.as_ref().expect("not stopped yet")
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        registry::remove(self.id);
    }
}

/// Makes a context that is cancelled when one of the signals comes, which does nothing
/// else then, also if it comes again. The context's [`cause`](Context::cause) is a
/// [`SignalError`].
///
/// Go's `signal.NotifyContext`. When the [`StopFn`] is dropped the context is cancelled,
/// and the signals do again what they did before: in Go one writes `defer stop()`.
///
/// # Panics
/// If there are no signals in `signals`, or the runtime cannot start.
///
/// # Examples
/// ```
/// use sortie::context::Context;
/// use sortie::signal::{self, Signal, SignalError};
///
/// sortie::run(|| {
///     let signals = [Signal::SIGINT, Signal::SIGTERM];
///     let (context, _stop) = signal::notify_context(&Context::background(), &signals);
///     // Usually somebody else does.
///     unsafe { libc::raise(libc::SIGTERM) };
///     assert!(context.done().recv().is_err());
///     let cause = context.cause().unwrap();
///     assert_eq!(cause.to_string(), "terminated signal received");
///     assert_eq!(cause.downcast_ref::<SignalError>().unwrap().signal(), Signal::SIGTERM);
/// });
/// ```
#[track_caller]
pub fn notify_context(context: &Context, signals: &[Signal]) -> (Context, StopFn) {
    demand(signals);
    let (context, cancel) = context.with_cancel_cause();
    let cancel = Arc::new(cancel);
    let id = registry::add(signals, Target::Context(Arc::clone(&cancel)));
    (context, StopFn { cancel, id })
}

/// Stops what [`notify_context`] has begun; by [`stop`](Self::stop), or when it is
/// dropped.
#[must_use = "dropping it cancels the context"]
pub struct StopFn {
    cancel: Arc<CancelCauseFn>,
    id: u64,
}

impl StopFn {
    /// Cancels the context, and lets the signals do again what they did before, unless
    /// others are notified of them. Does nothing the second time.
    pub fn stop(&self) {
        self.cancel.cancel_plainly();
        registry::remove(self.id);
    }
}

impl Drop for StopFn {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for StopFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("StopFn { .. }")
    }
}

/// The cause of a context that a signal has cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignalError(pub(super) Signal);

impl SignalError {
    /// The signal.
    pub fn signal(&self) -> Signal {
        self.0
    }
}

impl fmt::Display for SignalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} signal received", self.0)
    }
}

impl Error for SignalError {}
