//! Locks that are unlocked by who has not locked them. That takes unsafe code.
//!
//! TestMutexMisuse of Go's sync/mutex_test.go (BSD-style licence, The Go Authors), and the
//! same for what only sortie's locks can do. As in Go the process ends: nobody can tell
//! what has become of the data.

use crate::program::Case;
use sortie::sync::{Mutex, RwLock};
use std::mem::forget;

static MUTEX: Mutex<()> = Mutex::new(());
static LOCK: RwLock<()> = RwLock::new(());

/// Cases whose process ends with such a message.
macro_rules! misuse {
    ($($name:ident says $text:literal: $program:expr;)*) => {
        pub(crate) const CASES: &[Case] = &[$(Case {
            name: concat!("locks::", stringify!($name)),
            program: || {
                // SAFETY: there is nothing behind these locks, and nobody else.
                sortie::run(|| unsafe { $program });
                eprintln!("went on");
            },
            check: |case| {
                case.run()
                    .status(2)
                    .says(&[concat!("fatal error: sync: ", $text)])
                    .is_silent_about("went on");
            },
        }),*];
    };
}

misuse! {
    mutex_unlock says "unlock of unlocked mutex": {
        MUTEX.force_unlock();
    };
    mutex_unlock_2 says "unlock of unlocked mutex": {
        forget(MUTEX.lock());
        MUTEX.force_unlock();
        MUTEX.force_unlock();
    };
    mutex_unlock_fair says "unlock of unlocked mutex": {
        MUTEX.force_unlock_fair();
    };
    rwmutex_unlock says "Unlock of unlocked RWMutex": {
        LOCK.force_unlock_write();
    };
    rwmutex_unlock_2 says "Unlock of unlocked RWMutex": {
        forget(LOCK.read());
        LOCK.force_unlock_write();
    };
    rwmutex_unlock_3 says "Unlock of unlocked RWMutex": {
        forget(LOCK.write());
        LOCK.force_unlock_write();
        LOCK.force_unlock_write();
    };
    rwmutex_runlock says "RUnlock of unlocked RWMutex": {
        LOCK.force_unlock_read();
    };
    rwmutex_runlock_2 says "RUnlock of unlocked RWMutex": {
        forget(LOCK.write());
        LOCK.force_unlock_read();
    };
    rwmutex_runlock_3 says "RUnlock of unlocked RWMutex": {
        forget(LOCK.read());
        LOCK.force_unlock_read();
        LOCK.force_unlock_read();
    };
    unlock_of_an_upgradable_reader says "Unlock of unlocked RWMutex": {
        sortie::sync::lock_api::RawRwLockUpgrade::unlock_upgradable(LOCK.raw());
    };
}
