//! Waits that a context ends.

use crate::crew::{Crew, pause};
use crate::parked::until_parked;
use sortie::chan::bounded;
use sortie::context::{Context, ContextError};
use sortie::sync::{
    Barrier, Condvar, LazyLock, LockContext as _, Mutex, Once, OnceLock, RwLock,
    RwLockContext as _, RwLockUpgradableReadGuard, UpgradeContext as _,
};
use std::sync::Arc;
use std::time::Duration;

everywhere!(locking_against_cancelling);

/// A context that has ended.
fn ended() -> Context {
    let (context, cancel) = Context::background().with_cancel();
    cancel.cancel();
    context
}

/// A context that ends in a moment.
fn soon() -> Context {
    let (context, cancel) = Context::background().with_cancel();
    sortie::go(move || {
        sortie::sleep(Duration::from_millis(1));
        cancel.cancel();
    });
    context
}

/// Checks that a wait ends when its context is cancelled, for this reason.
fn is_ended_by_cancelling<T: Send + 'static>(
    reason: &str,
    wait: impl FnOnce(&Context) -> Result<T, ContextError> + Send + 'static,
) {
    let (context, cancel) = Context::background().with_cancel();
    let waiter = sortie::go(move || wait(&context).err());
    until_parked(waiter.goroutine().id(), reason);
    cancel.cancel();
    assert_eq!(waiter.join().unwrap(), Some(ContextError::Canceled));
}

#[sortie::test]
fn of_mutexes() {
    static MUTEX: Mutex<u32> = Mutex::new(0);
    *MUTEX.lock_ctx(&Context::background()).unwrap() += 1;
    assert_eq!(MUTEX.lock_ctx(&ended()).err(), Some(ContextError::Canceled));
    let guard = MUTEX.lock();
    let error = MUTEX.lock_ctx(&soon()).err();
    assert_eq!(error, Some(ContextError::Canceled));
    is_ended_by_cancelling("sync.Mutex.Lock", |context| {
        MUTEX.lock_ctx(context).map(drop)
    });
    drop(guard);
    assert!(MUTEX.try_lock().is_some());
}

#[sortie::test]
fn of_reader_writer_locks() {
    static LOCK: RwLock<u32> = RwLock::new(0);
    *LOCK.write_ctx(&Context::background()).unwrap() += 1;
    assert!(LOCK.read_ctx(&ended()).is_err());
    assert!(LOCK.write_ctx(&ended()).is_err());
    assert!(LOCK.upgradable_read_ctx(&ended()).is_err());

    let writer = LOCK.write();
    is_ended_by_cancelling("sync.RWMutex.RLock", |context| {
        LOCK.read_ctx(context).map(drop)
    });
    is_ended_by_cancelling("sync.RWMutex.Lock", |context| {
        LOCK.write_ctx(context).map(drop)
    });
    is_ended_by_cancelling("sync.RWMutex.RLock", |context| {
        LOCK.upgradable_read_ctx(context).map(drop)
    });
    drop(writer);

    let reader = LOCK.read();
    is_ended_by_cancelling("sync.RWMutex.Lock", |context| {
        LOCK.write_ctx(context).map(drop)
    });
    is_ended_by_cancelling("sync.RWMutex.Lock", |context| {
        let upgradable = LOCK.upgradable_read_ctx(context)?;
        upgradable.upgrade_ctx(context).map(drop).map_err(|e| e.1)
    });
    let upgradable = LOCK.upgradable_read();
    let (upgradable, error) = upgradable.upgrade_ctx(&ended()).err().unwrap();
    assert_eq!((error, *upgradable), (ContextError::Canceled, 1));
    drop(reader);
    let mut writer = upgradable.upgrade_ctx(&Context::background()).ok().unwrap();
    *writer += 1;
    drop(writer);
    assert_eq!(
        *RwLockUpgradableReadGuard::rwlock(&LOCK.upgradable_read()).read(),
        2
    );
    assert!(LOCK.try_write().is_some());
}

#[sortie::test]
fn of_condition_variables() {
    static PAIR: (Mutex<()>, Condvar) = (Mutex::new(()), Condvar::new());
    let mut guard = PAIR.0.lock();
    assert!(PAIR.1.wait_ctx(&mut guard, &ended()).is_err());
    assert!(PAIR.1.wait_ctx(&mut guard, &soon()).is_err());
    assert!(
        PAIR.1
            .wait_while_ctx(&mut guard, |()| true, &soon())
            .is_err()
    );
    assert!(
        PAIR.1
            .wait_while_ctx(&mut guard, |()| false, &ended())
            .is_ok()
    );
    assert!(PAIR.0.try_lock().is_none(), "it is locked again");
    drop(guard);
    is_ended_by_cancelling("sync.Cond.Wait", |context| {
        PAIR.1.wait_ctx(&mut PAIR.0.lock(), context)
    });
    let (context, _cancel) = Context::background().with_cancel();
    let waiter = sortie::go(move || PAIR.1.wait_ctx(&mut PAIR.0.lock(), &context));
    until_parked(waiter.goroutine().id(), "sync.Cond.Wait");
    assert!(PAIR.1.notify_one());
    assert_eq!(waiter.join().unwrap(), Ok(()));
}

#[sortie::test]
fn of_what_is_made_once() {
    let (started, is_started) = bounded(0);
    let (go_on, may_go_on) = bounded::<()>(0);
    let make = move || {
        started.send(()).unwrap();
        may_go_on.recv().unwrap();
        1
    };
    let value = Arc::new(LazyLock::new(make.clone()));
    let cell = Arc::new(OnceLock::new());
    let once = Arc::new(Once::new());
    assert!(LazyLock::force_ctx(&value, &ended()).is_err());
    assert!(cell.get_or_init_ctx(&ended(), || 1).is_err());
    assert!(once.call_once_ctx(&ended(), || ()).is_err());
    let makers = [
        sortie::go({
            let value = value.clone();
            move || **value
        }),
        sortie::go({
            let (cell, make) = (cell.clone(), make.clone());
            move || *cell.get_or_init(make)
        }),
        sortie::go({
            let (once, make) = (once.clone(), make.clone());
            move || {
                let mut made = 0;
                once.call_once(|| made = make());
                made
            }
        }),
    ];
    for _ in &makers {
        is_started.recv().unwrap();
    }
    let own = value.clone();
    is_ended_by_cancelling("sync.Once.Do", move |context| {
        LazyLock::force_ctx(&own, context).copied()
    });
    let own = cell.clone();
    is_ended_by_cancelling("sync.Once.Do", move |context| {
        own.get_or_init_ctx(context, || 1).copied()
    });
    let own = cell.clone();
    is_ended_by_cancelling("sync.Once.Do", move |context| {
        own.wait_ctx(context).copied()
    });
    let own = once.clone();
    is_ended_by_cancelling("sync.Once.Do", move |context| {
        own.call_once_ctx(context, || ())
    });
    let own = once.clone();
    is_ended_by_cancelling("sync.Once.Do", move |context| own.wait_ctx(context));
    for _ in &makers {
        go_on.send(()).unwrap();
    }
    for maker in makers {
        assert_eq!(maker.join().unwrap(), 1);
    }
    let context = Context::background();
    assert_eq!(LazyLock::force_ctx(&value, &context), Ok(&1));
    assert_eq!(cell.wait_ctx(&context), Ok(&1));
    assert_eq!(once.wait_ctx(&context), Ok(()));
}

#[sortie::test]
fn of_barriers() {
    let barrier = Arc::new(Barrier::new(2));
    assert!(barrier.wait_ctx(&ended()).is_err());
    assert!(barrier.wait_ctx(&soon()).is_err());
    let own = barrier.clone();
    is_ended_by_cancelling("sync.Barrier.Wait", move |context| {
        own.wait_ctx(context).map(drop)
    });
    let own = barrier.clone();
    let other = sortie::go(move || own.wait_ctx(&Context::background()).is_ok());
    assert!(barrier.wait_ctx(&Context::background()).is_ok());
    assert!(other.join().unwrap());
}

/// Each either has the mutex, or has not; and it is never lost.
fn locking_against_cancelling(crew: Crew) {
    const ROUNDS: usize = 200;
    let mutex = Arc::new(Mutex::new(0usize));
    for _ in 0..ROUNDS {
        let (context, cancel) = Context::background().with_cancel();
        let own = mutex.clone();
        let guard = mutex.lock();
        let waiters: Vec<_> = (0..2)
            .map(|number| {
                let (own, context) = (own.clone(), context.clone());
                crew.start(number, move || match own.lock_ctx(&context) {
                    Ok(mut count) => {
                        *count += 1;
                        1
                    }
                    Err(_) => 0,
                })
            })
            .collect();
        pause();
        let canceller = crew.start(0, move || cancel.cancel());
        drop(guard);
        let before = waiters.into_iter().map(|w| w.join()).sum::<usize>();
        canceller.join();
        let mut count = mutex.try_lock().expect("nobody has it");
        assert_eq!(std::mem::take(&mut *count), before);
    }
}
