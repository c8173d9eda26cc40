//! Who a goroutine is to std and to pthreads.

use crate::common::{move_about, on_goroutines, os_thread};
use std::collections::HashSet;
use std::sync::Mutex;
use std::thread;

#[test]
fn thread_ids_are_distinct_and_stable() {
    let ids = Mutex::new(HashSet::new());
    on_goroutines(200, |_| {
        let id = thread::current().id();
        assert!(ids.lock().unwrap().insert(id), "two goroutines with {id:?}");
        for _ in 0..3 {
            move_about(1);
            assert_eq!(thread::current().id(), id);
        }
    });
    assert_eq!(ids.lock().unwrap().len(), 200);
}

#[test]
fn pthread_self_is_distinct_and_stable() {
    let selves = Mutex::new(HashSet::new());
    let barrier = std::sync::atomic::AtomicUsize::new(0);
    on_goroutines(50, |_| {
        // SAFETY: has no preconditions.
        let this = || unsafe { libc::pthread_self() } as usize;
        let first = this();
        assert!(selves.lock().unwrap().insert(first));
        // All alive at once, so that none has another's used block.
        barrier.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        while barrier.load(std::sync::atomic::Ordering::SeqCst) < 50 {
            sortie::yield_now();
        }
        move_about(2);
        assert_eq!(this(), first);
    });
}

#[test]
fn goroutines_have_ids_and_names_of_their_own() {
    let ids = Mutex::new(HashSet::new());
    on_goroutines(100, |index| {
        let me = sortie::task::current().expect("on a goroutine");
        assert!(ids.lock().unwrap().insert(me.id()));
        assert_eq!(me.name(), None);
        let named = sortie::task::Builder::new()
            .name(format!("child {index}"))
            .spawn(|| {
                move_about(1);
                sortie::task::current().unwrap()
            })
            .unwrap();
        let seen_outside = named.goroutine().clone();
        let seen_inside = named.join().unwrap();
        assert_eq!(seen_inside, seen_outside);
        assert_eq!(seen_inside.name(), Some(format!("child {index}").as_str()));
    });
}

#[test]
fn the_kernel_thread_id_in_the_block_is_the_os_threads() {
    // What pthread locks that record their owner rely on.
    on_goroutines(20, |_| {
        for _ in 0..3 {
            let mut mutex = errorcheck_mutex();
            // SAFETY: initialised; unlocked by the thread that locked it, since
            // the goroutine does not park in between.
            unsafe {
                assert_eq!(libc::pthread_mutex_lock(&mut *mutex), 0);
                assert_eq!(libc::pthread_mutex_lock(&mut *mutex), libc::EDEADLK);
                assert_eq!(libc::pthread_mutex_unlock(&mut *mutex), 0);
                assert_eq!(libc::pthread_mutex_unlock(&mut *mutex), libc::EPERM);
            }
            let before = os_thread();
            move_about(1);
            assert_ne!(before, os_thread());
        }
    });
}

fn errorcheck_mutex() -> Box<libc::pthread_mutex_t> {
    let mut mutex = Box::new(libc::PTHREAD_MUTEX_INITIALIZER);
    // SAFETY: initialises the mutex by the attributes, which are destroyed.
    unsafe {
        let mut attributes = std::mem::zeroed();
        libc::pthread_mutexattr_init(&mut attributes);
        libc::pthread_mutexattr_settype(&mut attributes, libc::PTHREAD_MUTEX_ERRORCHECK);
        libc::pthread_mutex_init(&mut *mutex, &attributes);
        libc::pthread_mutexattr_destroy(&mut attributes);
    }
    mutex
}
