//! How much memory contexts ask for: Go's TestAllocs, with tighter limits.

use sortie::context::Context;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

/// The system's allocator; counts what each thread asks for.
struct Counting;

// SAFETY: the system's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: as this function's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as this function's.
        unsafe { System.dealloc(memory, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The fewest allocations that `f` makes. Some things are made now and then only.
fn fewest(mut f: impl FnMut()) -> usize {
    (0..100)
        .map(|_| {
            let before = COUNT.get();
            f();
            COUNT.get() - before
        })
        .min()
        .unwrap()
}

#[test]
fn are_few() {
    let background = Context::background();
    let hour = Duration::from_secs(3600);
    assert_eq!(fewest(|| drop(Context::background())), 0);
    let value = || {
        let context = background.with_value(7);
        assert_eq!(*context.value::<i32>().unwrap(), 7);
    };
    assert_eq!(fewest(value), 2);
    let cancel = || {
        let (context, cancel) = background.with_cancel();
        cancel.cancel();
        assert!(context.done().recv().is_err());
    };
    assert_eq!(fewest(cancel), 1);
    let timeout = || {
        let (context, cancel) = background.with_timeout(hour);
        cancel.cancel();
        assert!(context.done().recv().is_err());
    };
    assert_eq!(fewest(timeout), 2);
    let (context, _cancel) = background.with_cancel();
    let children = || drop([(); 10].map(|()| context.with_cancel()));
    assert_eq!(fewest(children), 10);
    assert_eq!(fewest(|| assert_eq!(context.err(), None)), 0);
    let function = || assert!(context.after_func(|| {}).stop());
    assert_eq!(fewest(function), 1, "a function of no size");
}
