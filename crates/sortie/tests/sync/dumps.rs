//! What dumps say of those who wait.

use crate::parked::until_parked;
use sortie::sync::{Barrier, Condvar, Mutex, Once, OnceLock, RwLock, RwLockUpgradableReadGuard};
use sortie::task::JoinHandle;
use std::sync::Arc;

/// Checks that a goroutine waits for this, in this line of this file.
#[track_caller]
fn assert_waits<T>(handle: &JoinHandle<T>, reason: &str, line: u32) {
    let id = handle.goroutine().id();
    until_parked(id, reason);
    let dump = sortie::runtime::dump().to_string();
    let start = format!("goroutine {id} ");
    let own = dump.split("\n\n").find(|part| part.starts_with(&start));
    let own = own.expect("it is still there");
    let place = format!("parked at {}:{line}:", file!());
    assert!(own.contains(&place), "`{place}` is not in:\n{own}");
}

#[sortie::test]
fn of_mutexes() {
    let mutex = Arc::new(Mutex::new(()));
    let guard = mutex.lock();
    let own = mutex.clone();
    let waiter = sortie::go(move || drop(own.lock()));
    assert_waits(&waiter, "sync.Mutex.Lock", line!() - 1);
    let own = mutex.clone();
    let timed = sortie::go(move || own.try_lock_for(std::time::Duration::MAX).is_some());
    assert_waits(&timed, "sync.Mutex.Lock", line!() - 1);
    drop(guard);
    waiter.join().unwrap();
    assert!(timed.join().unwrap());
}

#[sortie::test]
fn of_reader_writer_locks() {
    let lock = Arc::new(RwLock::new(()));
    let writer = lock.write();
    let own = lock.clone();
    let reading = sortie::go(move || drop(own.read()));
    assert_waits(&reading, "sync.RWMutex.RLock", line!() - 1);
    let own = lock.clone();
    let writing = sortie::go(move || drop(own.write()));
    assert_waits(&writing, "sync.RWMutex.Lock", line!() - 1);
    drop(writer);
    reading.join().unwrap();
    writing.join().unwrap();

    let reader = lock.read();
    let own = lock.clone();
    let writing = sortie::go(move || drop(own.write()));
    assert_waits(&writing, "sync.RWMutex.Lock", line!() - 1);
    drop(reader);
    writing.join().unwrap();

    let reader = lock.read();
    let own = lock.clone();
    let upgrading = sortie::go(move || {
        let upgradable = own.upgradable_read();
        drop(RwLockUpgradableReadGuard::upgrade(upgradable));
    });
    assert_waits(&upgrading, "sync.RWMutex.Lock", line!() - 2);
    drop(reader);
    upgrading.join().unwrap();
}

#[sortie::test]
fn of_condition_variables() {
    let pair = Arc::new((Mutex::new(()), Condvar::new()));
    let own = pair.clone();
    let waiter = sortie::go(move || own.1.wait(&mut own.0.lock()));
    assert_waits(&waiter, "sync.Cond.Wait", line!() - 1);
    pair.1.notify_all();
    waiter.join().unwrap();
    let own = pair.clone();
    let waiter = sortie::go(move || {
        let mut waited = false;
        let condition = |(): &mut ()| !std::mem::replace(&mut waited, true);
        own.1.wait_while(&mut own.0.lock(), condition);
    });
    assert_waits(&waiter, "sync.Cond.Wait", line!() - 2);
    pair.1.notify_all();
    waiter.join().unwrap();
}

#[sortie::test]
fn of_what_is_made_once() {
    let shared = Arc::new((Once::new(), OnceLock::new(), Mutex::new(())));
    let guard = shared.2.lock();
    let own = shared.clone();
    let calling = sortie::go(move || own.0.call_once(|| drop(own.2.lock())));
    assert_waits(&calling, "sync.Mutex.Lock", line!() - 1);
    let own = shared.clone();
    let waiting = sortie::go(move || own.0.call_once(|| unreachable!()));
    assert_waits(&waiting, "sync.Once.Do", line!() - 1);
    let own = shared.clone();
    let reading = sortie::go(move || *own.1.wait());
    assert_waits(&reading, "sync.Once.Do", line!() - 1);
    drop(guard);
    assert!(shared.1.set(1).is_ok());
    calling.join().unwrap();
    waiting.join().unwrap();
    assert_eq!(reading.join().unwrap(), 1);
}

#[sortie::test]
fn of_barriers() {
    let barrier = Arc::new(Barrier::new(2));
    let own = barrier.clone();
    let waiter = sortie::go(move || own.wait().is_leader());
    assert_waits(&waiter, "sync.Barrier.Wait", line!() - 1);
    assert!(barrier.wait().is_leader());
    assert!(!waiter.join().unwrap());
}
