//! Who a fiber is, to std and to libc.

use crate::threads::{Worker, os_thread};
use sortie_fiber::{Fiber, Progress, Suspender, on_fiber};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

/// The address by which libc knows the calling thread.
fn pthread_self() -> usize {
    // SAFETY: has no preconditions.
    unsafe { libc::pthread_self() as usize }
}

#[test]
fn thread_ids_differ_and_never_change() {
    let workers = [Worker::start(), Worker::start(), Worker::start()];
    let mut ids: HashSet<ThreadId> = workers
        .iter()
        .map(|worker| worker.run(|| thread::current().id()))
        .collect();
    ids.insert(thread::current().id());
    for number in 0..20 {
        let mut fiber = Fiber::<(), (ThreadId, usize, i32), ()>::new(|suspender, ()| {
            for _ in 0..6 {
                suspender.suspend((thread::current().id(), pthread_self(), os_thread()));
            }
        })
        .unwrap();
        let (mut own, mut on) = (HashSet::new(), HashSet::new());
        for round in 0..6 {
            let progress;
            (fiber, progress) = workers[(number + round) % 3].resume(fiber, ());
            let Progress::Suspended((id, address, thread)) = progress else {
                panic!("it suspends");
            };
            own.insert((id, address));
            on.insert(thread);
        }
        assert_eq!((own.len(), on.len()), (1, 3));
        assert!(
            ids.insert(own.into_iter().next().unwrap().0),
            "an id is used twice"
        );
    }
}

#[test]
fn on_fiber_tells() {
    assert!(!on_fiber());
    let mut fiber = Fiber::<(), bool, bool>::new(|suspender, ()| {
        suspender.suspend(on_fiber());
        on_fiber() && !thread::spawn(on_fiber).join().unwrap()
    })
    .unwrap();
    assert_eq!(fiber.resume(()), Progress::Suspended(true));
    assert!(!on_fiber());
    assert_eq!(fiber.resume(()), Progress::Returned(true));
    assert!(!on_fiber());
}

#[test]
fn a_fiber_may_be_unparked_by_a_thread() {
    let (sender, handles) = std::sync::mpsc::channel();
    let mut fiber = Fiber::<(), (), ()>::new(move |suspender, ()| {
        sender.send(thread::current()).unwrap();
        suspender.suspend(());
        thread::park();
    })
    .unwrap();
    assert_eq!(fiber.resume(()), Progress::Suspended(()));
    let handle = handles.recv().unwrap();
    thread::spawn(move || handle.unpark()).join().unwrap();
    // Its token waits for it, on another thread too.
    let worker = Worker::start();
    let (_, progress) = worker.resume(fiber, ());
    assert_eq!(progress, Progress::Returned(()));
}

#[test]
fn locks_are_held_over_moves() {
    let workers = [Worker::start(), Worker::start()];
    let lock = Arc::new(Mutex::new(0));
    let ours = lock.clone();
    let mut fiber = Fiber::<(), (), ()>::new(move |suspender, ()| {
        let mut number = ours.lock().unwrap();
        *number += 1;
        suspender.suspend(());
        *number += 1;
    })
    .unwrap();
    (fiber, _) = workers[0].resume(fiber, ());
    assert!(lock.try_lock().is_err());
    (fiber, _) = workers[1].resume(fiber, ());
    assert!(fiber.is_finished());
    assert_eq!(*lock.try_lock().unwrap(), 2);
    assert!(!lock.is_poisoned());
}

#[test]
fn a_lock_is_poisoned_by_the_fiber_that_panics_only() {
    let lock = Arc::new(Mutex::new(()));
    let ours = lock.clone();
    let mut quiet = Fiber::<(), (), ()>::new(move |suspender, ()| {
        let _guard = ours.lock().unwrap();
        suspender.suspend(());
    })
    .unwrap();
    quiet.resume(());
    // Another one unwinds on this thread while the first ends.
    let mut loud = Fiber::<(), (), ()>::new(|suspender, ()| {
        struct Suspends<'a>(&'a Suspender<(), ()>);
        impl Drop for Suspends<'_> {
            fn drop(&mut self) {
                self.0.suspend(());
            }
        }
        let _guard = Suspends(suspender);
        std::panic::resume_unwind(Box::new(()));
    })
    .unwrap();
    assert_eq!(loud.resume(()), Progress::Suspended(()));
    assert_eq!(quiet.resume(()), Progress::Returned(()));
    assert!(!lock.is_poisoned());
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| loud.resume(())));
    assert!(result.is_err());
}

#[test]
fn standard_output_is_locked_by_fiber() {
    // Its lock may be taken again by its owner, so the owner must not be taken
    // for somebody else, nor somebody else for it.
    let workers = [Worker::start(), Worker::start()];
    let mut fiber = Fiber::<(), (), ()>::new(|suspender, ()| {
        let outer = std::io::stdout().lock();
        suspender.suspend(());
        drop((std::io::stdout().lock(), outer));
    })
    .unwrap();
    (fiber, _) = workers[0].resume(fiber, ());
    let (sender, taken) = std::sync::mpsc::channel();
    let other = thread::spawn({
        let sender = sender.clone();
        move || {
            drop(std::io::stdout().lock());
            sender.send("other").unwrap();
        }
    });
    let (fiber, progress) = workers[1].run(move || {
        let progress = {
            sender.send("fiber").unwrap();
            fiber.resume(())
        };
        (fiber, progress)
    });
    assert_eq!(progress, Progress::Returned(()));
    drop(fiber);
    other.join().unwrap();
    assert_eq!(taken.iter().collect::<Vec<_>>(), ["fiber", "other"]);
}

#[test]
fn libc_knows_the_bounds_of_the_stack() {
    for size in [0, 100_000, 1 << 20] {
        let mut fiber = Fiber::<(), (), ()>::with_stack_size(size, move |_, ()| {
            let here = 0u8;
            let here = (&raw const here).addr();
            // SAFETY: fills the attributes of the calling thread, reads them,
            // destroys them once.
            let (lowest, length) = unsafe {
                let mut attributes = std::mem::zeroed();
                let result = libc::pthread_getattr_np(libc::pthread_self(), &mut attributes);
                assert_eq!(result, 0);
                let (mut lowest, mut length) = (std::ptr::null_mut(), 0);
                libc::pthread_attr_getstack(&attributes, &mut lowest, &mut length);
                libc::pthread_attr_destroy(&mut attributes);
                (lowest.addr(), length)
            };
            assert!((lowest..lowest + length).contains(&here));
            assert!(length >= size);
            assert!(length < size.max(sortie_fiber::MIN_STACK_SIZE) + (16 << 10));
        })
        .unwrap();
        assert_eq!(fiber.resume(()), Progress::Returned(()));
    }
}

#[test]
fn signals_to_oneself_reach_the_thread_that_runs() {
    use std::sync::atomic::{AtomicI32, Ordering};
    static GOT: AtomicI32 = AtomicI32::new(0);
    extern "C" fn note(_: libc::c_int) {
        GOT.store(os_thread(), Ordering::SeqCst);
    }
    // SAFETY: the handler makes a system call and stores a number.
    unsafe { libc::signal(libc::SIGUSR1, note as *const () as usize) };
    let workers = [Worker::start(), Worker::start()];
    let mut fiber = Fiber::<(), (), ()>::new(|suspender, ()| {
        loop {
            // SAFETY: signals the caller.
            unsafe {
                GOT.store(0, Ordering::SeqCst);
                assert_eq!(libc::pthread_kill(libc::pthread_self(), libc::SIGUSR1), 0);
                assert_eq!(GOT.load(Ordering::SeqCst), os_thread());
                GOT.store(0, Ordering::SeqCst);
                assert_eq!(libc::raise(libc::SIGUSR1), 0);
                assert_eq!(GOT.load(Ordering::SeqCst), os_thread());
            }
            suspender.suspend(());
        }
    })
    .unwrap();
    for round in 0..6 {
        (fiber, _) = workers[round % 2].resume(fiber, ());
    }
}

#[test]
fn threads_started_by_a_fiber() {
    let mut fiber = Fiber::<(), (), usize>::new(|suspender, ()| {
        let threads: Vec<_> = (0..4).map(|n| thread::spawn(move || n)).collect();
        suspender.suspend(());
        let sum: usize = threads.into_iter().map(|t| t.join().unwrap()).sum();
        let mut scoped = 0;
        thread::scope(|scope| {
            scope.spawn(|| scoped = sum * 2);
        });
        scoped
    })
    .unwrap();
    let worker = Worker::start();
    (fiber, _) = worker.resume(fiber, ());
    assert_eq!(fiber.resume(()), Progress::Returned(12));
}
