//! Time that runs out at the moment at which somebody unlocks.

use crate::crew::{Crew, pause};
use sortie::sync::{Condvar, Mutex, Once, RwLock, RwLockUpgradableReadGuard};
use std::sync::Arc;
use std::time::{Duration, Instant};

everywhere!(
    mutexes,
    readers_and_writers,
    upgrades,
    condition_variables,
    once
);

const ROUNDS: u64 = 200;

/// A time-out that is about over when the other side acts, sooner or later by some
/// microseconds.
fn about(round: u64) -> Duration {
    Duration::from_micros(20 + round % 40)
}

/// Waits awake.
fn busy(duration: Duration) {
    let start = Instant::now();
    while start.elapsed() < duration {
        std::hint::spin_loop();
    }
}

/// The mutex is free in the end, and everybody who waits without end has had it.
fn mutexes(crew: Crew) {
    let mutex = Arc::new(Mutex::new(0));
    for round in 0..ROUNDS {
        let guard = mutex.lock();
        let waiters: Vec<_> = (0..3)
            .map(|number| {
                let mutex = mutex.clone();
                crew.start(number, move || match number {
                    2 => drop(mutex.lock()),
                    _ => drop(mutex.try_lock_for(about(round + number as u64))),
                })
            })
            .collect();
        pause();
        busy(Duration::from_micros(30));
        drop(guard);
        for waiter in waiters {
            waiter.join();
        }
        assert!(mutex.try_lock().is_some());
    }
}

fn readers_and_writers(crew: Crew) {
    let lock = Arc::new(RwLock::new(0));
    for round in 0..ROUNDS {
        let (reader, writer) = match round % 2 {
            0 => (Some(lock.read()), None),
            _ => (None, Some(lock.write())),
        };
        let waiters: Vec<_> = (0..4)
            .map(|number| {
                let lock = lock.clone();
                crew.start(number, move || match number {
                    0 => drop(lock.try_write_for(about(round))),
                    1 => drop(lock.try_read_for(about(round + 1))),
                    2 => drop(lock.read()),
                    _ => drop(lock.write()),
                })
            })
            .collect();
        pause();
        busy(Duration::from_micros(30));
        drop((reader, writer));
        for waiter in waiters {
            waiter.join();
        }
        assert!(lock.try_write().is_some());
    }
}

fn upgrades(crew: Crew) {
    let lock = Arc::new(RwLock::new(0));
    for round in 0..ROUNDS {
        let reader = lock.read();
        let own = lock.clone();
        let upgrading = crew.start(0, move || {
            let upgradable = own.upgradable_read();
            match RwLockUpgradableReadGuard::try_upgrade_for(upgradable, about(round)) {
                Ok(mut count) => *count += 1,
                Err(upgradable) => assert!(*upgradable <= round, "counted twice"),
            }
        });
        let own = lock.clone();
        let reading = crew.start(1, move || drop(own.read()));
        pause();
        busy(Duration::from_micros(30));
        drop(reader);
        upgrading.join();
        reading.join();
        assert!(lock.try_write().is_some());
    }
}

/// A notification either ends the wait of one whose time has not run out, or tells that
/// there is nobody.
fn condition_variables(crew: Crew) {
    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    for round in 0..ROUNDS {
        *pair.0.lock() = false;
        let own = pair.clone();
        let waiter = crew.start(0, move || {
            let mut waits = own.0.lock();
            *waits = true;
            !own.1.wait_for(&mut waits, about(round)).timed_out()
        });
        while !*pair.0.lock() {
            pause();
        }
        busy(Duration::from_micros(20));
        let notified = pair.1.notify_one();
        assert_eq!(waiter.join(), notified);
    }
}

fn once(crew: Crew) {
    for round in 0..ROUNDS {
        let shared = Arc::new((Once::new(), Mutex::new(())));
        let guard = shared.1.lock();
        let members: Vec<_> = (0..3)
            .map(|number| {
                let shared = shared.clone();
                crew.start(number, move || {
                    let call = || drop(shared.1.lock());
                    match number {
                        0 => shared.0.call_once(call),
                        1 => drop(shared.0.call_once_timeout(about(round), call)),
                        _ => drop(shared.0.wait_timeout(about(round))),
                    }
                })
            })
            .collect();
        pause();
        busy(Duration::from_micros(30));
        drop(guard);
        for member in members {
            member.join();
        }
        assert!(shared.0.is_completed());
    }
}
