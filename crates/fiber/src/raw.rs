//! Fibers for those who write a scheduler: unchecked, and as fast as it gets.
//!
//! A [`RawFiber`] runs one function on a stack and block of its own. Whoever
//! schedules it takes care of the rules that [`Fiber`](crate::Fiber) enforces,
//! and calls [`check`](crate::check) before the first.
//! A function that never returns but asks for new work, calling
//! [`end_thread`] and [`renew_thread`] in between, makes one fiber serve many
//! goroutines, without a switch from one to the next.

pub use crate::host::Host;
use crate::host::Rider;
pub use crate::stack::{DEFAULT_STACK_SIZE, MIN_STACK_SIZE, RUN, Slots, Stack, StackPool};

use crate::block;
use crate::fs_base::Tcb;
use crate::layout::Layout;
use crate::race::Context;
use crate::switch::{self, Stacks};
use std::cell::Cell;
use std::fmt;
use std::mem;
use std::ptr::{self, NonNull};

/// A fiber's own record, in its slot above `struct pthread`.
///
/// Its place is at the same distance from a page boundary for all fibers, so that
/// those of many fibers compete for few lines of the caches. A switch uses only the
/// second of its two lines.
#[repr(C, align(64))]
pub(crate) struct Control {
    main: unsafe fn(),
    /// Who the fiber is to a race detector.
    context: Context,
    stack: Stack,
    hot: Hot,
}

/// What a switch uses of a fiber's record.
#[repr(C, align(64))]
struct Hot {
    stacks: Stacks,
    /// The OS thread that runs the fiber, or ran it last.
    rider: Cell<Rider>,
    /// A word from whoever resumes to the fiber.
    argument: Cell<*mut ()>,
    started: Cell<bool>,
}

/// Words that go along with a switch: from the fiber to whoever resumed it,
const SUSPENDED: usize = 0;
const RETURNED: usize = 1;
/// and from whoever resumes to the fiber.
const GO_ON: usize = 0;
const UNWIND: usize = 1;

impl Control {
    /// The block of the fiber.
    #[inline(always)]
    fn tcb(&self, layout: &Layout) -> Tcb {
        Tcb::at(ptr::from_ref(self).addr() - block::control_offset(layout))
    }
}

const _: () = assert!(size_of::<Control>() <= block::CONTROL);

thread_local! {
    /// The fiber whose thread-local this is. Null on an OS thread.
    static CURRENT: Cell<*const Control> = const { Cell::new(ptr::null()) };
}

/// How far from FS [`CURRENT`] is.
///
/// A block has its record's address there from birth on, and keeps it: signal
/// handlers ask for it at any time, between any two instructions of a switch too.
/// (Unless this crate is part of a library that was loaded by `dlopen`. The
/// variable is then not in static TLS, and the fiber sets it at its start.)
pub(crate) fn current_offset() -> isize {
    let address = CURRENT.with(|current| current.as_ptr().addr());
    (address as isize).wrapping_sub(Tcb::current().address() as isize)
}

/// Sets [`CURRENT`] after the block was made new, if it is not part of the block.
/// Volatile, since the compiler does not know that the variable's memory was
/// rewritten.
#[inline(always)]
fn set_current(layout: &Layout, control: *const Control) {
    if !layout.current_in_block {
        // SAFETY: the calling context's own variable.
        CURRENT.with(|current| unsafe { current.as_ptr().write_volatile(control) });
    }
}

/// Fetches a line into the cache, if there is one.
#[inline(always)]
#[expect(clippy::not_unsafe_ptr_arg_deref, reason = "any address will do")]
pub fn prefetch(line: *const i8) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: a hint, which does nothing for an address that is not mapped.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(line) };
}

/// A function on a stack and block of its own.
///
/// Dropping it leaks the stack; [`into_stack`](Self::into_stack) returns it.
#[repr(transparent)]
pub struct RawFiber(FiberRef);

/// Names a fiber. Its functions are unsafe to call: whoever does knows that the
/// fiber exists, and has it exclusively.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct FiberRef(NonNull<Control>);

impl std::ops::Deref for RawFiber {
    type Target = FiberRef;
    #[inline(always)]
    fn deref(&self) -> &FiberRef {
        &self.0
    }
}

// SAFETY: a fiber is a thread to the code it runs: its thread-locals, panic
// count and errno are its own and move with it. So what is on its stack never
// changes threads, whichever OS thread resumes it. The handle itself is only
// used by unsafe functions, whose contracts demand exclusive use.
unsafe impl Send for RawFiber {}
// SAFETY: as above; a shared reference gives access to unsafe functions only.
unsafe impl Sync for RawFiber {}
// SAFETY: as above.
unsafe impl Send for FiberRef {}
// SAFETY: as above.
unsafe impl Sync for FiberRef {}

impl fmt::Debug for RawFiber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RawFiber").field(&self.0.0).finish()
    }
}

impl fmt::Debug for FiberRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FiberRef").field(&self.0).finish()
    }
}

impl RawFiber {
    /// A fiber on `stack` that will run `main`, which finds out by
    /// [`argument`] what it is to do.
    ///
    /// # Safety
    /// `main`, run once on the fiber, is sound, and does not unwind.
    pub unsafe fn new(stack: Stack, main: unsafe fn()) -> Self {
        // SAFETY: as this function's.
        unsafe { Self::with_context(stack, main, Context::ordered()) }
    }

    /// The same, for a scheduler that tells a race detector itself what comes before
    /// what.
    ///
    /// # Safety
    /// As [`new`](Self::new).
    pub unsafe fn with_context(stack: Stack, main: unsafe fn(), context: Context) -> Self {
        let tcb = stack.tcb();
        let layout = Layout::get().expect("a stack was made, so the layout is known");
        let control = tcb.field::<Control>(block::control_offset(layout) as isize);
        // SAFETY: the slot has room for the record there (block::CONTROL), and
        // nobody else uses it while the fiber exists. The stack is ours, unused, and
        // aligned (see Geometry); the record stays where it is.
        unsafe {
            control.write(Control {
                main,
                context,
                hot: Hot {
                    stacks: Stacks::new(stack.base()),
                    rider: Cell::new(Rider::NOBODY),
                    argument: Cell::new(ptr::null_mut()),
                    started: Cell::new(false),
                },
                stack,
            });
            RawFiber(FiberRef(NonNull::new_unchecked(control)))
        }
    }

    /// Takes the stack back. If the fiber is suspended, what is on its stack is
    /// forgotten, not dropped.
    ///
    /// # Safety
    /// - no thread runs the fiber or has its block current;
    /// - the fiber renewed its thread-locals ([`renew_thread`]) after it last ran
    ///   anything that could have used them, or was never resumed;
    /// - nothing on its stack needs to be dropped.
    pub unsafe fn into_stack(self) -> Stack {
        // SAFETY: the record is initialised and read out once.
        unsafe { self.0.0.as_ptr().read() }.stack
    }
}

impl FiberRef {
    /// Fetches the memory into the cache that switching to the fiber will use:
    /// stacks are laid out alike, so that many of them compete for few places
    /// there. Does nothing that can be observed.
    #[inline(always)]
    pub fn prefetch(self) {
        let Ok(layout) = Layout::get() else { return };
        let control = self.0.as_ptr().cast::<i8>();
        prefetch(control.wrapping_add(64));
        let fs = control.wrapping_sub(block::control_offset(layout));
        for &line in layout.hot_lines() {
            prefetch(fs.wrapping_offset(line));
        }
    }

    /// The addresses of its stack, guard excluded.
    ///
    /// # Safety
    /// The fiber exists.
    pub unsafe fn stack(self) -> std::ops::Range<usize> {
        let layout = Layout::get().expect("a fiber exists, so the layout is known");
        // SAFETY: the fiber's block was built when its stack was taken.
        unsafe { block::stack_of(layout, self.0.as_ref().tcb(layout)) }
    }

    /// Leaves a word that the fiber finds by [`argument`].
    ///
    /// # Safety
    /// The fiber exists and does not run.
    #[inline(always)]
    pub unsafe fn set_argument(self, argument: *mut ()) {
        // SAFETY: the record exists, and nobody else looks at it now.
        unsafe { self.0.as_ref() }.hot.argument.set(argument);
    }

    /// Makes the fiber's block current, runs it until it suspends or returns,
    /// and leaves its block current. Returns whether it suspended.
    ///
    /// # Safety
    /// - `host` is the calling thread's, with FS as it left it;
    /// - the fiber has not returned, and no other thread resumes it;
    /// - the calling function touches no thread-local, and until the fiber's
    ///   block is left, follows the rules of [`Host`]'s module.
    #[inline(always)]
    pub unsafe fn resume(self, host: &mut Host) -> bool {
        // SAFETY: the caller's obligations are those of `board` and `run`.
        unsafe {
            self.board(host);
            self.run()
        }
    }

    /// The first half of [`resume`](Self::resume): makes the block current.
    ///
    /// # Safety
    /// As [`resume`](Self::resume).
    #[inline(always)]
    pub unsafe fn board(self, host: &mut Host) {
        // SAFETY: the caller's obligations are those of `Host::board`.
        unsafe {
            let control = self.0.as_ref();
            let tcb = control.tcb(host.layout());
            if control.hot.rider.get() != host.rider() {
                control.hot.rider.set(host.rider());
                host.introduce(tcb);
            }
            host.board(tcb);
        }
    }

    /// The second half of [`resume`](Self::resume): switches the stack.
    ///
    /// # Safety
    /// As [`resume`](Self::resume); the fiber's block is current.
    #[inline(always)]
    pub unsafe fn run(self) -> bool {
        // SAFETY: as this function's.
        unsafe { self.run_with(GO_ON) }
    }

    /// # Safety
    /// As [`run`](Self::run).
    #[inline(always)]
    unsafe fn run_with(self, word: usize) -> bool {
        // SAFETY: the record exists as long as the fiber has not ended, and for its
        // context, which others look at, even a little longer.
        let control = unsafe { self.0.as_ref() };
        // SAFETY: exclusive, by the caller's obligation; FS is the fiber's.
        let word = control
            .context
            .within(|| unsafe { switch::resume(&control.hot.stacks, word) });
        word == SUSPENDED
    }

    /// Unwinds what is on a suspended fiber's stack, so that its values are
    /// dropped, and runs it to its end.
    ///
    /// # Safety
    /// As [`resume`](Self::resume).
    pub(crate) unsafe fn unwind(self, host: &mut Host) {
        // SAFETY: as this function's.
        unsafe {
            self.board(host);
            while self.run_with(UNWIND) {}
        }
    }

    /// Calls `f`, which somebody has to call in the name of a fiber that has just been
    /// suspended: a race detector takes it for a deed of the fiber. Before `f` returns
    /// somebody else may have the fiber, and resume it: he waits for the end of `f`.
    ///
    /// # Safety
    /// - the fiber is suspended, and nobody else can resume it but by what `f` does;
    /// - `f` does not unwind.
    #[inline(always)]
    pub unsafe fn stand_in<T>(self, f: impl FnOnce() -> T) -> T {
        // SAFETY: the record exists; where this part of it is used, the fiber cannot end
        // before that.
        unsafe { (*self.0.as_ptr()).context.stand_in(f) }
    }

    /// Whether the fiber was ever resumed.
    ///
    /// # Safety
    /// The fiber exists and does not run.
    pub(crate) unsafe fn started(self) -> bool {
        // SAFETY: the record is initialised.
        unsafe { self.0.as_ref() }.hot.started.get()
    }
}

/// Suspends the fiber that runs; control returns to whoever resumed it.
///
/// # Safety
/// - the caller runs on a fiber;
/// - whoever resumed it is prepared for that.
#[inline(always)]
pub unsafe fn suspend() {
    let control = CURRENT.with(Cell::get);
    // SAFETY: on a fiber CURRENT is its record, and whoever resumed it waits.
    let word = unsafe { switch::suspend(&(*control).hot.stacks, SUSPENDED) };
    if word == UNWIND {
        unwind_here();
    }
}

/// Unwinds the calling fiber, which is being dropped.
#[cold]
#[inline(never)]
fn unwind_here() -> ! {
    /// What is thrown. No hook sees it.
    struct Dropped;
    std::panic::resume_unwind(Box::new(Dropped))
}

/// The first function of each fiber.
///
/// # Safety
/// Runs on a fiber; `stacks` is in its record.
pub(crate) unsafe extern "C" fn first(stacks: *const Stacks) -> ! {
    let offset = mem::offset_of!(Control, hot) + mem::offset_of!(Hot, stacks);
    // SAFETY: as this function's.
    unsafe {
        let control = stacks.byte_sub(offset).cast::<Control>();
        let layout = Layout::get().expect("a fiber runs, so the layout is known");
        set_current(layout, control);
        (*control).hot.started.set(true);
        ((*control).main)();
        switch::suspend(&(*control).hot.stacks, RETURNED);
    }
    unreachable!("a fiber that has returned is not resumed");
}

/// The word that was last left for the fiber that runs, and its replacement.
///
/// # Safety
/// The caller runs on a fiber.
#[inline(always)]
pub unsafe fn argument(replacement: *mut ()) -> *mut () {
    // SAFETY: on a fiber CURRENT is its record.
    unsafe { (*CURRENT.with(Cell::get)).hot.argument.replace(replacement) }
}

/// Whether the caller runs on a fiber.
#[inline]
pub fn on_fiber() -> bool {
    !CURRENT.with(Cell::get).is_null()
}

/// The blocks of the fiber the caller runs on and of the OS thread below it.
#[inline]
pub(crate) fn current_blocks() -> Option<(Tcb, Tcb)> {
    let control = CURRENT.with(Cell::get);
    // SAFETY: on a fiber CURRENT is its record.
    (!control.is_null()).then(|| unsafe {
        let layout = Layout::get().expect("a fiber runs, so the layout is known");
        ((*control).tcb(layout), (*control).hot.rider.get().thread())
    })
}

/// The block of the OS thread below the fiber the caller runs on, if it does.
#[inline]
pub(crate) fn thread_below() -> Option<Tcb> {
    current_blocks().map(|(_, thread)| thread)
}

/// The guard of the stack the caller runs on, for the fault handler.
pub(crate) fn current_guard() -> Option<(std::ops::Range<usize>, usize)> {
    let control = CURRENT.with(Cell::get);
    if control.is_null() {
        return None;
    }
    let layout = Layout::get().ok()?;
    // SAFETY: the running fiber's own record and block.
    let stack = unsafe { block::stack_of(layout, (*control).tcb(layout)) };
    Some((stack.start - crate::stack::GUARD..stack.start, stack.len()))
}

/// Does on a fiber what a thread does at its end: runs the destructors of its
/// thread-locals. They may suspend.
///
/// # Safety
/// The caller runs on a fiber.
pub unsafe fn end_thread() {
    let layout = Layout::get().expect("a fiber runs, so the layout is known");
    // SAFETY: the block that is current is the fiber's.
    unsafe { block::run_destructors(layout, Tcb::current()) }
}

/// Gives the fiber that runs fresh thread-locals, as if it were a new thread.
///
/// # Safety
/// - the caller runs on a fiber, on which [`end_thread`] was called;
/// - nothing of its thread-locals is in use, and the caller holds no value or
///   address of one.
pub unsafe fn renew_thread() {
    let layout = Layout::get().expect("a fiber runs, so the layout is known");
    let control = CURRENT.with(Cell::get);
    // SAFETY: passed on.
    unsafe { block::renew(layout, Tcb::current()) };
    set_current(layout, control);
}
