//! Bodies of goroutines, and the handle that gets their result.

use super::handle::Goroutine;
use super::joiner::{self, Joiner};
use super::scope::Count;
use super::{panic, payload};
use crate::goroutine::header::Body;
use crate::goroutine::join_word::Handle;
use crate::goroutine::{GRef, State, WaitReason};
use crate::park::wait_queue::Until;
use crate::park::{Place, Waiter};
use crate::sched::entry::Ending;
use crate::sched::{M, P, Scheduler, submit, trace};
use sortie_fiber::race;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::ptr;
use std::thread;

/// What the scheduler does when a body has run.
static ENDING: Ending = Ending {
    drop_unclaimed,
    complete,
};

/// Gives a goroutine its closure.
///
/// # Safety
/// The caller owns the header. Whatever the closure borrows outlives its run, and
/// the result its handle.
#[inline(always)]
pub(super) unsafe fn equip<F, T>(g: GRef, f: F, scope: *const Count)
where
    F: FnOnce() -> T,
{
    // SAFETY: as this function's.
    unsafe { payload::put(g, f) };
    g.body.set(Some(body::<F, T>));
    g.scope.set(scope.cast());
}

/// Runs the closure on the goroutine.
///
/// # Safety
/// Called once, by the goroutine that [`equip`] made it the body of.
unsafe fn body<F, T>(g: GRef) -> *const ()
where
    F: FnOnce() -> T,
{
    // SAFETY: put there by `equip`.
    let f = unsafe { payload::take::<F>(g) };
    let result = catch_unwind(AssertUnwindSafe(f));
    // SAFETY: the payload is unused since the closure was taken. What is put in
    // is taken out again by the handle, or by `unclaimed`.
    unsafe { payload::put(g, result) };
    let _hidden = race::hide();
    g.body.set(Some(unclaimed::<T>));
    ptr::from_ref(&ENDING).cast()
}

/// Drops a result that nobody will ask for. If it is a panic it goes to the
/// scope, or ends the process if that is the policy.
///
/// # Safety
/// Called once, with the result in the payload, by whoever owns that.
unsafe fn unclaimed<T>(g: GRef) -> *const () {
    // SAFETY: put there by `body`, with this type.
    let result = unsafe { payload::take::<thread::Result<T>>(g) };
    match result {
        Ok(value) => drop_quietly(value),
        Err(cause) if panic::is_exit(&*cause) => {}
        Err(cause) => {
            // SAFETY: a scope's count is alive as long as one of its goroutines,
            // or a handle of one, is.
            match unsafe { g.scope.get().cast::<Count>().as_ref() } {
                Some(scope) => scope.note_panic(cause),
                None if panic::ends_process(g) => panic::unjoined(g, &*cause),
                None => drop_quietly(cause),
            }
        }
    }
    ptr::from_ref(&ENDING).cast()
}

/// Drops a value; a panic of its destructor is reported, and stops there.
fn drop_quietly<T>(value: T) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
}

/// Drops the result of the calling goroutine if its handle is gone. Returns
/// whether it did, for that may have run any code.
///
/// # Safety
/// Called by a goroutine whose body has run.
unsafe fn drop_unclaimed(g: GRef) -> bool {
    if g.join.is_detached()
        && let Some(drop_result) = take_body(g)
    {
        // SAFETY: the body left it for the result, which is ours as the handle is
        // gone.
        unsafe { drop_result(g) };
        return true;
    }
    false
}

/// What is to be run for a goroutine next.
fn take_body(g: GRef) -> Option<Body> {
    let _hidden = race::hide();
    g.body.take()
}

/// Ends a goroutine whose body has run: tells who waits, or frees the header.
/// `false` means that its handle was dropped just now and
/// [`drop_unclaimed`] has to be called again.
///
/// # Safety
/// - called once until it returns `true`, on the goroutine's fiber, by the
///   scheduler;
/// - the machine is inside, and has the processor;
/// - the header is not used after that.
unsafe fn complete(g: GRef, m: &'static M, p: &'static P) -> bool {
    let scope = g.scope.get().cast::<Count>();
    // Before, since afterwards the header may be the handle's.
    g.set_state(State::Running, State::Dead);
    match race::show(|| g.join.finish()) {
        Handle::Exists => {}
        Handle::Waits(joiner) => {
            // SAFETY: a joiner's, which is found once; whoever is to be made ready is
            // parked, and that is up to us.
            unsafe {
                if let Some(waiter) = Joiner::end(joiner) {
                    ready_joiner(waiter, m, p);
                }
            }
        }
        Handle::Gone => {
            // SAFETY: nobody else touches the field, as the handle is gone.
            if unsafe { (*g.body.as_ptr()).is_some() } {
                g.set_state(State::Dead, State::Running);
                return false;
            }
            // SAFETY: no handle, no goroutine: the header is ours.
            unsafe { free(g, m.scheduler, Some(p)) };
        }
    }
    if !scope.is_null() {
        // SAFETY: the goroutine's own share of the scope.
        unsafe { Count::leave(scope, m, p) };
    }
    true
}

/// Makes somebody ready who waits for the end of a goroutine.
///
/// # Safety
/// The caller is to make the joiner ready, and has the processor. It is hidden from a
/// race detector.
pub(super) unsafe fn ready_joiner(joiner: Waiter, m: &'static M, p: &'static P) {
    match joiner {
        // SAFETY: as this function's.
        Waiter::Goroutine(joiner) => unsafe {
            race::show(|| joiner.set_state(State::Waiting, State::Runnable));
            trace::ready_at_end(m, joiner);
            submit::ready_from(m.scheduler, Some(p), joiner);
        },
        Waiter::Thread(thread) => race::show(|| thread.ready()),
    }
}

/// Frees the header of a goroutine that has ended and has no handle.
///
/// # Safety
/// Nobody else uses the header, and the caller has the processor.
#[inline(always)]
unsafe fn free(g: GRef, scheduler: &'static Scheduler, p: Option<&P>) {
    g.details.set(None);
    // SAFETY: as this function's. The result was dropped or taken.
    unsafe { scheduler.give_header(p, g) };
}

/// The header side of a handle, without types.
struct RawHandle {
    g: GRef,
    /// Whether the result was taken.
    taken: bool,
}

// SAFETY: the handle uses the header by its atomics, and its payload only once
// the goroutine has ended. What is in it is `Send`: `go` demands it.
unsafe impl Send for RawHandle {}
// SAFETY: as above; shared, it only looks at atomics.
unsafe impl Sync for RawHandle {}

impl RawHandle {
    /// Waits for the end of the goroutine as long as there is time. Returns whether
    /// it has ended.
    fn wait(&self, until: &Until<'_>, location: &'static Location<'static>) -> bool {
        let place = Place {
            reason: WaitReason::Join,
            location,
            origin: None,
        };
        // SAFETY: this is the handle.
        unsafe { joiner::wait(&self.g.join, until, place) }
    }

    fn is_done(&self) -> bool {
        self.g.join.is_done()
    }
}

impl Drop for RawHandle {
    #[inline]
    fn drop(&mut self) {
        if !self.taken && self.g.join.detach() {
            return;
        }
        release(self.g, self.taken);
    }
}

/// Frees the header of a goroutine that has ended, from its handle.
#[cold]
#[inline(never)]
fn release(g: GRef, taken: bool) {
    if !taken && let Some(drop_result) = take_body(g) {
        // SAFETY: the body left this function to drop the result, which nobody
        // has taken.
        unsafe { drop_result(g) };
    }
    let _hidden = race::hide();
    match crate::goroutine::current::current().map(M::of) {
        Some(m) => {
            // SAFETY: seats hold `&'static P`s; the header is the handle's own
            // since the goroutine has ended, and the machine is inside.
            unsafe {
                let p: Option<&'static P> = m.seat.enter().as_ref();
                free(g, m.scheduler, p);
            }
            m.seat.exit();
        }
        // SAFETY: as above, without a processor.
        None => unsafe {
            let scheduler: &'static Scheduler = &*g.runtime.get().cast();
            free(g, scheduler, None);
        },
    }
}

/// An owned permission to wait for a goroutine and get its result.
///
/// Dropping it detaches the goroutine, which goes on.
pub struct JoinHandle<T> {
    raw: RawHandle,
    goroutine: Goroutine,
    /// Not `T`: a handle is `Send` and `Sync` whatever the result, which was
    /// `Send` when the goroutine was started.
    result: PhantomData<fn() -> T>,
}

impl<T> JoinHandle<T> {
    /// # Safety
    /// The goroutine was equipped with a closure that returns `T`, and this is
    /// its only handle.
    #[inline(always)]
    pub(crate) unsafe fn new(g: GRef, goroutine: Goroutine) -> Self {
        JoinHandle {
            raw: RawHandle { g, taken: false },
            goroutine,
            result: PhantomData,
        }
    }

    /// Waits for the goroutine to end, and returns its result; if it panicked,
    /// the payload as an error. Its thread-locals have been destroyed by then.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread.
    ///
    /// # Errors
    /// If the goroutine panicked, or ended by [`exit`](super::exit), whose payload
    /// is [`Exited`](super::Exited).
    ///
    /// # Examples
    /// ```
    /// # sortie::run(|| {
    /// let handle = sortie::go(|| 6 * 7);
    /// assert_eq!(handle.join().unwrap(), 42);
    /// # });
    /// ```
    #[track_caller]
    pub fn join(self) -> thread::Result<T> {
        self.raw.wait(&Until::GRANTED, Location::caller());
        self.take()
    }

    /// As [`join`](Self::join), as long as there is time. The error is the handle.
    pub(crate) fn join_until(
        self,
        until: &Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<thread::Result<T>, Self> {
        if self.raw.wait(until, location) {
            Ok(self.take())
        } else {
            Err(self)
        }
    }

    /// The result of a goroutine that has ended.
    fn take(mut self) -> thread::Result<T> {
        assert!(self.raw.is_done(), "the goroutine has not ended");
        self.raw.taken = true;
        // SAFETY: the goroutine has ended and left its result, of this type; its
        // handle is the only one to take it.
        unsafe { payload::take::<thread::Result<T>>(self.raw.g) }
    }

    /// Whether the goroutine has ended, so that [`join`](Self::join) would not
    /// wait.
    pub fn is_finished(&self) -> bool {
        self.raw.is_done()
    }

    /// Who it is.
    pub fn goroutine(&self) -> &Goroutine {
        &self.goroutine
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("goroutine", &self.goroutine)
            .field("finished", &self.is_finished())
            .finish()
    }
}
