//! Programs with a race. Most of them look as if something kept the two apart.

use crate::program::programs;
use crate::shared::{Contested, join_all};
use sortie::chan::{bounded, unbounded};
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

programs! {
    two_goroutines,
    the_maker_goes_on,
    one_after_the_other,
    taking_turns,
    a_sleep_orders_nothing,
    a_message_does_not_cover_what_comes_after,
    room_in_a_buffer_is_no_reply,
    other_channels_order_nothing,
    a_time_out_is_no_message,
    only_one_locks,
    each_has_a_lock_of_its_own,
    handles_of_others_order_nothing,
    a_relaxed_flag,
    siblings_in_a_scope,
    one_is_joined_and_the_other_is_not,
    a_goroutine_and_a_thread,
    in_a_blocking_call,
    on_the_stack_of_another,
    in_a_thread_local_of_another,
}

static SHARED: Contested = Contested::new(0);

/// Waits for a flag that is no synchronisation.
fn wait_for(flag: &AtomicBool) {
    while !flag.load(Ordering::Relaxed) {
        sortie::yield_now();
    }
}

fn two_goroutines() {
    join_all([0; 2].map(|_| sortie::go(|| SHARED.increment())));
}

fn the_maker_goes_on() {
    let child = sortie::go(|| SHARED.increment());
    SHARED.increment();
    child.join().unwrap();
}

/// Starts a goroutine whose handle is dropped before it increments: who drops that of one
/// that has ended drops its result, and comes after it. Returns when it has.
fn increment_in_another() {
    static ALONE: AtomicBool = AtomicBool::new(false);
    static DONE: AtomicBool = AtomicBool::new(false);
    drop(sortie::go(|| {
        wait_for(&ALONE);
        SHARED.increment();
        DONE.store(true, Ordering::Relaxed);
    }));
    ALONE.store(true, Ordering::Relaxed);
    wait_for(&DONE);
}

fn one_after_the_other() {
    increment_in_another();
    // Perhaps with the same header, and on the same stack.
    sortie::go(|| SHARED.increment()).join().unwrap();
}

fn taking_turns() {
    let goroutines = [0; 2].map(|_| {
        sortie::go(|| {
            for _ in 0..10 {
                SHARED.increment();
                sortie::yield_now();
            }
        })
    });
    join_all(goroutines);
}

fn a_sleep_orders_nothing() {
    let child = sortie::go(|| SHARED.increment());
    sortie::sleep(Duration::from_millis(10));
    SHARED.increment();
    child.join().unwrap();
}

fn a_message_does_not_cover_what_comes_after() {
    let (sender, receiver) = bounded(0);
    let reader = sortie::go(move || {
        receiver.recv().unwrap();
        SHARED.get()
    });
    sender.send(()).unwrap();
    SHARED.increment();
    reader.join().unwrap();
}

fn room_in_a_buffer_is_no_reply() {
    let (sender, receiver) = bounded(1);
    let child = sortie::go(move || {
        SHARED.increment();
        receiver.recv().unwrap();
    });
    // With no room in the channel this would wait for the child.
    sender.send(()).unwrap();
    SHARED.increment();
    child.join().unwrap();
}

fn other_channels_order_nothing() {
    let pairs = [0; 2].map(|_| {
        let (to, from_first) = bounded(0);
        let (back, from_second) = bounded(0);
        let first = sortie::go(move || {
            for _ in 0..10 {
                to.send(()).unwrap();
                from_second.recv().unwrap();
            }
            SHARED.increment();
        });
        let second = sortie::go(move || {
            for _ in 0..10 {
                from_first.recv().unwrap();
                back.send(()).unwrap();
            }
        });
        [first, second]
    });
    join_all(pairs.into_iter().flatten());
}

fn a_time_out_is_no_message() {
    let (sender, receiver) = unbounded::<()>();
    let child = sortie::go(move || {
        SHARED.increment();
        sender
    });
    receiver
        .recv_timeout(Duration::from_millis(10))
        .unwrap_err();
    SHARED.increment();
    child.join().unwrap();
}

fn only_one_locks() {
    static LOCK: Mutex<()> = Mutex::new(());
    let locks = sortie::go(|| {
        let _guard = LOCK.lock();
        SHARED.increment();
    });
    let does_not = sortie::go(|| SHARED.increment());
    join_all([locks, does_not]);
}

fn each_has_a_lock_of_its_own() {
    let goroutines = [0; 2].map(|_| {
        let lock = Mutex::new(());
        sortie::go(move || {
            let _guard = lock.lock();
            SHARED.increment();
        })
    });
    join_all(goroutines);
}

fn handles_of_others_order_nothing() {
    increment_in_another();
    // Headers are used again soon.
    for _ in 0..10 {
        sortie::go(|| ()).join().unwrap();
    }
    SHARED.increment();
}

fn a_relaxed_flag() {
    static READY: AtomicBool = AtomicBool::new(false);
    let reader = sortie::go(|| {
        wait_for(&READY);
        SHARED.get()
    });
    SHARED.increment();
    READY.store(true, Ordering::Relaxed);
    reader.join().unwrap();
}

fn siblings_in_a_scope() {
    let shared = Contested::new(0);
    sortie::scope(|s| {
        // Both, before a handle is dropped: see above.
        let _siblings = [0; 2].map(|_| s.go(|| shared.increment()));
    });
}

fn one_is_joined_and_the_other_is_not() {
    let [first, second] = [0; 2].map(|_| {
        sortie::go(|| {
            SHARED.get();
        })
    });
    first.join().unwrap();
    SHARED.increment();
    second.join().unwrap();
}

fn a_goroutine_and_a_thread() {
    let thread = std::thread::spawn(|| SHARED.increment());
    sortie::go(|| SHARED.increment()).join().unwrap();
    thread.join().unwrap();
}

fn in_a_blocking_call() {
    let goroutines =
        [0; 2].map(|_| sortie::go(|| sortie::runtime::blocking(|| SHARED.increment())));
    join_all(goroutines);
}

/// Passes a reference to another goroutine, which uses it.
fn lend(shared: &Contested) {
    let shared: &'static Contested =
        // SAFETY: the caller keeps it until the goroutine has ended.
        unsafe { &*ptr::from_ref(shared) };
    let borrower = sortie::go(|| shared.increment());
    shared.increment();
    borrower.join().unwrap();
}

fn on_the_stack_of_another() {
    let shared = Contested::new(0);
    lend(&shared);
}

fn in_a_thread_local_of_another() {
    thread_local! {
        static OWN: Contested = const { Contested::new(0) };
    }
    OWN.with(lend);
}
