//! Guards: where they may go, and what becomes of the lock.

use crate::parked::until_parked;
use sortie::chan::bounded;
use sortie::sync::{
    ArcMutexGuard, ArcRwLockReadGuard, ArcRwLockWriteGuard, MappedMutexGuard,
    MappedRwLockReadGuard, MappedRwLockWriteGuard, Mutex, MutexGuard, RwLock, RwLockReadGuard,
    RwLockUpgradableReadGuard, RwLockWriteGuard,
};
use std::sync::Arc;

fn is_send<T: Send>() {}
fn is_sync<T: Sync>() {}

#[test]
fn they_may_be_sent_and_shared() {
    is_send::<MutexGuard<'static, u8>>();
    is_send::<MappedMutexGuard<'static, u8>>();
    is_send::<ArcMutexGuard<u8>>();
    is_send::<RwLockReadGuard<'static, u8>>();
    is_send::<RwLockWriteGuard<'static, u8>>();
    is_send::<RwLockUpgradableReadGuard<'static, u8>>();
    is_send::<MappedRwLockReadGuard<'static, u8>>();
    is_send::<MappedRwLockWriteGuard<'static, u8>>();
    is_send::<ArcRwLockReadGuard<u8>>();
    is_send::<ArcRwLockWriteGuard<u8>>();
    is_sync::<MutexGuard<'static, u8>>();
    is_sync::<RwLockReadGuard<'static, u8>>();
    is_sync::<RwLockWriteGuard<'static, u8>>();
}

#[sortie::test]
fn another_goroutine_unlocks() {
    static MUTEX: Mutex<u32> = Mutex::new(0);
    let guard = MUTEX.lock();
    let waiter = sortie::go(|| *MUTEX.lock() += 1);
    until_parked(waiter.goroutine().id(), "sync.Mutex.Lock");
    sortie::go(move || drop(guard)).join().unwrap();
    waiter.join().unwrap();
    assert_eq!(*MUTEX.lock(), 1);
}

#[sortie::test]
fn another_thread_unlocks() {
    static LOCK: RwLock<u32> = RwLock::new(0);
    for _ in 0..10 {
        let guard = LOCK.read();
        let waiter = sortie::go(|| *LOCK.write() += 1);
        until_parked(waiter.goroutine().id(), "sync.RWMutex.Lock");
        std::thread::spawn(move || drop(guard)).join().unwrap();
        waiter.join().unwrap();
    }
    assert_eq!(*LOCK.read(), 10);
}

#[sortie::test]
fn they_go_through_channels() {
    let mutex = Arc::new(Mutex::new(0));
    let (sender, receiver) = bounded::<ArcMutexGuard<i32>>(0);
    let other = sortie::go(move || {
        for mut guard in receiver {
            *guard += 1;
        }
    });
    for _ in 0..10 {
        sender.send(mutex.lock_arc()).unwrap();
    }
    drop(sender);
    other.join().unwrap();
    assert_eq!(*mutex.lock(), 10);
}

#[sortie::test]
fn a_part_is_guarded_as_the_whole() {
    let mutex = Mutex::new((1, "one".to_string()));
    let text: MappedMutexGuard<'_, str> = MutexGuard::map(mutex.lock(), |pair| &mut *pair.1);
    assert!(mutex.try_lock().is_none());
    assert_eq!(&*text, "one");
    drop(text);
    assert!(mutex.try_lock().is_some());

    let lock = RwLock::new((1, 2));
    let first = RwLockReadGuard::map(lock.read(), |pair| &pair.0);
    let second = RwLockReadGuard::map(lock.read(), |pair| &pair.1);
    assert_eq!((*first, *second), (1, 2));
    assert!(lock.try_write().is_none());
    drop((first, second));
    *RwLockWriteGuard::map(lock.write(), |pair| &mut pair.1) = 3;
    assert_eq!(*lock.read(), (1, 3));
}

#[sortie::test]
fn unlocked_for_a_while() {
    let mutex = Mutex::new(0);
    let mut guard = mutex.lock();
    MutexGuard::unlocked(&mut guard, || *mutex.lock() += 1);
    MutexGuard::unlocked_fair(&mut guard, || *mutex.lock() += 1);
    assert_eq!(*guard, 2);
}

/// Who forgets a guard leaves the lock locked, and it may be dropped like that.
#[sortie::test]
fn they_may_be_forgotten() {
    for _ in 0..1000 {
        let mutex = Mutex::new(Box::new(1));
        std::mem::forget(mutex.lock());
        assert!(mutex.try_lock().is_none());
        assert!(
            mutex
                .try_lock_for(std::time::Duration::from_micros(1))
                .is_none()
        );
        assert_eq!(*mutex.into_inner(), 1);

        let lock = RwLock::new(Box::new(1));
        std::mem::forget(lock.read());
        assert!(lock.try_write().is_none());
        assert!(
            lock.try_write_for(std::time::Duration::from_micros(1))
                .is_none()
        );
        assert_eq!(**lock.read(), 1);
        assert_eq!(*lock.into_inner(), 1);
    }
}

/// A mutex that was handed over to somebody who forgot its guard may be moved, and be
/// waited for where it is then.
#[sortie::test]
fn a_lock_that_was_handed_over_may_be_moved() {
    let timeout = std::time::Duration::from_millis(1);
    for _ in 0..100 {
        let mutex = Mutex::new(Box::new(1));
        let lock = RwLock::new(Box::new(1));
        sortie::scope(|s| {
            let (guard, writer) = (mutex.lock(), lock.write());
            let first = s.go(|| std::mem::forget(mutex.lock()));
            let second = s.go(|| std::mem::forget(lock.write()));
            until_parked(first.goroutine().id(), "sync.Mutex.Lock");
            until_parked(second.goroutine().id(), "sync.RWMutex.Lock");
            MutexGuard::unlock_fair(guard);
            RwLockWriteGuard::unlock_fair(writer);
        });
        let moved = Box::new((mutex, lock));
        sortie::scope(|s| {
            for _ in 0..3 {
                s.go(|| assert!(moved.0.try_lock_for(timeout).is_none()));
                s.go(|| assert!(moved.1.try_write_for(timeout).is_none()));
                s.go(|| assert!(moved.1.try_read_for(timeout).is_none()));
            }
        });
        let (mutex, lock) = *moved;
        assert_eq!((*mutex.into_inner(), *lock.into_inner()), (1, 1));
    }
}
