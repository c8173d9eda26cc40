//! Go's sync/mutex_test.go (BSD-style licence, The Go Authors). TestMutexMisuse is among
//! the crash tests, TestSemaphore among those of semaphores.
//!
//! <https://github.com/golang/go/blob/master/src/sync/mutex_test.go>

use sortie::chan::{after, bounded, select};
use sortie::sync::Mutex;
use std::sync::Arc;
use std::time::Duration;

/// HammerMutex.
fn hammer(mutex: &Mutex<()>, loops: usize) {
    for i in 0..loops {
        if i % 3 == 0 {
            drop(mutex.try_lock());
        } else {
            drop(mutex.lock());
        }
    }
}

/// TestMutex: locking, trying, and ten goroutines that do both.
#[sortie::test]
fn mutex() {
    let mutex = Mutex::new(());
    let guard = mutex.lock();
    assert!(mutex.try_lock().is_none());
    drop(guard);
    let guard = mutex.try_lock();
    assert!(guard.is_some());
    drop(guard);
    sortie::scope(|s| {
        for _ in 0..10 {
            s.go(|| hammer(&mutex, 1000));
        }
    });
}

/// TestMutexFairness: a goroutine that keeps the mutex nearly all the time does not keep
/// another out.
#[sortie::test]
fn mutex_fairness() {
    const PAUSE: Duration = Duration::from_micros(100);
    let mutex = Arc::new(Mutex::new(()));
    let (stop, stopped) = bounded::<()>(0);
    let own = mutex.clone();
    let hog = sortie::go(move || {
        loop {
            let guard = own.lock();
            sortie::sleep(PAUSE);
            drop(guard);
            if stopped.is_closed() {
                return;
            }
        }
    });
    let (done, is_done) = bounded(1);
    sortie::go(move || {
        for _ in 0..10 {
            sortie::sleep(PAUSE);
            drop(mutex.lock());
        }
        done.send(()).unwrap();
    });
    select! {
        recv(is_done) -> message => message.unwrap(),
        recv(after(Duration::from_secs(60))) -> _ => panic!("kept out"),
    }
    drop(stop);
    hog.join().unwrap();
}
