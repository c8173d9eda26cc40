//! [`Fiber`]: the safe face.

use crate::error::Unsupported;
use crate::raw::{self, Host, RawFiber, StackPool};
use crate::stack;
use std::any::Any;
use std::cell::UnsafeCell;
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::panic::{self, AssertUnwindSafe};
use std::ptr::{self, NonNull};
use std::sync::{Mutex, PoisonError};

/// What a fiber did with a call to [`Fiber::resume`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress<Yield, Return> {
    /// It suspended, handing out a value.
    Suspended(Yield),
    /// It returned.
    Returned(Return),
}

/// A closure that runs on a stack of its own, can be suspended in the middle of
/// any call, and may be resumed by any thread.
///
/// To the code inside, a fiber is a thread: it has thread-locals of its own,
/// [`thread::current`](std::thread::current) tells it from all others, a lock
/// guard or an `Rc` may be held while it is suspended. So a `Fiber` is [`Send`]
/// although what is on its stack need not be.
///
/// What the closure captures does move to other threads:
/// ```compile_fail,E0277
/// # use sortie_fiber::Fiber;
/// let captured = std::rc::Rc::new(());
/// Fiber::<(), (), ()>::new(move |_, ()| drop(captured));
/// ```
///
/// The input goes in with each [`resume`](Self::resume), the output comes out of
/// each [`Suspender::suspend`].
///
/// # Examples
/// ```
/// use sortie_fiber::{Fiber, Progress};
///
/// let mut fiber = Fiber::new(|suspender, mut number: u32| {
///     while number != 0 {
///         number = suspender.suspend(number * 2);
///     }
///     "done"
/// })?;
/// assert_eq!(fiber.resume(21), Progress::Suspended(42));
/// // On another thread it is still the same fiber.
/// let mut fiber = std::thread::spawn(move || {
///     assert_eq!(fiber.resume(4), Progress::Suspended(8));
///     fiber
/// }).join().unwrap();
/// assert_eq!(fiber.resume(0), Progress::Returned("done"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Fiber<Input, Yield, Return> {
    raw: Option<RawFiber>,
    size: usize,
    /// Owned. A raw pointer, since the fiber's side keeps another.
    shared: NonNull<Shared<Input, Yield, Return>>,
}

// SAFETY: what moves is the handle. The closure was `Send` when it was given;
// what it makes on the fiber's stack stays with the fiber, which is one thread
// for all its life (see raw::RawFiber). Values that cross are `Send`.
unsafe impl<I: Send, Y: Send, R: Send> Send for Fiber<I, Y, R> {}
// SAFETY: a shared reference allows nothing but `is_finished`.
unsafe impl<I: Send, Y: Send, R: Send> Sync for Fiber<I, Y, R> {}

/// The closure before the fiber starts.
type Main<I, Y, R> = Box<dyn FnOnce(&Suspender<I, Y>, I) -> R + Send>;

/// What the two sides exchange. Only one side runs at a time.
struct Shared<Input, Yield, Return> {
    main: UnsafeCell<Option<Main<Input, Yield, Return>>>,
    input: UnsafeCell<Option<Input>>,
    output: UnsafeCell<Option<Output<Yield, Return>>>,
}

enum Output<Yield, Return> {
    Yield(Yield),
    Return(Return),
    Panic(Box<dyn Any + Send>),
}

/// The inside of a fiber: lets its closure suspend.
///
/// It belongs to its fiber, and cannot get into another, nor outlive the closure:
/// ```compile_fail,E0277
/// # use sortie_fiber::Fiber;
/// Fiber::<(), (), ()>::new(|outer, ()| {
///     let inner = Fiber::<(), (), ()>::new(move |_, ()| outer.suspend(()));
/// });
/// ```
/// ```compile_fail
/// # use sortie_fiber::{Fiber, Suspender};
/// Fiber::<(), (), &'static Suspender<(), ()>>::new(|suspender, ()| suspender);
/// ```
pub struct Suspender<Input, Yield> {
    input: *const UnsafeCell<Option<Input>>,
    output: *const (),
    put: unsafe fn(*const (), Yield),
    /// It belongs to one fiber.
    not_send: PhantomData<*mut ()>,
}

impl<Input, Yield> Suspender<Input, Yield> {
    /// Suspends the fiber. The call to [`Fiber::resume`] that runs it returns
    /// `value`; this call returns the input of the next.
    ///
    /// If the fiber is dropped instead, this call unwinds, as by a panic that no
    /// hook sees. So does each further call, and who calls from a destructor that
    /// runs on this occasion panics while panicking, which aborts the process.
    pub fn suspend(&self, value: Yield) -> Input {
        // SAFETY: a suspender exists only on its fiber (not Send, and handed
        // out by reference), whose shared part outlives it; the other side is
        // not running now.
        unsafe {
            (self.put)(self.output, value);
            raw::suspend();
            (*(*self.input).get())
                .take()
                .expect("whoever resumes gives an input")
        }
    }
}

impl<I, Y> fmt::Debug for Suspender<I, Y> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Suspender").finish_non_exhaustive()
    }
}

impl<I, Y, R> fmt::Debug for Fiber<I, Y, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fiber")
            .field("finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}

impl<Input, Yield, Return> Fiber<Input, Yield, Return>
where
    Input: Send + 'static,
    Yield: Send + 'static,
    Return: Send + 'static,
{
    /// A fiber with a stack of [`DEFAULT_STACK_SIZE`](crate::DEFAULT_STACK_SIZE)
    /// bytes. It starts to run at the first [`resume`](Self::resume).
    ///
    /// # Errors
    /// If the platform cannot run fibers ([`check`](crate::check) tells), or no
    /// stack can be had.
    pub fn new<F>(main: F) -> io::Result<Self>
    where
        F: FnOnce(&Suspender<Input, Yield>, Input) -> Return + Send + 'static,
    {
        Self::with_stack_size(crate::DEFAULT_STACK_SIZE, main)
    }

    /// A fiber with room for `size` bytes of stack. Rounded up to pages, and to
    /// [`MIN_STACK_SIZE`](crate::MIN_STACK_SIZE). Stacks are pooled by size.
    /// A fiber that needs more hits the guard below its stack, which ends the
    /// process; [`overflow::install`](crate::overflow::install) has it say why.
    ///
    /// # Errors
    /// As [`new`](Self::new); a size beyond the address space gets one too.
    pub fn with_stack_size<F>(size: usize, main: F) -> io::Result<Self>
    where
        F: FnOnce(&Suspender<Input, Yield>, Input) -> Return + Send + 'static,
    {
        crate::check()?;
        Self::unchecked(size, main)
    }

    /// A fiber on a platform that may be untested: what the self-test uses.
    pub(crate) fn unchecked<F>(size: usize, main: F) -> io::Result<Self>
    where
        F: FnOnce(&Suspender<Input, Yield>, Input) -> Return + Send + 'static,
    {
        let stack = with_pool(stack::rounded(size), StackPool::take)??;
        let size = stack.size();
        let shared = NonNull::from(Box::leak(Box::new(Shared {
            main: UnsafeCell::new(Some(Box::new(main) as Main<Input, Yield, Return>)),
            input: UnsafeCell::new(None),
            output: UnsafeCell::new(None),
        })));
        let argument = shared.as_ptr().cast();
        // SAFETY: `enter` gets the shared part it is instantiated for, which
        // lives as long as the fiber and is only accessed by the side that
        // runs. It catches all panics.
        let raw = unsafe {
            let raw = RawFiber::new(stack, enter::<Input, Yield, Return>);
            raw.set_argument(argument);
            raw
        };
        Ok(Fiber {
            raw: Some(raw),
            size,
            shared,
        })
    }

    /// Runs the fiber until it suspends or returns.
    ///
    /// # Blocking
    /// For as long as the fiber runs.
    ///
    /// # Panics
    /// If the fiber has returned before. If its closure panics, the panic goes
    /// on in the caller, and the fiber is finished.
    pub fn resume(&mut self, input: Input) -> Progress<Yield, Return> {
        let Some(raw) = &self.raw else {
            panic!("a fiber that has returned cannot be resumed");
        };
        // SAFETY: the fiber does not run, so this side has the shared part.
        unsafe { *self.shared.as_ref().input.get() = Some(input) };
        switch(raw);
        // SAFETY: as above, again.
        let output = unsafe { (*self.shared.as_ref().output.get()).take() };
        match output.expect("a fiber gives an output whenever it stops") {
            Output::Yield(value) => Progress::Suspended(value),
            Output::Return(value) => {
                self.retire();
                Progress::Returned(value)
            }
            Output::Panic(payload) => {
                self.retire();
                panic::resume_unwind(payload)
            }
        }
    }
}

impl<I, Y, R> Fiber<I, Y, R> {
    /// Whether its closure has returned or panicked.
    pub fn is_finished(&self) -> bool {
        self.raw.is_none()
    }

    /// Returns the stack of a fiber that has ended.
    fn retire(&mut self) {
        if let Some(raw) = self.raw.take() {
            // SAFETY: `enter` has returned, after ending and renewing the
            // thread, and nothing is left on its stack; or it never started.
            let stack = unsafe { raw.into_stack() };
            let _ = with_pool(self.size, |pool| {
                pool.give(stack);
                shrink(pool);
            });
        }
    }
}

/// Gives memory back when far more stacks are unused than in use.
fn shrink(pool: &mut StackPool) {
    /// Unused stacks that always keep their memory.
    const KEPT: usize = 64;
    if pool.warm() > 2 * KEPT {
        let in_use = pool.in_use();
        if pool.warm() > 2 * (in_use + KEPT) {
            pool.trim(in_use + KEPT);
        }
    }
}

/// Resumes, from any code: comes back with FS as it was.
#[inline(never)]
fn switch(raw: &RawFiber) {
    let mut host = Host::attach().expect("a fiber exists, so the platform can run it");
    // SAFETY: the caller has the fiber exclusively, and it has not returned.
    // This function touches no thread-local, and nothing runs before FS is back.
    unsafe {
        raw.resume(&mut host);
        host.leave();
    }
}

/// Runs on the fiber.
///
/// # Safety
/// The fiber's argument is its [`Shared`].
unsafe fn enter<I, Y, R>() {
    // SAFETY: by this function's obligation; this side runs, so it has access.
    let (shared, main, input) = unsafe {
        let shared = &*raw::argument(ptr::null_mut()).cast::<Shared<I, Y, R>>();
        let main = (*shared.main.get()).take().expect("entered once");
        let input = (*shared.input.get()).take().expect("resumed with an input");
        (shared, main, input)
    };
    let suspender = Suspender {
        input: &raw const shared.input,
        output: (&raw const shared.output).cast(),
        // SAFETY: `output` is of this type, and this side runs.
        put: |output, value| unsafe {
            *(*output.cast::<UnsafeCell<Option<Output<Y, R>>>>()).get() =
                Some(Output::Yield(value));
        },
        not_send: PhantomData,
    };
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| main(&suspender, input)));
    // SAFETY: on the fiber, with its closure done: its destructors run, and its
    // thread-locals are made fresh for the stack's next user.
    unsafe {
        raw::end_thread();
        raw::renew_thread();
        *shared.output.get() = Some(match outcome {
            Ok(value) => Output::Return(value),
            Err(payload) => Output::Panic(payload),
        });
    }
}

impl<I, Y, R> Drop for Fiber<I, Y, R> {
    /// Unwinds a suspended fiber, so that what is on its stack is dropped and the
    /// destructors of its thread-locals run. A closure that catches this and
    /// suspends again is unwound again, until it ends.
    fn drop(&mut self) {
        #[inline(never)]
        fn unwind(raw: &RawFiber) {
            let mut host = Host::attach().expect("a fiber exists, so the platform can run it");
            // SAFETY: as `switch`.
            unsafe {
                raw.unwind(&mut host);
                host.leave();
            }
        }
        if let Some(raw) = &self.raw {
            // SAFETY: the fiber exists and does not run.
            if unsafe { raw.started() } {
                unwind(raw);
            }
            self.retire();
        }
        // SAFETY: leaked at creation for the two sides, of which the fiber's
        // has ended.
        drop(unsafe { Box::from_raw(self.shared.as_ptr()) });
    }
}

/// The stacks of all safe fibers, by size. The size is one that
/// [`stack::rounded`] returns.
fn with_pool<T>(size: usize, f: impl FnOnce(&mut StackPool) -> T) -> Result<T, Unsupported> {
    static POOLS: Mutex<Option<HashMap<usize, StackPool>>> = Mutex::new(None);
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    let pool = match pools.get_or_insert_default().entry(size) {
        std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
        std::collections::hash_map::Entry::Vacant(entry) => entry.insert(StackPool::new(size)?),
    };
    Ok(f(pool))
}
