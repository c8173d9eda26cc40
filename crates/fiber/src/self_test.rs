//! Proving, before the first fiber runs, that this machine is understood.
//!
//! Each check moves real fibers between two real OS threads. If one fails the
//! library refuses to work and names it.

use crate::error::Unsupported;
use crate::fiber::{Fiber, Progress, Suspender};
use crate::layout;
use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};

const STACK: usize = 64 * 1024;
const INITIAL: u64 = 0x5eed_5eed_0123_4567;

thread_local! {
    static VALUE: Cell<u64> = const { Cell::new(INITIAL) };
    static COUNTED: RefCell<Option<CountsDrop>> = const { RefCell::new(None) };
}

/// Counts how often it is dropped.
struct CountsDrop(Arc<AtomicUsize>);

impl Drop for CountsDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// What a fiber saw; `Err` names the check that failed.
type Verdict = Result<(), (&'static str, String)>;

/// Runs all checks.
pub(crate) fn run() -> Result<(), Unsupported> {
    let drops = Arc::new(AtomicUsize::new(0));
    let keys = Arc::new(AtomicUsize::new(0));
    let key = Key::new()?;
    let mut first = fiber(&drops, &keys, &key, 1)?;
    let mut second = fiber(&drops, &keys, &key, 2)?;
    VALUE.set(INITIAL ^ 3);
    // The two take turns, each on another thread every time.
    for round in 0..3 {
        step(&mut first)?;
        let elsewhere = move || -> Result<_, Unsupported> {
            step(&mut second)?;
            if round == 1 {
                step(&mut first)?;
            }
            Ok((first, second))
        };
        (first, second) = thread::Builder::new()
            .spawn(elsewhere)
            .map_err(|error| {
                Unsupported::new("self-test", format!("cannot start a thread: {error}"))
            })?
            .join()
            .unwrap_or_else(|_| Err(Unsupported::new("self-test", "it panicked")))?;
    }
    for mut fiber in [first, second] {
        while let Some(verdict) = resume(&mut fiber) {
            verdict?;
        }
    }
    if VALUE.replace(INITIAL) != INITIAL ^ 3 {
        return Err(Unsupported::new(
            "thread_local of the thread",
            "a fiber changed it",
        ));
    }
    for (what, count) in [
        ("thread_local destructor", &drops),
        ("pthread key destructor", &keys),
    ] {
        let count = count.load(Ordering::SeqCst);
        if count != 2 {
            return Err(Unsupported::new(
                what,
                format!("2 fibers ended, it ran {count} times"),
            ));
        }
    }
    Ok(())
}

type Checked = Fiber<(), Verdict, Verdict>;

fn fiber(
    drops: &Arc<AtomicUsize>,
    keys: &Arc<AtomicUsize>,
    key: &Key,
    number: u64,
) -> Result<Checked, Unsupported> {
    let (drops, keys, key) = (drops.clone(), keys.clone(), key.0);
    Fiber::unchecked(STACK, move |suspender: &Suspender<(), Verdict>, ()| {
        checks(suspender, drops, (key, keys), number)
    })
    .map_err(|error| Unsupported::new("stack", error.to_string()))
}

/// Resumes; `None` if the fiber has ended before.
fn resume(fiber: &mut Checked) -> Option<Result<(), Unsupported>> {
    if fiber.is_finished() {
        return None;
    }
    let (Progress::Suspended(verdict) | Progress::Returned(verdict)) = fiber.resume(());
    Some(verdict.map_err(|(check, found)| Unsupported::new(check, found)))
}

fn step(fiber: &mut Checked) -> Result<(), Unsupported> {
    resume(fiber).unwrap_or(Ok(()))
}

fn ensure(condition: bool, check: &'static str, found: impl FnOnce() -> String) -> Verdict {
    if condition {
        Ok(())
    } else {
        Err((check, found()))
    }
}

/// What runs on each fiber.
fn checks(
    suspender: &Suspender<(), Verdict>,
    drops: Arc<AtomicUsize>,
    (key, keys): (libc::pthread_key_t, Arc<AtomicUsize>),
    number: u64,
) -> Verdict {
    let value = VALUE.get();
    ensure(value == INITIAL, "initial thread_local", || {
        format!("{value:#x}")
    })?;
    VALUE.set(number);
    COUNTED.with(|counted| *counted.borrow_mut() = Some(CountsDrop(drops)));
    let address = VALUE.with(|value| std::ptr::from_ref(value).addr());
    let thread: ThreadId = thread::current().id();
    stack_bounds()?;
    set_key(key, keys)?;

    let mut kept = Vec::new();
    for round in 0..5u32 {
        let held = vec![round as u8; 100 + 1000 * round as usize];
        set_errno(1000 + round as i32);
        suspender.suspend(Ok(()));
        let errno = get_errno();
        ensure(errno == 1000 + round as i32, "errno", || {
            format!("{errno} after a move")
        })?;
        // Allocated on one thread, freed on another, and the reverse.
        ensure(held.iter().all(|&b| b == round as u8), "memory", || {
            "changed".into()
        })?;
        kept.push(held);
        if round == 3 {
            kept.clear();
        }
        let value = VALUE.get();
        ensure(value == number, "thread_local over a move", || {
            format!("fiber {number} read {value:#x}")
        })?;
        let now = VALUE.with(|value| std::ptr::from_ref(value).addr());
        ensure(now == address, "address of a thread_local", || {
            "changed".into()
        })?;
        ensure(thread::current().id() == thread, "thread id", || {
            "changed".into()
        })?;
        ensure(!thread::panicking(), "panic count", || "not zero".into())?;
    }
    Ok(())
}

/// libc reports the fiber's stack as the thread's.
fn stack_bounds() -> Verdict {
    let here = 0u8;
    let here = (&raw const here).addr();
    let (lowest, size) =
        layout::stack_bounds().map_err(|error| ("stack bounds", error.to_string()))?;
    ensure(
        (lowest..lowest + size).contains(&here),
        "stack bounds",
        || format!("{here:#x} is not in {size} bytes from {lowest:#x}"),
    )
}

/// A pthread key whose destructor counts; deleted in the end.
struct Key(libc::pthread_key_t);

impl Key {
    fn new() -> Result<Self, Unsupported> {
        unsafe extern "C" fn destroy(count: *mut c_void) {
            // SAFETY: what `set_key` stored, once.
            let count = unsafe { Arc::from_raw(count.cast::<AtomicUsize>()) };
            count.fetch_add(1, Ordering::SeqCst);
        }
        let mut key = 0;
        // SAFETY: writes the new key.
        match unsafe { libc::pthread_key_create(&mut key, Some(destroy)) } {
            0 => Ok(Key(key)),
            _ => Err(Unsupported::new("pthread_key_create", "no key is left")),
        }
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: our own key, used by nobody any more.
        unsafe { libc::pthread_key_delete(self.0) };
    }
}

/// Stores thread-specific data.
fn set_key(key: libc::pthread_key_t, count: Arc<AtomicUsize>) -> Verdict {
    let count = Arc::into_raw(count).cast::<c_void>();
    // SAFETY: a value that the key's destructor understands.
    let stored = unsafe {
        libc::pthread_setspecific(key, count) == 0
            && libc::pthread_getspecific(key).cast_const() == count
    };
    ensure(stored, "pthread_setspecific", || {
        "data did not read back".into()
    })
}

fn set_errno(value: i32) {
    // SAFETY: the caller's own errno.
    unsafe { *libc::__errno_location() = value }
}

fn get_errno() -> i32 {
    // SAFETY: the caller's own errno.
    unsafe { *libc::__errno_location() }
}
