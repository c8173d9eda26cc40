//! Go's sync/rwmutex_test.go (BSD-style licence, The Go Authors).
//!
//! <https://github.com/golang/go/blob/master/src/sync/rwmutex_test.go>

use crate::procs::Procs;
use sortie::chan::bounded;
use sortie::sync::RwLock;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};

/// TestParallelReaders: readers are inside together.
fn parallel_readers(readers: usize, procs: usize) {
    let _procs = Procs::set(procs);
    sortie::run(|| {
        let lock = Arc::new(RwLock::new(()));
        let (locked, is_locked) = bounded(0);
        let (unlock, may_unlock) = bounded(0);
        let (done, is_done) = bounded(0);
        for _ in 0..readers {
            let (lock, locked, may_unlock, done) = (
                lock.clone(),
                locked.clone(),
                may_unlock.clone(),
                done.clone(),
            );
            sortie::go(move || {
                let guard = lock.read();
                locked.send(()).unwrap();
                may_unlock.recv().unwrap();
                drop(guard);
                done.send(()).unwrap();
            });
        }
        for _ in 0..readers {
            is_locked.recv().unwrap();
        }
        for _ in 0..readers {
            unlock.send(()).unwrap();
        }
        for _ in 0..readers {
            is_done.recv().unwrap();
        }
    });
}

#[test]
fn readers_are_inside_together() {
    parallel_readers(1, 4);
    parallel_readers(3, 4);
    parallel_readers(4, 2);
}

/// Who is inside: readers, and 10 000 for each writer.
struct Activity(AtomicI32);

impl Activity {
    fn read(&self) {
        let inside = self.0.fetch_add(1, SeqCst) + 1;
        assert!((1..10_000).contains(&inside), "{inside}");
        work();
        self.0.fetch_sub(1, SeqCst);
    }

    fn write(&self) {
        let inside = self.0.fetch_add(10_000, SeqCst) + 10_000;
        assert_eq!(inside, 10_000);
        work();
        self.0.fetch_sub(10_000, SeqCst);
    }
}

fn work() {
    for i in 0..100 {
        std::hint::black_box(i);
    }
}

/// HammerRWMutex.
fn hammer(procs: usize, readers: usize, loops: usize) {
    let _procs = Procs::set(procs);
    sortie::run(|| {
        let lock = RwLock::new(());
        let activity = Activity(AtomicI32::new(0));
        let write = || {
            for _ in 0..loops {
                let _guard = lock.write();
                activity.write();
            }
        };
        let read = || {
            for _ in 0..loops {
                let _guard = lock.read();
                activity.read();
            }
        };
        sortie::scope(|s| {
            s.go(write);
            for _ in 0..readers / 2 {
                s.go(read);
            }
            s.go(write);
            for _ in readers / 2..readers {
                s.go(read);
            }
        });
    });
}

/// TestRWMutex.
#[test]
fn rwmutex() {
    let lock = RwLock::new(());
    let writer = lock.write();
    assert!(lock.try_write().is_none());
    assert!(lock.try_read().is_none());
    drop(writer);
    let writer = lock.try_write();
    assert!(writer.is_some());
    drop(writer);
    let readers = (lock.try_read(), lock.try_read());
    assert!(readers.0.is_some() && readers.1.is_some());
    assert!(lock.try_write().is_none());
    drop(readers);

    const LOOPS: usize = 1000;
    for (procs, readers) in [
        (1, 1),
        (1, 3),
        (1, 10),
        (4, 1),
        (4, 3),
        (4, 10),
        (10, 1),
        (10, 3),
        (10, 10),
        (10, 5),
    ] {
        hammer(procs, readers, LOOPS);
    }
}

/// TestRLocker: one who reads twice, and lets go of both, lets a writer in, once for each
/// round.
#[sortie::test]
fn rlocker() {
    const ROUNDS: usize = 10;
    static LOCK: RwLock<()> = RwLock::new(());
    let (written, is_written) = bounded(1);
    let (read, is_read) = bounded(1);
    let other = sortie::go(move || {
        for _ in 0..ROUNDS {
            read.send((LOCK.read(), LOCK.read())).unwrap();
            written.send(LOCK.write()).unwrap();
        }
    });
    for _ in 0..ROUNDS {
        let (first, second) = is_read.recv().unwrap();
        drop(first);
        assert!(is_written.is_empty(), "there is a reader still");
        drop(second);
        let writer = is_written.recv().unwrap();
        assert!(is_read.is_empty(), "there is a writer still");
        drop(writer);
    }
    other.join().unwrap();
}
