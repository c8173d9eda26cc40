//! Operations on the whole process while fibers run: `fork`, `setuid` and its like.

#[path = "common/process.rs"]
mod process;
#[path = "common/threads.rs"]
mod threads;

use process::alone;
use sortie_fiber::{Fiber, Progress, Suspender};
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use threads::{Worker, os_thread};

/// Ends the process by a signal if the test hangs.
fn at_most_a_minute() {
    // SAFETY: has no preconditions.
    unsafe { libc::alarm(60) };
}

/// Forks; `child` runs in the child, which then ends. Whether it ended well.
fn fork(child: impl FnOnce()) -> bool {
    // SAFETY: the child does what a fiber may do after a fork, and ends without
    // running what is not its own.
    unsafe {
        let pid = libc::fork();
        assert!(pid >= 0);
        if pid == 0 {
            libc::alarm(30);
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(child));
            libc::_exit(i32::from(result.is_err()));
        }
        ended_well(pid)
    }
}

fn ended_well(pid: i32) -> bool {
    let mut status = 0;
    // SAFETY: waits for our own child.
    assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
    libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
}

/// The thread id that libc notes as the owner of a lock.
fn owner_of_a_lock() -> i32 {
    // SAFETY: a lock of our own, initialised, taken and released by this thread.
    // glibc's first three members are lock word, count and owner.
    unsafe {
        let mut lock: libc::pthread_mutex_t = libc::PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
        assert_eq!(libc::pthread_mutex_lock(&mut lock), 0);
        let owner = (&raw const lock).cast::<i32>().add(2).read_volatile();
        assert_eq!(libc::pthread_mutex_unlock(&mut lock), 0);
        owner
    }
}

thread_local! {
    static NUMBER: Cell<u64> = const { Cell::new(1) };
    static LIST: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

// Tests that fork have a process of their own: a lock that another thread holds
// at that moment stays locked in the child for ever.

#[test]
fn a_child_forked_on_a_fiber_goes_on() {
    alone("a_child_forked_on_a_fiber_goes_on", forks_on_a_fiber);
}

fn forks_on_a_fiber() {
    let workers = [Worker::start(), Worker::start()];
    let mut fiber = Fiber::<(), (), ()>::new(|suspender, ()| {
        let id = thread::current().id();
        NUMBER.set(2);
        LIST.with(|list| {
            let mut held = list.borrow_mut();
            for round in 0..10 {
                held.push(round);
                suspender.suspend(());
                let well = fork(|| {
                    assert_eq!(NUMBER.get(), 2);
                    assert_eq!(thread::current().id(), id);
                    held.push(99);
                    assert_eq!(held.len() as u64, round + 2);
                    // SAFETY: has no preconditions.
                    assert_eq!(os_thread(), unsafe { libc::getpid() });
                    assert_eq!(owner_of_a_lock(), os_thread());
                    assert_eq!(thread::spawn(|| NUMBER.get()).join().unwrap(), 1);
                    let mut other = Fiber::<(), u64, ()>::new(|suspender, ()| {
                        suspender.suspend(NUMBER.get());
                    })
                    .unwrap();
                    assert_eq!(other.resume(()), Progress::Suspended(1));
                    assert_eq!(other.resume(()), Progress::Returned(()));
                });
                assert!(well);
                assert_eq!(held.len() as u64, round + 1);
            }
        });
    })
    .unwrap();
    for round in 0..11 {
        (fiber, _) = workers[round % 2].resume(fiber, ());
    }
    assert!(fiber.is_finished());
}

#[test]
fn a_child_forked_by_a_thread_has_the_fibers() {
    alone(
        "a_child_forked_by_a_thread_has_the_fibers",
        forks_on_a_thread,
    );
}

fn forks_on_a_thread() {
    let mut fiber =
        Fiber::<u32, u32, u32>::new(|suspender, number| number + suspender.suspend(number))
            .unwrap();
    assert_eq!(fiber.resume(1), Progress::Suspended(1));
    assert!(fork(|| assert_eq!(fiber.resume(2), Progress::Returned(3))));
    assert_eq!(fiber.resume(4), Progress::Returned(5));
}

#[test]
fn programs_are_started_by_fibers() {
    let worker = Worker::start();
    let mut fiber = Fiber::<(), (), String>::new(|suspender, ()| {
        let child = std::process::Command::new("echo")
            .arg("from a fiber")
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        suspender.suspend(());
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    })
    .unwrap();
    (fiber, _) = worker.resume(fiber, ());
    assert_eq!(
        fiber.resume(()),
        Progress::Returned("from a fiber\n".into())
    );
}

/// Sets the group to what it is: needs no privilege, but every thread's consent.
fn set_group() {
    // SAFETY: changes nothing.
    assert_eq!(unsafe { libc::setgid(libc::getgid()) }, 0);
}

#[test]
fn the_group_is_set_while_threads_run_fibers() {
    alone("the_group_is_set_while_threads_run_fibers", || {
        at_most_a_minute();
        const THREADS: usize = 4;
        let (stop, running) = (AtomicBool::new(false), AtomicUsize::new(0));
        let shared = Arc::new((stop, running));
        let threads: Vec<_> = (0..THREADS)
            .map(|number| {
                let shared = shared.clone();
                thread::spawn(move || {
                    let mut fiber = Fiber::<(), (), ()>::new(move |_, ()| {
                        shared.1.fetch_add(1, Ordering::SeqCst);
                        while !shared.0.load(Ordering::SeqCst) {
                            match number % 2 {
                                0 => thread::park(),
                                _ => thread::yield_now(),
                            }
                        }
                    })
                    .unwrap();
                    fiber.resume(());
                })
            })
            .collect();
        while shared.1.load(Ordering::SeqCst) < THREADS {
            thread::yield_now();
        }
        for _ in 0..100 {
            set_group();
        }
        let mut fiber = Fiber::<(), (), ()>::new(|_, ()| set_group()).unwrap();
        fiber.resume(());
        shared.0.store(true, Ordering::SeqCst);
        // A parked fiber is not where its OS thread would be unparked; the end of
        // the process ends it.
        drop(threads);
    });
}

#[test]
fn the_group_is_set_while_threads_switch() {
    alone("the_group_is_set_while_threads_switch", || {
        at_most_a_minute();
        sortie_fiber::check().unwrap();
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !stop.load(Ordering::SeqCst) {
                        // Most of the time is spent between thread and fiber.
                        let mut fiber = Fiber::new(|suspender: &Suspender<(), ()>, ()| {
                            for _ in 0..20 {
                                suspender.suspend(());
                            }
                        })
                        .unwrap();
                        while fiber.resume(()) == Progress::Suspended(()) {}
                    }
                });
            }
            for _ in 0..100 {
                set_group();
            }
            stop.store(true, Ordering::SeqCst);
        });
    });
}

#[test]
fn the_group_is_set_while_the_first_fiber_is_made() {
    alone("the_group_is_set_while_the_first_fiber_is_made", || {
        at_most_a_minute();
        let (stop, times) = (AtomicBool::new(false), AtomicUsize::new(0));
        thread::scope(|scope| {
            let setter = scope.spawn(|| {
                while !stop.load(Ordering::SeqCst) {
                    set_group();
                    times.fetch_add(1, Ordering::SeqCst);
                }
            });
            while times.load(Ordering::SeqCst) == 0 {
                thread::yield_now();
            }
            sortie_fiber::check().unwrap();
            stop.store(true, Ordering::SeqCst);
            setter.join().unwrap();
        });
        let mut fiber = Fiber::<(), u8, ()>::new(|suspender, ()| suspender.suspend(7)).unwrap();
        assert_eq!(fiber.resume(()), Progress::Suspended(7));
    });
}
