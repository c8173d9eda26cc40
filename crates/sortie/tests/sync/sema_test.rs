//! Go's runtime/sema_test.go (BSD-style licence, The Go Authors), as far as it is about
//! handing over. Here it is a mutex that is handed over.
//!
//! <https://github.com/golang/go/blob/master/src/runtime/sema_test.go>

use crate::parked::until_parked;
use crate::procs::Procs;
use sortie::sync::{Mutex, MutexGuard};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};

/// Whether one who is handed a mutex runs before the one who hands it over goes on.
fn hands_over_at_once() -> bool {
    let mutex = Arc::new(Mutex::new(()));
    let first = Arc::new(AtomicU32::new(0));
    let done = Arc::new(AtomicBool::new(false));
    // Others are busy, so that the waiter cannot win the race on a processor of its own.
    let busy: Vec<_> = (0..sortie::runtime::max_procs())
        .map(|_| {
            let done = done.clone();
            sortie::go(move || {
                while !done.load(SeqCst) {
                    sortie::yield_now();
                }
            })
        })
        .collect();
    let guard = mutex.lock();
    let (own, winner, ended) = (mutex.clone(), first.clone(), done.clone());
    let waiter = sortie::go(move || {
        let _guard = own.lock();
        let _ = winner.compare_exchange(0, 1, SeqCst, SeqCst);
        ended.store(true, SeqCst);
    });
    until_parked(waiter.goroutine().id(), "sync.Mutex.Lock");
    MutexGuard::unlock_fair(guard);
    let _ = first.compare_exchange(0, 2, SeqCst, SeqCst);
    waiter.join().unwrap();
    for other in busy {
        other.join().unwrap();
    }
    first.load(SeqCst) == 1
}

/// TestSemaHandoff, TestSemaHandoff1: two thirds of the time at least.
#[test]
fn handing_over_is_direct() {
    const TIMES: usize = 300;
    for procs in [1, 2] {
        let _procs = Procs::set(procs);
        let direct = sortie::run(|| (0..TIMES).filter(|_| hands_over_at_once()).count());
        assert!(3 * direct >= 2 * TIMES, "{direct} of {TIMES} on {procs}");
    }
}
