//! Starting goroutines.

use super::handle::Goroutine;
use super::join::{JoinHandle, equip};
use super::scope::{Count, Scope, ScopedJoinHandle};
use super::span;
use crate::goroutine::GRef;
use crate::goroutine::header::Details;
use crate::runtime;
use crate::sched::alarm::Site;
use crate::sched::spawn::{self, Plan};
use std::io;
use std::panic::Location;
use std::ptr;
use std::sync::Arc;

/// Starts a goroutine that runs `f`: Go's `go` statement, with a handle.
///
/// The goroutine is a thread to the code it runs, `thread_local!` variables
/// included. It runs after others that are ready, on any OS thread. Called from a
/// plain OS thread this works too; the runtime starts with its first use.
///
/// Dropping the handle lets the goroutine go on by itself. A panic in it does not
/// end the process; [`JoinHandle::join`] reports it.
///
/// # Panics
/// If the platform cannot run goroutines, or there is no memory or address space
/// for another one; [`Builder::spawn`] returns an error instead.
///
/// # Examples
/// ```
/// # sortie::run(|| {
/// let answer = sortie::go(|| 6 * 7);
/// assert_eq!(answer.join().unwrap(), 42);
/// # });
/// ```
#[track_caller]
#[inline]
pub fn go<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let plan = Plan::new(Location::caller());
    // SAFETY: all is `'static`.
    match unsafe { start(plan, f, ptr::null()) } {
        Ok(g) => {
            let goroutine = Goroutine::new(g.1, None);
            // SAFETY: just made with this closure.
            unsafe { JoinHandle::new(g.0, goroutine) }
        }
        Err(error) => refused(&error),
    }
}

#[cold]
#[track_caller]
pub(super) fn refused(error: &io::Error) -> ! {
    panic!("cannot start a goroutine: {error}")
}

/// Makes a goroutine of a closure, in a scope or not. Returns it with its id.
///
/// # Safety
/// Whatever the closure borrows outlives its run, and its result the handle.
#[inline(always)]
pub(crate) unsafe fn start<F, T>(plan: Plan, f: F, scope: *const Count) -> io::Result<(GRef, u64)>
where
    F: FnOnce() -> T,
{
    let f = span::below(&plan, f);
    let mut id = 0;
    // SAFETY: `equip` sets the body to a function that runs the closure, and
    // does not unwind.
    let g = unsafe {
        spawn::spawn(runtime::default_scheduler, plan, |g| {
            equip(g, f, scope);
            id = g.id.load(std::sync::atomic::Ordering::Relaxed);
        })?
    };
    Ok((g, id))
}

/// Starts a goroutine that calls `f` with `value` and has no handle, where a trigger
/// has fired.
///
/// # Errors
/// If there is no memory or address space for another one. The error has the value.
pub(crate) fn start_at<T, F>(
    site: &Site,
    place: &'static Location<'static>,
    value: T,
    f: F,
) -> Result<(), T>
where
    T: Send + 'static,
    F: FnOnce(T) + Send + 'static,
{
    // SAFETY: what it is equipped with is sound to run once, and does not unwind.
    equip_detached(place, value, f, |equip| unsafe {
        site.spawn(Plan::new(place), equip).is_ok()
    })
}

/// The same from anywhere.
///
/// # Errors
/// As [`start_at`].
pub(crate) fn start_detached<T, F>(
    place: &'static Location<'static>,
    value: T,
    f: F,
) -> Result<(), T>
where
    T: Send + 'static,
    F: FnOnce(T) + Send + 'static,
{
    // SAFETY: as above.
    equip_detached(place, value, f, |equip| unsafe {
        spawn::spawn(runtime::default_scheduler, Plan::new(place), equip).is_ok()
    })
}

/// Passes what equips a goroutine without handle to `spawn`, which returns whether
/// there is one. If not, returns the value.
fn equip_detached<T, F>(
    place: &'static Location<'static>,
    value: T,
    f: F,
    spawn: impl FnOnce(&mut dyn FnMut(GRef)) -> bool,
) -> Result<(), T>
where
    T: Send + 'static,
    F: FnOnce(T) + Send + 'static,
{
    let mut both = Some((value, f));
    let spawned = spawn(&mut |g| {
        if let Some((value, f)) = both.take() {
            // SAFETY: the goroutine is being made, and all is `'static`.
            unsafe { equip(g, span::alone(place, move || f(value)), ptr::null()) };
            let detached = g.join.detach();
            debug_assert!(detached, "it has not ended yet");
        }
    });
    match both {
        Some((value, _)) if !spawned => Err(value),
        _ => Ok(()),
    }
}

/// Starts goroutines that are out of the ordinary: with a name, or with another
/// size of stack.
///
/// # Examples
/// ```
/// # sortie::run(|| {
/// let deep = sortie::task::Builder::new()
///     .name("deep")
///     .stack_size(8 << 20)
///     .spawn(|| {
///         let frame = [1u8; 4 << 20];
///         std::hint::black_box(&frame).len()
///     })?;
/// assert_eq!(deep.join().unwrap(), 4 << 20);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until its `spawn` is called"]
pub struct Builder {
    name: Option<String>,
    stack_size: Option<usize>,
}

impl Builder {
    /// A builder for a goroutine like those of [`go`].
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the goroutine, for panic messages and dumps.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Gives it a stack of `size` bytes instead of the runtime's default. Rounded
    /// up to pages, and to 16 KiB at least. Only what is used becomes real memory.
    pub fn stack_size(mut self, size: usize) -> Self {
        self.stack_size = Some(size);
        self
    }

    /// Starts the goroutine.
    ///
    /// # Errors
    /// If the platform cannot run goroutines, or there is no memory or address
    /// space for another one.
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let plan = self.plan(Location::caller())?;
        let name = plan
            .details
            .as_ref()
            .and_then(|details| details.name.clone());
        // SAFETY: all is `'static`.
        let (g, id) = unsafe { start(plan, f, ptr::null())? };
        // SAFETY: just made with this closure.
        Ok(unsafe { JoinHandle::new(g, Goroutine::new(id, name)) })
    }

    /// Starts the goroutine in a scope.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn).
    #[track_caller]
    pub fn spawn_scoped<'scope, 'env, F, T>(
        self,
        scope: &'scope Scope<'scope, 'env>,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        scope.start(self.plan(Location::caller())?, f)
    }

    fn plan(self, place: &'static Location<'static>) -> io::Result<Plan> {
        let stack_size = match self.stack_size {
            Some(size) => runtime::try_scheduler()?.fibers.prepare(size)?.unwrap_or(0),
            None => 0,
        };
        let details = (self.name.is_some() || stack_size != 0).then(|| {
            Box::new(Details {
                name: self.name.map(Arc::from),
                stack_size,
            })
        });
        Ok(Plan {
            place,
            details,
            id: None,
        })
    }
}
