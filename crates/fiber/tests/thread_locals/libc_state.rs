//! What libc keeps by thread: errno, the locale, error texts.

use crate::threads::Worker;
use sortie_fiber::{Fiber, Progress};
use std::ffi::CStr;

fn set_errno(value: i32) {
    // SAFETY: the caller's own errno.
    unsafe { *libc::__errno_location() = value }
}

fn errno() -> i32 {
    // SAFETY: as above.
    unsafe { *libc::__errno_location() }
}

#[test]
fn errno_is_the_fibers_own() {
    let workers = [Worker::start(), Worker::start()];
    let mut fiber = Fiber::<(), (), ()>::new(|suspender, ()| {
        assert_eq!(errno(), 0);
        for value in 1..10 {
            set_errno(value);
            suspender.suspend(());
            assert_eq!(errno(), value);
        }
    })
    .unwrap();
    for round in 0..10 {
        let worker = &workers[round % 2];
        (fiber, _) = worker.run(move || {
            set_errno(5000);
            let progress = fiber.resume(());
            assert_eq!(errno(), 5000);
            (fiber, progress)
        });
    }
    assert!(fiber.is_finished());
}

#[test]
fn the_locale_is_the_fibers_own() {
    // SAFETY: C's own locale always exists; used and freed below.
    let other = unsafe { libc::newlocale(libc::LC_ALL_MASK, c"C".as_ptr(), std::ptr::null_mut()) };
    assert!(!other.is_null());
    let other = other.addr();
    /// The calling thread's locale; sets another if asked to.
    fn uselocale(locale: usize) -> usize {
        // SAFETY: null, or the one that lives to the end of the test.
        unsafe { libc::uselocale(locale as libc::locale_t) }.addr()
    }
    let workers = [Worker::start(), Worker::start()];
    let ours = uselocale(0);
    assert_ne!(ours, other);
    let mut fiber = Fiber::<(), (), ()>::new(move |suspender, ()| {
        assert_eq!(uselocale(other), ours);
        for _ in 0..4 {
            suspender.suspend(());
            assert_eq!(uselocale(0), other);
        }
    })
    .unwrap();
    for round in 0..5 {
        let worker = &workers[round % 2];
        (fiber, _) = worker.resume(fiber, ());
        assert_eq!(worker.run(|| uselocale(0)), ours);
    }
    assert!(fiber.is_finished());
    // The next one on that stack begins anew.
    let mut next = Fiber::<(), (), usize>::new(|_, ()| uselocale(0)).unwrap();
    assert_eq!(next.resume(()), Progress::Returned(ours));
    // SAFETY: nobody uses it any more.
    unsafe { libc::freelocale(other as libc::locale_t) };
}

#[test]
fn error_texts_before_a_suspension() {
    let workers = [Worker::start(), Worker::start()];
    let mut fiber = Fiber::<(), (), ()>::new(|suspender, ()| {
        for number in 0..20 {
            // SAFETY: texts are read before anybody else asks for one.
            unsafe {
                let text = CStr::from_ptr(libc::strerror(100_000 + number));
                assert!(
                    text.to_str()
                        .unwrap()
                        .contains(&(100_000 + number).to_string())
                );
                assert!(libc::dlopen(c"/no/such/library".as_ptr(), libc::RTLD_NOW).is_null());
                let text = CStr::from_ptr(libc::dlerror());
                assert!(text.to_str().unwrap().contains("/no/such/library"));
                assert!(libc::dlerror().is_null());
            }
            suspender.suspend(());
        }
    })
    .unwrap();
    for round in 0..21 {
        (fiber, _) = workers[round % 2].resume(fiber, ());
    }
    assert!(fiber.is_finished());
}

#[test]
fn names_are_resolved() {
    use std::net::ToSocketAddrs;
    let workers = [Worker::start(), Worker::start()];
    let mut fiber = Fiber::<(), (), ()>::new(|suspender, ()| {
        for _ in 0..3 {
            let addresses: Vec<_> = ("127.0.0.1", 80).to_socket_addrs().unwrap().collect();
            assert_eq!(addresses, ["127.0.0.1:80".parse().unwrap()]);
            // Goes through the resolver's state; there is no such name.
            assert!(("no-such-name.invalid.", 80).to_socket_addrs().is_err());
            suspender.suspend(());
        }
    })
    .unwrap();
    for round in 0..4 {
        (fiber, _) = workers[round % 2].resume(fiber, ());
    }
    assert!(fiber.is_finished());
}

#[test]
fn memory_is_freed_by_other_threads_than_allocated_it() {
    let workers: Vec<Worker> = (0..3).map(|_| Worker::start()).collect();
    let mut fibers: Vec<_> = (0..20usize)
        .map(|number| {
            let fiber = Fiber::<(), (), usize>::new(move |suspender, ()| {
                let mut kept = std::collections::VecDeque::new();
                let mut bytes = 0;
                for round in 0..30usize {
                    for size in 0..40 {
                        let size = 8 << (size % 12);
                        kept.push_back(vec![number as u8; size]);
                    }
                    suspender.suspend(());
                    while kept.len() > 60 - round {
                        let old = kept.pop_front().unwrap();
                        assert!(old.iter().all(|&byte| byte == number as u8));
                        bytes += old.len();
                    }
                }
                bytes + kept.iter().map(Vec::len).sum::<usize>()
            });
            Some(fiber.unwrap())
        })
        .collect();
    let expected = 30 * (0..40).map(|size| 8usize << (size % 12)).sum::<usize>();
    for round in 0..31 {
        for (number, slot) in fibers.iter_mut().enumerate() {
            let worker = &workers[(round + number) % workers.len()];
            let (fiber, progress) = worker.resume(slot.take().unwrap(), ());
            match progress {
                Progress::Returned(bytes) => assert_eq!((bytes, round), (expected, 30)),
                Progress::Suspended(()) => assert!(round < 30),
            }
            *slot = Some(fiber);
        }
    }
}
