//! One event in the future, that may be put off or called off.

use super::Instant;
use super::function::FunctionTimer;
use crate::base::clock;
use crate::chan::{Receiver, Scheduled, never};
use std::fmt;
use std::panic::Location;
use std::time::Duration;

/// One event in the future: a message on a channel, or a call of a function. Go's
/// `time.Timer`.
///
/// It may be [stopped](Self::stop) and [set anew](Self::reset) at any time, by any
/// goroutine or OS thread, also while others wait for it. What these return is always
/// right: when one says that the event was called off it does not happen, and no
/// message of an earlier setting is ever received after a later one. So nothing has
/// to be drained.
///
/// A timer that nobody waits for costs its memory only. Dropping it does not
/// stop it: receivers that were cloned go on, and so does a function.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use sortie::time::Timer;
///
/// sortie::run(|| {
///     let timer = Timer::new(Duration::from_secs(1000));
///     assert!(timer.reset(Duration::from_millis(2)), "it was set");
///     timer.chan().recv().unwrap();
///     assert!(!timer.stop(), "it is over");
/// });
/// ```
pub struct Timer(Event);

enum Event {
    Message(Scheduled),
    Call(FunctionTimer),
}

/// The channel of timers that call a function.
static NOTHING: Receiver<Instant> = never();

impl Timer {
    /// A timer that sends the time on its [channel](Self::chan) once, after
    /// `duration`. Go's `time.NewTimer`.
    #[track_caller]
    #[must_use]
    pub fn new(duration: Duration) -> Self {
        let when = clock::after(duration);
        Timer(Event::Message(Scheduled::new(when, 0, Location::caller())))
    }

    /// Calls `f` after `duration`, on a goroutine of its own. Go's `time.AfterFunc`.
    ///
    /// The timer that is returned can stop it or set it again. It may be dropped: the
    /// function is called all the same, and dropped when it was called for the last
    /// time. A stopped timer drops its function when it is dropped itself.
    ///
    /// Calls do not overlap. If the timer is over again while `f` still runs, another
    /// call follows. A panic of `f` ends that call.
    ///
    /// # Panics
    /// If the runtime cannot start. If there is no room for a goroutine when the time
    /// comes, the call is made when there is.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use sortie::chan::bounded;
    /// use sortie::time::Timer;
    ///
    /// sortie::run(|| {
    ///     let (sender, receiver) = bounded(0);
    ///     Timer::after_func(Duration::from_millis(2), move || {
    ///         sender.send("called").unwrap();
    ///     });
    ///     assert_eq!(receiver.recv(), Ok("called"));
    ///     assert!(receiver.recv().is_err(), "the function was dropped");
    /// });
    /// ```
    #[track_caller]
    pub fn after_func<F>(duration: Duration, f: F) -> Self
    where
        F: FnMut() + Send + 'static,
    {
        let timer = FunctionTimer::new(Location::caller(), f).going_on();
        timer.set(clock::after(duration));
        Timer(Event::Call(timer))
    }

    /// Where the time arrives: the moment for which the timer was set, however late it
    /// is received. It may be cloned, and used in a [`select!`](crate::chan::select).
    /// Nothing arrives from a timer that calls a function.
    ///
    /// Go's `t.C`. It seems to have no capacity: [`len`](Receiver::len) is always 0.
    pub fn chan(&self) -> &Receiver<Instant> {
        match &self.0 {
            Event::Message(scheduled) => scheduled.receiver(),
            Event::Call(_) => &NOTHING,
        }
    }

    /// Calls the event off. Returns whether it was to come: then it will not. Otherwise
    /// it was called off before, or the message was received, or the function's
    /// goroutine has been started; that is not waited for. Go's `t.Stop`.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use sortie::time::Timer;
    ///
    /// sortie::run(|| {
    ///     let timer = Timer::new(Duration::ZERO);
    ///     // It is over, but nobody has received the message, and nobody will.
    ///     assert!(timer.stop());
    ///     assert!(timer.chan().try_recv().is_err());
    ///     assert!(!timer.stop());
    /// });
    /// ```
    pub fn stop(&self) -> bool {
        match &self.0 {
            Event::Message(scheduled) => scheduled.stop(),
            Event::Call(timer) => timer.stop(),
        }
    }

    /// Sets the timer for `duration` from now, whether its event has happened or not.
    /// Returns whether one was to come, which will not. Go's `t.Reset`.
    ///
    /// # Panics
    /// As [`after_func`](Self::after_func).
    pub fn reset(&self, duration: Duration) -> bool {
        let when = clock::after(duration);
        match &self.0 {
            Event::Message(scheduled) => scheduled.set(when, 0),
            Event::Call(timer) => timer.set(when),
        }
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer").finish_non_exhaustive()
    }
}
