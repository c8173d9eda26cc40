//! Destructors of thread-locals run at a fiber's end, each once, on the fiber.

use crate::threads::Worker;
use sortie_fiber::{Fiber, Progress, on_fiber};
use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, ThreadId};

/// Reports its name when dropped.
struct Reports(
    &'static str,
    Sender<(&'static str, ThreadId, bool)>,
    ThreadId,
);

impl Reports {
    fn new(name: &'static str, sender: &Sender<(&'static str, ThreadId, bool)>) -> Self {
        Reports(name, sender.clone(), thread::current().id())
    }
}

impl Drop for Reports {
    fn drop(&mut self) {
        let _ = self.1.send((self.0, self.2, on_fiber()));
    }
}

thread_local! {
    static FIRST: RefCell<Option<Reports>> = const { RefCell::new(None) };
    static SECOND: RefCell<Option<Reports>> = const { RefCell::new(None) };
    static THIRD: RefCell<Option<Reports>> = const { RefCell::new(None) };
}

/// What a plain thread does, as the measure.
fn order_on_a_thread(body: fn(&Sender<(&'static str, ThreadId, bool)>)) -> Vec<&'static str> {
    let (sender, reports) = mpsc::channel();
    thread::spawn(move || body(&sender)).join().unwrap();
    reports.iter().map(|(name, ..)| name).collect()
}

fn set_three(sender: &Sender<(&'static str, ThreadId, bool)>) {
    FIRST.set(Some(Reports::new("first", sender)));
    SECOND.set(Some(Reports::new("second", sender)));
    THIRD.set(Some(Reports::new("third", sender)));
}

#[test]
fn they_run_once_in_the_order_of_a_thread() {
    let expected = order_on_a_thread(set_three);
    assert_eq!(expected.len(), 3);
    for _ in 0..10 {
        let (sender, reports) = mpsc::channel();
        let mut fiber = Fiber::<(), (), ThreadId>::new(move |_, ()| {
            set_three(&sender);
            thread::current().id()
        })
        .unwrap();
        let Progress::Returned(id) = fiber.resume(()) else {
            panic!("it returns");
        };
        let reports: Vec<_> = reports.iter().collect();
        let names: Vec<_> = reports.iter().map(|&(name, ..)| name).collect();
        assert_eq!(names, expected);
        assert!(
            reports
                .iter()
                .all(|&(_, thread, fiber)| thread == id && fiber)
        );
    }
}

#[test]
fn they_run_when_the_fiber_moved_panicked_or_was_dropped() {
    let workers = [Worker::start(), Worker::start()];
    for end in ["returns", "panics", "is dropped"] {
        let (sender, reports) = mpsc::channel();
        let mut fiber = Fiber::<(), (), ()>::new(move |suspender, ()| {
            FIRST.set(Some(Reports::new("first", &sender)));
            suspender.suspend(());
            SECOND.set(Some(Reports::new("second", &sender)));
            drop(sender);
            suspender.suspend(());
            if end == "panics" {
                std::panic::resume_unwind(Box::new(()));
            }
        })
        .unwrap();
        for worker in &workers {
            let progress;
            (fiber, progress) = worker.resume(fiber, ());
            assert_eq!(progress, Progress::Suspended(()));
            assert!(reports.try_recv().is_err());
        }
        let ended = move || {
            if end == "is dropped" {
                return drop(fiber);
            }
            let resumed = std::panic::AssertUnwindSafe(|| fiber.resume(()));
            let result = std::panic::catch_unwind(resumed);
            assert_eq!(result.is_err(), end == "panics");
        };
        workers[0].run(ended);
        let mut names: Vec<_> = reports.iter().map(|(name, ..)| name).collect();
        names.sort_unstable();
        assert_eq!(names, ["first", "second"], "a fiber that {end}");
    }
}

#[test]
fn a_destructor_may_make_further_thread_locals() {
    struct Chain(Sender<(&'static str, ThreadId, bool)>);
    impl Drop for Chain {
        fn drop(&mut self) {
            SECOND.set(Some(Reports::new("made by a destructor", &self.0)));
        }
    }
    thread_local! {
        static CHAIN: RefCell<Option<Chain>> = const { RefCell::new(None) };
    }
    let (sender, reports) = mpsc::channel();
    let mut fiber = Fiber::<(), (), ()>::new(move |_, ()| CHAIN.set(Some(Chain(sender)))).unwrap();
    assert_eq!(fiber.resume(()), Progress::Returned(()));
    let names: Vec<_> = reports.iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["made by a destructor"]);
}

#[test]
fn a_destructor_may_run_fibers() {
    struct RunsFiber(Sender<usize>);
    impl Drop for RunsFiber {
        fn drop(&mut self) {
            thread_local!(static NUMBER: Cell<usize> = const { Cell::new(0) });
            NUMBER.set(1);
            let mut fiber = Fiber::<(), usize, usize>::new(|suspender, ()| {
                NUMBER.set(NUMBER.get() + 2);
                suspender.suspend(NUMBER.get());
                NUMBER.get() + 1
            })
            .unwrap();
            for _ in 0..2 {
                let (Progress::Suspended(number) | Progress::Returned(number)) = fiber.resume(());
                self.0.send(number).unwrap();
            }
            self.0.send(NUMBER.get()).unwrap();
        }
    }
    thread_local! {
        static RUNS: RefCell<Option<RunsFiber>> = const { RefCell::new(None) };
    }
    let (sender, numbers) = mpsc::channel();
    let ours = sender.clone();
    let mut fiber = Fiber::<(), (), ()>::new(move |_, ()| RUNS.set(Some(RunsFiber(ours)))).unwrap();
    assert_eq!(fiber.resume(()), Progress::Returned(()));
    // The end of a plain thread is no different.
    thread::spawn(move || RUNS.set(Some(RunsFiber(sender))))
        .join()
        .unwrap();
    assert_eq!(numbers.iter().collect::<Vec<_>>(), [2, 3, 1, 2, 3, 1]);
}

/// A key of thread-specific data, deleted at the end.
struct Key(libc::pthread_key_t);

impl Key {
    fn new(destructor: unsafe extern "C" fn(*mut c_void)) -> Self {
        let mut key = 0;
        // SAFETY: writes the new key.
        let error = unsafe { libc::pthread_key_create(&mut key, Some(destructor)) };
        assert_eq!(error, 0);
        Key(key)
    }

    fn set(&self, value: usize) {
        let value = std::ptr::without_provenance::<c_void>(value);
        // SAFETY: the destructors here understand any number.
        assert_eq!(unsafe { libc::pthread_setspecific(self.0, value) }, 0);
    }

    fn get(&self) -> usize {
        // SAFETY: reads the calling thread's data.
        unsafe { libc::pthread_getspecific(self.0) }.addr()
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: a key of our own.
        unsafe { libc::pthread_key_delete(self.0) };
    }
}

#[test]
fn thread_specific_data_of_many_keys() {
    static SUM: AtomicUsize = AtomicUsize::new(0);
    unsafe extern "C" fn add(value: *mut c_void) {
        SUM.fetch_add(value.addr(), Ordering::SeqCst);
    }
    // More than fit into the first block of them.
    let keys: std::sync::Arc<Vec<Key>> = (0..100).map(|_| Key::new(add)).collect::<Vec<_>>().into();
    let workers = [Worker::start(), Worker::start()];
    for _ in 0..20 {
        let before = SUM.load(Ordering::SeqCst);
        let ours = keys.clone();
        let mut fiber = Fiber::<(), (), ()>::new(move |suspender, ()| {
            for (number, key) in ours.iter().enumerate() {
                assert_eq!(key.get(), 0, "left by another fiber");
                key.set(number + 1);
            }
            suspender.suspend(());
            for (number, key) in ours.iter().enumerate() {
                assert_eq!(key.get(), number + 1);
            }
        })
        .unwrap();
        for worker in &workers {
            (fiber, _) = worker.resume(fiber, ());
            let ours = keys.clone();
            worker.run(move || assert!(ours.iter().all(|key| key.get() == 0)));
        }
        assert!(fiber.is_finished());
        assert_eq!(SUM.load(Ordering::SeqCst), before + 5050);
    }
}

#[test]
fn a_key_destructor_that_sets_its_key_again_runs_again() {
    static KEY: AtomicUsize = AtomicUsize::new(0);
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    unsafe extern "C" fn count_down(value: *mut c_void) {
        RUNS.fetch_add(1, Ordering::SeqCst);
        let value = std::ptr::without_provenance::<c_void>(value.addr() - 1);
        // SAFETY: sets the calling thread's data for a key that exists.
        unsafe { libc::pthread_setspecific(KEY.load(Ordering::SeqCst) as u32, value) };
    }
    let key = std::sync::Arc::new(Key::new(count_down));
    KEY.store(key.0 as usize, Ordering::SeqCst);
    // As often as the value says; POSIX lets libc stop after four times.
    for (value, expected) in [(1, 1), (3, 3), (4, 4), (10, 4)] {
        RUNS.store(0, Ordering::SeqCst);
        let ours = key.clone();
        let mut fiber = Fiber::<(), (), ()>::new(move |_, ()| ours.set(value)).unwrap();
        assert_eq!(fiber.resume(()), Progress::Returned(()));
        assert_eq!(RUNS.load(Ordering::SeqCst), expected);
    }
    let ours = key.clone();
    let mut fiber = Fiber::<(), (), usize>::new(move |_, ()| ours.get()).unwrap();
    assert_eq!(fiber.resume(()), Progress::Returned(0));
}
