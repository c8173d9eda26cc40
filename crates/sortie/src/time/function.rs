//! Functions that run at a time, each on a goroutine of its own.
//!
//! # How it works
//! A [`FunctionTimer`] is a [`Trigger`] whose action starts a goroutine, which calls
//! the function as often as the trigger has fired: usually once. So calls of the same
//! function never overlap, and it needs no lock of its own.
//!
//! The function is dropped as soon as it cannot be called any more: with its timer,
//! or by the goroutine that has made the last call. Entries in timers that are left
//! over keep the trigger's memory for a while, but not what the function owns.

use crate::base::clock;
use crate::driver::trigger::{Action, Next, Trigger};
use crate::runtime::default_scheduler;
use crate::sched::alarm::{self, Site};
use crate::task;
use sortie_fiber::race;
use std::cell::UnsafeCell;
use std::fmt;
use std::mem;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

/// When there is no room for another goroutine, when to try again.
const PATIENCE: Duration = Duration::from_millis(1);

/// A timer that calls a function, on a goroutine of its own. May be set, stopped and
/// set again at any time, from any goroutine or thread.
///
/// When it is dropped it is stopped, unless it is to [go on](Self::going_on).
#[must_use = "it is stopped when dropped"]
pub(crate) struct FunctionTimer {
    trigger: Arc<Trigger<dyn Callee>>,
    /// Whether it goes on when this is dropped.
    detached: bool,
}

/// What is behind a timer, whatever the function.
trait Callee: Send + Sync {
    /// Drops the function.
    ///
    /// # Safety
    /// Nobody calls it, and nobody ever will.
    unsafe fn drop_function(&self);
}

/// A function, and where its timer was made.
struct Function<F> {
    /// Used by whoever deals with the trigger, or by the last who could.
    function: UnsafeCell<Option<F>>,
    place: &'static Location<'static>,
}

// SAFETY: the function is used by one party at a time.
unsafe impl<F: Send> Sync for Function<F> {}

impl<F: Send> Callee for Function<F> {
    unsafe fn drop_function(&self) {
        // SAFETY: as this function's.
        drop(unsafe { (*self.function.get()).take() });
    }
}

impl FunctionTimer {
    /// A timer that is not set. Goroutines that call `f` will seem to have been made
    /// at `place`.
    pub(crate) fn new<F>(place: &'static Location<'static>, f: F) -> Self
    where
        F: FnMut() + Send + 'static,
    {
        FunctionTimer {
            trigger: Trigger::new(Function {
                function: UnsafeCell::new(Some(f)),
                place,
            }),
            detached: false,
        }
    }

    /// Lets it call the function at `when`, by the runtime's clock. Returns whether it
    /// was to do so at some other time, at which it will not.
    pub(crate) fn set(&self, when: u64) -> bool {
        // To a race detector: the function is called after this.
        race::release(Arc::as_ptr(&self.trigger).cast::<()>());
        alarm::arm(default_scheduler, &self.trigger, when)
    }

    /// Lets it not call the function. Returns whether it was going to: then it will not
    /// until it is set again. If not, it has started a goroutine that calls it or has
    /// called it, or was stopped before.
    pub(crate) fn stop(&self) -> bool {
        self.trigger.stop()
    }

    /// Lets it go on when this is dropped: if it is set then it will call the function.
    pub(crate) fn going_on(mut self) -> Self {
        self.detached = true;
        self
    }
}

impl Drop for FunctionTimer {
    fn drop(&mut self) {
        if !self.detached {
            self.stop();
        }
        if self.trigger.abandon() {
            // SAFETY: it will never fire, and nobody deals with it.
            unsafe { self.trigger.action.drop_function() };
        }
    }
}

impl fmt::Debug for FunctionTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FunctionTimer").finish_non_exhaustive()
    }
}

impl<F: FnMut() + Send + 'static> Action for Function<F> {
    unsafe fn fire(trigger: Arc<Trigger<Self>>, site: *const ()) {
        let place = trigger.action.place;
        // SAFETY: as this function's.
        unsafe { start(trigger, site, place, call) };
    }
}

/// Starts a goroutine that deals with a trigger that has fired. If there is no room for
/// another one, the trigger tries again in a while.
///
/// # Safety
/// `site` is what [`Action::fire`] was given.
pub(crate) unsafe fn start<A: Action>(
    trigger: Arc<Trigger<A>>,
    site: *const (),
    place: &'static Location<'static>,
    deal: impl FnOnce(Arc<Trigger<A>>) + Send + 'static,
) {
    // SAFETY: as this function's: the scheduler passes a `Site`.
    let site = unsafe { &*site.cast::<Site>() };
    if let Err(trigger) = task::start_at(site, place, trigger, deal) {
        site.postpone(&trigger, later());
    }
}

/// When to try again to start a goroutine.
fn later() -> u64 {
    clock::after(PATIENCE)
}

/// Calls the function as often as it has fired, as the goroutine that deals with it.
fn call<F>(trigger: Arc<Trigger<Function<F>>>)
where
    F: FnMut() + Send + 'static,
{
    /// If the function panics or exits another goroutine makes the calls that are
    /// left.
    struct Rest<'a, F: FnMut() + Send + 'static>(&'a Arc<Trigger<Function<F>>>);

    impl<F: FnMut() + Send + 'static> Drop for Rest<'_, F> {
        fn drop(&mut self) {
            let Rest(trigger) = self;
            if finish(trigger) {
                let place = trigger.action.place;
                if let Err(trigger) = task::start_detached(place, Arc::clone(trigger), call) {
                    alarm::postpone(default_scheduler, &trigger, later());
                }
            }
        }
    }

    race::acquire(Arc::as_ptr(&trigger).cast::<()>());
    loop {
        let rest = Rest(&trigger);
        // SAFETY: who deals with the trigger uses the function.
        if let Some(function) = unsafe { (*trigger.action.function.get()).as_mut() } {
            function();
        }
        mem::forget(rest);
        if !finish(&trigger) {
            return;
        }
    }
}

/// A call was made. Returns whether there is another one to make.
fn finish<F>(trigger: &Trigger<Function<F>>) -> bool
where
    F: FnMut() + Send + 'static,
{
    match trigger.done() {
        Next::Again => true,
        Next::Rest => false,
        Next::Over => {
            // SAFETY: it will never fire, and nobody deals with it.
            unsafe { trigger.action.drop_function() };
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::NEVER;
    use crate::chan::{Receiver, TryRecvError, unbounded};
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A timer whose function sends numbers from 0, and where they arrive. When the
    /// function is dropped the channel is closed.
    #[track_caller]
    fn counter() -> (FunctionTimer, Receiver<usize>) {
        let (sender, receiver) = unbounded();
        let mut count = 0;
        let timer = FunctionTimer::new(Location::caller(), move || {
            sender.send(count).unwrap();
            count += 1;
        });
        (timer, receiver)
    }

    const LONG: Duration = Duration::from_secs(1000);

    #[test]
    fn calls_once_for_each_time_it_is_set() {
        let (timer, calls) = counter();
        for expected in 0..100 {
            assert!(!timer.set(clock::now() + expected * 1000));
            assert_eq!(calls.recv(), Ok(expected as usize));
        }
        assert!(!timer.stop());
        drop(timer);
        assert!(calls.recv().is_err());
    }

    #[test]
    fn runs_on_a_goroutine_not_before_its_time() {
        let when = clock::after(Duration::from_millis(3));
        let (sender, receiver) = unbounded();
        let timer = FunctionTimer::new(Location::caller(), move || {
            let goroutine = crate::task::current();
            sender.send((clock::now(), goroutine)).unwrap();
        });
        timer.set(when);
        let (now, goroutine) = receiver.recv().unwrap();
        assert!(now >= when);
        assert!(goroutine.is_some());
    }

    #[test]
    fn stopped_it_does_not_run_and_can_be_set_again() {
        let (timer, calls) = counter();
        for _ in 0..3 {
            assert!(!timer.set(clock::after(LONG)));
            assert!(timer.stop());
            assert!(!timer.stop());
        }
        assert_eq!(calls.try_recv(), Err(TryRecvError::Empty));
        // In front of the entry that is left over.
        assert!(!timer.set(clock::now()));
        assert_eq!(calls.recv(), Ok(0));
    }

    #[test]
    fn moves_to_earlier_and_later() {
        let (timer, calls) = counter();
        assert!(!timer.set(clock::after(LONG)));
        assert!(timer.set(clock::now()));
        assert_eq!(calls.recv(), Ok(0));

        let first = clock::after(Duration::from_millis(2));
        let second = first + 3_000_000;
        timer.set(first);
        if timer.set(second) {
            assert_eq!(calls.recv(), Ok(1));
            assert!(clock::now() >= second);
            assert_eq!(calls.try_recv(), Err(TryRecvError::Empty));
        }
    }

    #[test]
    fn dropped_it_is_stopped_and_what_the_function_owns_is_freed() {
        let (timer, calls) = counter();
        timer.set(clock::after(LONG));
        drop(timer);
        assert_eq!(calls.try_recv(), Err(TryRecvError::Disconnected));
        let (timer, calls) = counter();
        drop(timer);
        assert_eq!(calls.try_recv(), Err(TryRecvError::Disconnected));
        let (timer, calls) = counter();
        timer.set(NEVER);
        assert!(timer.stop());
        timer.set(NEVER);
        drop(timer);
        assert_eq!(calls.try_recv(), Err(TryRecvError::Disconnected));
    }

    #[test]
    fn detached_it_goes_on() {
        let (timer, calls) = counter();
        timer.set(clock::after(Duration::from_millis(1)));
        drop(timer.going_on());
        assert_eq!(calls.recv(), Ok(0));
        assert!(calls.recv().is_err(), "the function is dropped");
        // Not set, it has nothing to go on with.
        let (timer, calls) = counter();
        drop(timer.going_on());
        assert_eq!(calls.try_recv(), Err(TryRecvError::Disconnected));
    }

    #[test]
    fn calls_do_not_overlap_and_none_is_lost() {
        let (enter, entered) = unbounded();
        let (go_on, may_go_on) = unbounded::<()>();
        let timer = FunctionTimer::new(Location::caller(), move || {
            enter.send(()).unwrap();
            may_go_on.recv().unwrap();
        });
        timer.set(clock::now());
        entered.recv().unwrap();
        // Fires twice while the function runs.
        for due in 2..4 {
            timer.set(clock::now());
            while timer.trigger.due() < due {
                std::thread::yield_now();
            }
        }
        assert!(entered.try_recv().is_err());
        for _ in 0..2 {
            go_on.send(()).unwrap();
            entered.recv().unwrap();
        }
        go_on.send(()).unwrap();
        drop(timer);
        assert!(entered.recv().is_err());
    }

    #[test]
    fn goes_on_after_a_panic_and_an_exit() {
        let (sender, receiver) = unbounded();
        let (go_on, may_go_on) = unbounded::<()>();
        let mut count = 0;
        let timer = FunctionTimer::new(Location::caller(), move || {
            count += 1;
            sender.send(count).unwrap();
            may_go_on.recv().unwrap();
            match count {
                1 => std::panic::resume_unwind(Box::new("on purpose")),
                2 => crate::task::exit(),
                _ => {}
            }
        });
        timer.set(clock::now());
        assert_eq!(receiver.recv(), Ok(1));
        for due in 2..4 {
            timer.set(clock::now());
            while timer.trigger.due() < due {
                std::thread::yield_now();
            }
        }
        for expected in 2..4 {
            go_on.send(()).unwrap();
            assert_eq!(receiver.recv(), Ok(expected));
        }
        go_on.send(()).unwrap();
        drop(timer);
        assert!(receiver.recv().is_err());
    }

    /// Some set, some stop, from goroutines and threads. Each time that it was set
    /// either ends in a call, or somebody stopped it or set it anew.
    #[test]
    fn each_setting_is_called_or_revoked() {
        const ROUNDS: usize = 20_000;
        let calls = Arc::new(AtomicUsize::new(0));
        let own = Arc::clone(&calls);
        let (alive, gone) = unbounded::<()>();
        let timer = FunctionTimer::new(Location::caller(), move || {
            let _ = &alive;
            own.fetch_add(1, Ordering::Relaxed);
        });
        let (set, revoked) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let play = |seed: u64| {
            let rng = crate::base::rng::Rng::new(seed);
            for _ in 0..ROUNDS {
                if rng.below(3) == 0 {
                    revoked.fetch_add(usize::from(timer.stop()), Ordering::Relaxed);
                } else {
                    let when = clock::now() + u64::from(rng.below(20_000));
                    revoked.fetch_add(usize::from(timer.set(when)), Ordering::Relaxed);
                    set.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        std::thread::scope(|threads| {
            threads.spawn(|| play(1));
            threads.spawn(|| play(2));
            crate::scope(|goroutines| {
                goroutines.go(|| play(3));
                goroutines.go(|| play(4));
            });
        });
        revoked.fetch_add(usize::from(timer.stop()), Ordering::Relaxed);
        drop(timer);
        assert!(gone.recv().is_err(), "all calls were made");
        let [calls, set, revoked] = [&*calls, &set, &revoked].map(|n| n.load(Ordering::Relaxed));
        assert_eq!(calls + revoked, set);
    }
}
