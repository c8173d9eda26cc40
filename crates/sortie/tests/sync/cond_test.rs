//! Go's sync/cond_test.go (BSD-style licence, The Go Authors). A condition variable
//! cannot be copied here, so there is no TestCondCopy.
//!
//! <https://github.com/golang/go/blob/master/src/sync/cond_test.go>

use sortie::chan::bounded;
use sortie::sync::{Condvar, Mutex};
use std::sync::Arc;

/// A mutex with what it protects, and a condition variable.
fn pair<T>(value: T) -> Arc<(Mutex<T>, Condvar)> {
    Arc::new((Mutex::new(value), Condvar::new()))
}

/// TestCondSignal: each signal wakes one.
#[sortie::test]
fn signal() {
    const MEMBERS: usize = 2;
    let shared = pair(());
    let (running, is_running) = bounded(MEMBERS);
    let (awake, is_awake) = bounded(MEMBERS);
    for _ in 0..MEMBERS {
        let (shared, running, awake) = (shared.clone(), running.clone(), awake.clone());
        sortie::go(move || {
            let mut guard = shared.0.lock();
            running.send(()).unwrap();
            shared.1.wait(&mut guard);
            awake.send(()).unwrap();
        });
    }
    for _ in 0..MEMBERS {
        is_running.recv().unwrap();
    }
    for _ in 0..MEMBERS {
        assert!(is_awake.is_empty(), "not asleep");
        let guard = shared.0.lock();
        assert!(shared.1.notify_one());
        drop(guard);
        is_awake.recv().unwrap();
        assert!(is_awake.is_empty(), "too many are awake");
    }
    assert!(!shared.1.notify_one());
}

/// TestCondSignalGenerations: who came first is woken first.
#[sortie::test]
fn signal_generations() {
    const MEMBERS: usize = 100;
    let shared = pair(());
    let (running, is_running) = bounded(MEMBERS);
    let (awake, is_awake) = bounded(MEMBERS);
    for number in 0..MEMBERS {
        let (other, running, awake) = (shared.clone(), running.clone(), awake.clone());
        sortie::go(move || {
            let mut guard = other.0.lock();
            running.send(()).unwrap();
            other.1.wait(&mut guard);
            awake.send(number).unwrap();
        });
        if number > 0 {
            assert_eq!(is_awake.recv(), Ok(number - 1));
        }
        is_running.recv().unwrap();
        let _guard = shared.0.lock();
        shared.1.notify_one();
    }
    assert_eq!(is_awake.recv(), Ok(MEMBERS - 1));
}

/// TestCondBroadcast: all who wait are woken, once.
#[sortie::test]
fn broadcast() {
    const MEMBERS: usize = 200;
    let shared = pair(false);
    let (running, is_running) = bounded(MEMBERS);
    let (awake, is_awake) = bounded(MEMBERS);
    for number in 0..MEMBERS {
        let (shared, running, awake) = (shared.clone(), running.clone(), awake.clone());
        sortie::go(move || {
            let mut exit = shared.0.lock();
            while !*exit {
                running.send(number).unwrap();
                shared.1.wait(&mut exit);
                awake.send(number).unwrap();
            }
        });
    }
    for round in 0..MEMBERS {
        for _ in 0..MEMBERS {
            is_running.recv().unwrap();
        }
        if round == MEMBERS - 1 {
            *shared.0.lock() = true;
        }
        assert!(is_awake.is_empty(), "not asleep");
        let guard = shared.0.lock();
        assert_eq!(shared.1.notify_all(), MEMBERS);
        drop(guard);
        let mut seen = [false; MEMBERS];
        for _ in 0..MEMBERS {
            let number = is_awake.recv().unwrap();
            assert!(!seen[number], "woken twice");
            seen[number] = true;
        }
    }
    assert!(is_running.is_empty(), "did not exit");
    assert_eq!(shared.1.notify_all(), 0);
}

/// TestRace: three goroutines that wake each other see what the last one did.
#[sortie::test]
fn race() {
    let shared = pair(0);
    let start = |f: fn(&Mutex<i32>, &Condvar)| {
        let shared = shared.clone();
        sortie::go(move || f(&shared.0, &shared.1))
    };
    let members = [
        start(|mutex, condvar| {
            let mut x = mutex.lock();
            *x = 1;
            condvar.wait(&mut x);
            assert_eq!(*x, 2);
            *x = 3;
            condvar.notify_one();
        }),
        start(|mutex, condvar| {
            loop {
                let mut x = mutex.lock();
                if *x == 1 {
                    *x = 2;
                    condvar.notify_one();
                    return;
                }
                drop(x);
                sortie::yield_now();
            }
        }),
        start(|mutex, condvar| {
            loop {
                let mut x = mutex.lock();
                match *x {
                    2 => {
                        condvar.wait(&mut x);
                        assert_eq!(*x, 3);
                        return;
                    }
                    3 => return,
                    _ => drop(x),
                }
                sortie::yield_now();
            }
        }),
    ];
    for member in members {
        member.join().unwrap();
    }
}

/// TestCondSignalStealing: one who comes later cannot have the notification of one who
/// waits already.
#[sortie::test]
fn signal_stealing() {
    for _ in 0..1000 {
        let shared = pair(false);
        let (channel, messages) = bounded(0);
        let other = shared.clone();
        let first = sortie::go(move || {
            let mut guard = other.0.lock();
            channel.send(()).unwrap();
            other.1.wait(&mut guard);
            drop(guard);
            channel.send(()).unwrap();
        });
        messages.recv().unwrap();
        // When it can be locked the first is waiting.
        drop(shared.0.lock());
        let other = shared.clone();
        sortie::go(move || other.1.notify_all());
        let other = shared.clone();
        let second = sortie::go(move || {
            let mut done = other.0.lock();
            other.1.wait_while(&mut done, |done| !*done);
        });
        messages.recv().unwrap();
        *shared.0.lock() = true;
        shared.1.notify_all();
        first.join().unwrap();
        second.join().unwrap();
    }
}
