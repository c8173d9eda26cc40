//! Destructors of thread-locals run once, at the end of their goroutine.

use crate::common::{move_about, on_goroutines, os_thread};
use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Counts itself when dropped, and notes on which goroutine that was.
struct Counted {
    drops: Arc<AtomicUsize>,
    owner: std::thread::ThreadId,
    parks: bool,
}

impl Drop for Counted {
    fn drop(&mut self) {
        assert_eq!(
            std::thread::current().id(),
            self.owner,
            "dropped by another"
        );
        if self.parks {
            move_about(1);
        }
        self.drops.fetch_add(1, Ordering::SeqCst);
    }
}

thread_local! {
    static FIRST: RefCell<Option<Counted>> = const { RefCell::new(None) };
    static SECOND: RefCell<Vec<Counted>> = const { RefCell::new(Vec::new()) };
}

fn counted(drops: &Arc<AtomicUsize>, parks: bool) -> Counted {
    Counted {
        drops: drops.clone(),
        owner: std::thread::current().id(),
        parks,
    }
}

#[test]
fn run_exactly_once_per_goroutine() {
    let drops = Arc::new(AtomicUsize::new(0));
    on_goroutines(500, |_| {
        FIRST.with_borrow_mut(|first| *first = Some(counted(&drops, false)));
        SECOND.with_borrow_mut(|second| second.push(counted(&drops, false)));
        move_about(1);
        SECOND.with_borrow_mut(|second| second.push(counted(&drops, false)));
    });
    assert_eq!(drops.load(Ordering::SeqCst), 1500);
}

#[test]
fn have_run_when_join_returns() {
    sortie::run(|| {
        for _ in 0..200 {
            let drops = Arc::new(AtomicUsize::new(0));
            let mine = drops.clone();
            let handle = sortie::go(move || {
                FIRST.with_borrow_mut(|first| *first = Some(counted(&mine, true)));
            });
            handle.join().unwrap();
            assert_eq!(drops.load(Ordering::SeqCst), 1);
        }
    });
}

#[test]
fn may_park_and_move() {
    let drops = Arc::new(AtomicUsize::new(0));
    on_goroutines(100, |_| {
        FIRST.with_borrow_mut(|first| *first = Some(counted(&drops, true)));
        SECOND.with_borrow_mut(|second| second.push(counted(&drops, true)));
    });
    assert_eq!(drops.load(Ordering::SeqCst), 200);
}

#[test]
fn run_after_a_panic_too() {
    let drops = Arc::new(AtomicUsize::new(0));
    sortie::run(|| {
        let mine = drops.clone();
        let handle = sortie::go(move || {
            FIRST.with_borrow_mut(|first| *first = Some(counted(&mine, false)));
            std::panic::resume_unwind(Box::new("on purpose"));
        });
        assert!(handle.join().is_err());
    });
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn of_pthread_keys_run_on_their_goroutine() {
    static RAN: Mutex<Vec<(usize, usize)>> = Mutex::new(Vec::new());
    unsafe extern "C" fn destroy(value: *mut libc::c_void) {
        // SAFETY: has no preconditions.
        let this = unsafe { libc::pthread_self() } as usize;
        RAN.lock().unwrap().push((value as usize, this));
    }
    let mut key = 0;
    // SAFETY: makes a key, which stays.
    let made = unsafe { libc::pthread_key_create(&mut key, Some(destroy)) };
    assert_eq!(made, 0);
    on_goroutines(100, |_| {
        // SAFETY: reads and sets data of our own key.
        unsafe {
            assert!(libc::pthread_getspecific(key).is_null(), "left by another");
            let this = libc::pthread_self() as usize;
            assert_eq!(libc::pthread_setspecific(key, this as *const _), 0);
            let thread = os_thread();
            move_about(1);
            assert_ne!(thread, os_thread());
            assert_eq!(libc::pthread_getspecific(key) as usize, this);
        }
    });
    let ran = RAN.lock().unwrap();
    assert_eq!(ran.len(), 100);
    assert!(ran.iter().all(|(value, this)| value == this));
}
