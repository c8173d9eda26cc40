//! Reader-writer locks: who is inside with whom, and who has to wait.

use crate::crew::{Crew, pause};
use crate::parked::{until_all_parked, until_parked};
use sortie::context::Context;
use sortie::sync::{
    Mutex, RawRwLock, RwLock, RwLockContext as _, RwLockReadGuard, RwLockUpgradableReadGuard,
    RwLockWriteGuard,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(1000);
const SHORT: Duration = Duration::from_millis(1);
const READING: &str = "sync.RWMutex.RLock";
const WRITING: &str = "sync.RWMutex.Lock";

everywhere!(
    a_writer_is_alone,
    a_writer_is_alone_whatever_they_do,
    many_readers_on_all_processors,
    upgrading_lets_nobody_write_in_between,
);

const MEMBERS: usize = 6;

/// Who is inside: readers, and 1000 for a writer.
#[derive(Default)]
struct Inside(AtomicI64);

impl Inside {
    fn read(&self) {
        let before = self.0.fetch_add(1, Ordering::Relaxed);
        assert!((0..1000).contains(&before), "a reader beside a writer");
        pause();
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    fn write(&self) {
        let before = self.0.fetch_add(1000, Ordering::Relaxed);
        assert_eq!(before, 0, "a writer beside somebody");
        pause();
        self.0.fetch_sub(1000, Ordering::Relaxed);
    }
}

fn a_writer_is_alone(crew: Crew) {
    const EACH: usize = 300;
    let shared = Arc::new((RwLock::new(0usize), Inside::default()));
    let own = shared.clone();
    crew.all(MEMBERS, move |number| {
        for turn in 0..EACH {
            if (number + turn) % 4 == 0 {
                let mut count = own.0.write();
                own.1.write();
                *count += 1;
            } else {
                let _count = own.0.read();
                own.1.read();
            }
        }
    });
    assert_eq!(*shared.0.read(), MEMBERS * EACH / 4);
}

/// All ways in, and from one to another, with and without time-outs.
fn a_writer_is_alone_whatever_they_do(crew: Crew) {
    const EACH: usize = 200;
    let shared = Arc::new((RwLock::new(0usize), Inside::default()));
    let own = shared.clone();
    let written = crew.all(MEMBERS, move |number| {
        let (lock, inside) = &*own;
        let mut written = 0;
        let mut write = |mut count: RwLockWriteGuard<'_, usize>| {
            inside.write();
            *count += 1;
            written += 1;
            drop(count);
        };
        for turn in 0..EACH {
            match (5 * number + turn) % 11 {
                0 => write(lock.write()),
                1 => lock
                    .try_write_for(Duration::from_micros(20))
                    .into_iter()
                    .for_each(&mut write),
                2 => lock.try_write().into_iter().for_each(&mut write),
                3 => {
                    let mut count = lock.write();
                    inside.write();
                    *count += 1;
                    let count = RwLockWriteGuard::downgrade(count);
                    inside.read();
                    drop(count);
                    *lock.write() -= 1;
                }
                4 => {
                    let count = lock.upgradable_read();
                    inside.read();
                    let before = *count;
                    let count = RwLockUpgradableReadGuard::upgrade(count);
                    assert_eq!(*count, before);
                    write(count);
                }
                5 => {
                    let count = lock.upgradable_read();
                    let timeout = Duration::from_micros(20);
                    match RwLockUpgradableReadGuard::try_upgrade_for(count, timeout) {
                        Ok(count) => write(count),
                        Err(_still_reading) => inside.read(),
                    }
                }
                6 => {
                    let count = RwLockWriteGuard::downgrade_to_upgradable(lock.write());
                    inside.read();
                    let count = RwLockUpgradableReadGuard::downgrade(count);
                    inside.read();
                    drop(count);
                }
                7 => {
                    if let Some(_count) = lock.try_read_for(Duration::from_micros(20)) {
                        inside.read();
                    }
                }
                8 => {
                    let _count = lock.read();
                    let _again = lock.read_recursive();
                    inside.read();
                }
                9 => {
                    if let Some(mut count) = lock.try_upgradable_read() {
                        inside.read();
                        count.with_upgraded(|_| inside.write());
                        inside.read();
                    }
                }
                _ => {
                    let _count = lock.read();
                    inside.read();
                }
            }
        }
        written
    });
    assert_eq!(*shared.0.read(), written.into_iter().sum());
    assert!(
        shared.0.try_write().is_some(),
        "somebody seems to be inside"
    );
}

/// So many reads at once that the lock counts readers on each processor.
fn many_readers_on_all_processors(crew: Crew) {
    const EACH: usize = 20_000;
    const WRITES: usize = 50;
    let shared = Arc::new((RwLock::new((0usize, 0usize)), AtomicUsize::new(0)));
    let own = shared.clone();
    let sums = crew.all(MEMBERS, move |number| {
        let mut sum = 0;
        for turn in 0..EACH {
            if number == 0 && turn % (EACH / WRITES) == 0 {
                let mut pair = own.0.write();
                pair.0 += 1;
                std::hint::black_box(&mut pair);
                pair.1 += 1;
            }
            let pair = own.0.read();
            assert_eq!(pair.0, pair.1, "a reader beside a writer");
            sum += 1;
        }
        sum
    });
    assert_eq!(sums.iter().sum::<usize>(), MEMBERS * EACH);
    assert_eq!(*shared.0.read(), (WRITES, WRITES));
    assert!(
        shared.0.try_write().is_some(),
        "somebody seems to be inside"
    );
}

/// Who reads by the lock's word leaves by a processor's count, if there are such; that may
/// not fill the word.
#[test]
fn more_readers_one_after_the_other_than_it_counts_at_a_time() {
    const MORE: usize = (1 << 25) + 1;
    let lock = RwLock::new(0usize);
    // Until it counts on each processor, which nothing tells; threads that read at once
    // make it sooner or later.
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while start.elapsed() < Duration::from_millis(500) {
                    (0..1000).for_each(|_| assert_eq!(*lock.read(), 0));
                }
            });
        }
    });
    for _ in 0..MORE {
        drop(RwLockWriteGuard::downgrade(lock.write()));
    }
    assert!(lock.try_write().is_some());
}

fn upgrading_lets_nobody_write_in_between(crew: Crew) {
    const EACH: usize = 100;
    let lock = Arc::new(RwLock::new(0usize));
    let own = lock.clone();
    crew.all(MEMBERS, move |number| {
        for _ in 0..EACH {
            if number % 2 == 0 {
                let count = own.upgradable_read();
                let before = *count;
                pause();
                let mut count = RwLockUpgradableReadGuard::upgrade(count);
                assert_eq!(*count, before);
                *count += 1;
            } else {
                *own.write() += 1;
            }
        }
    });
    assert_eq!(*lock.read(), MEMBERS * EACH);
}

#[test]
fn it_takes_two_words() {
    assert_eq!(size_of::<RawRwLock>(), 16);
    static SHARED: RwLock<Vec<u8>> = RwLock::new(Vec::new());
    SHARED.write().push(1);
    assert_eq!(*SHARED.read(), [1]);
}

#[test]
fn who_may_be_inside_with_whom() {
    let lock = RwLock::new(());
    let reader = lock.read();
    assert!(lock.try_read().is_some());
    assert!(lock.try_upgradable_read().is_some());
    assert!(lock.try_write().is_none());
    drop(reader);

    let upgradable = lock.upgradable_read();
    assert!(lock.try_read().is_some());
    assert!(lock.try_upgradable_read().is_none());
    assert!(lock.try_write().is_none());
    assert!(lock.is_locked() && !lock.is_locked_exclusive());
    drop(upgradable);

    let writer = lock.write();
    assert!(lock.try_read().is_none());
    assert!(lock.try_read_recursive().is_none());
    assert!(lock.try_upgradable_read().is_none());
    assert!(lock.try_write().is_none());
    assert!(lock.is_locked() && lock.is_locked_exclusive());
    drop(writer);
    assert!(!lock.is_locked());
}

#[test]
fn from_one_kind_of_access_to_another() {
    let lock = RwLock::new(0);
    let mut writer = lock.write();
    *writer += 1;
    let upgradable = RwLockWriteGuard::downgrade_to_upgradable(writer);
    let beside = lock.read();
    let Err(upgradable) = RwLockUpgradableReadGuard::try_upgrade(upgradable) else {
        panic!("there is a reader");
    };
    let Err(upgradable) = RwLockUpgradableReadGuard::try_upgrade_for(upgradable, SHORT) else {
        panic!("there is a reader");
    };
    // He who tried in vain keeps nobody out.
    drop(lock.try_read().expect("readers may come in"));
    drop(beside);
    let mut writer = RwLockUpgradableReadGuard::try_upgrade(upgradable).unwrap();
    *writer += 1;
    let reader = RwLockWriteGuard::downgrade(writer);
    assert_eq!(*reader, 2);
    let upgradable = lock.try_upgradable_read().expect("there is a reader only");
    let second = RwLockUpgradableReadGuard::downgrade(upgradable);
    assert!(lock.try_upgradable_read().is_some());
    drop((reader, second));
    assert!(lock.try_write().is_some());
}

#[test]
fn time_runs_out_for_threads_and_goroutines() {
    let lock = RwLock::new(());
    let wait = |read, write| {
        let start = Instant::now();
        assert_eq!(lock.try_read_for(SHORT).is_some(), read);
        assert_eq!(lock.try_read_until(Instant::now() + SHORT).is_some(), read);
        assert_eq!(lock.try_write_for(SHORT).is_some(), write);
        assert_eq!(
            lock.try_write_until(Instant::now() + SHORT).is_some(),
            write
        );
        assert!(start.elapsed() >= 2 * SHORT || (read && write));
    };
    for goroutine in [false, true] {
        let run = |read, write| match goroutine {
            true => sortie::run(|| wait(read, write)),
            false => wait(read, write),
        };
        let writer = lock.write();
        run(false, false);
        assert!(lock.try_upgradable_read_for(SHORT).is_none());
        drop(writer);
        let reader = lock.read();
        run(true, false);
        assert!(lock.try_upgradable_read_for(SHORT).is_some());
        drop(reader);
        run(true, true);
    }
}

/// A writer who waits keeps new readers out, until he is through or gives up.
#[sortie::test]
fn a_writer_who_waits_keeps_readers_out() {
    let lock = Arc::new(RwLock::new(0));
    let reader = lock.read();
    let own = lock.clone();
    let writer = sortie::go(move || *own.write() += 1);
    until_parked(writer.goroutine().id(), WRITING);
    assert!(lock.try_read().is_none());
    assert!(lock.try_read_for(SHORT).is_none());
    let own = lock.clone();
    let late = sortie::go(move || *own.read());
    until_parked(late.goroutine().id(), READING);
    drop(reader);
    assert_eq!(late.join().unwrap(), 1);
    writer.join().unwrap();
}

#[sortie::test]
fn a_writer_who_gives_up_lets_readers_in() {
    let lock = Arc::new(RwLock::new(0));
    for _ in 0..20 {
        let reader = lock.read();
        let own = lock.clone();
        let (context, cancel) = Context::background().with_cancel();
        let writer = sortie::go(move || own.write_ctx(&context).is_ok());
        until_parked(writer.goroutine().id(), WRITING);
        let late = [(); 3].map(|()| {
            let own = lock.clone();
            sortie::go(move || drop(own.read()))
        });
        until_all_parked(&late.each_ref().map(|late| late.goroutine().id()), READING);
        cancel.cancel();
        // While we read on.
        for late in late {
            late.join().unwrap();
        }
        assert!(!writer.join().unwrap());
        drop(lock.try_read().expect("nobody waits any more"));
        drop(reader);
        assert!(lock.try_write().is_some());
    }
}

/// All who wait to read when a writer is done come in before the next writer, who came
/// before them.
#[sortie::test]
fn readers_come_in_between_two_writers() {
    let lock = Arc::new(RwLock::new(()));
    let order = Arc::new(Mutex::new(Vec::new()));
    let first = lock.write();
    let (own, orders) = (lock.clone(), order.clone());
    let second = sortie::go(move || {
        let _guard = own.write();
        orders.lock().push("writer");
    });
    until_parked(second.goroutine().id(), WRITING);
    let readers: Vec<_> = (0..5)
        .map(|_| {
            let (own, orders) = (lock.clone(), order.clone());
            sortie::go(move || {
                let _guard = own.read();
                orders.lock().push("reader");
            })
        })
        .collect();
    let ids: Vec<_> = readers.iter().map(|r| r.goroutine().id()).collect();
    until_all_parked(&ids, READING);
    drop(first);
    for member in readers {
        member.join().unwrap();
    }
    second.join().unwrap();
    let order = order.lock();
    assert_eq!(order.len(), 6);
    assert_eq!(order.iter().position(|&who| who == "writer"), Some(5));
}

/// Who reads already may read again although a writer waits.
#[sortie::test]
fn reading_again() {
    let lock = Arc::new(RwLock::new(0));
    let first = lock.read();
    let own = lock.clone();
    let writer = sortie::go(move || *own.write() += 1);
    until_parked(writer.goroutine().id(), WRITING);
    assert!(lock.try_read().is_none());
    let second = lock.read_recursive();
    let third = lock.try_read_recursive().unwrap();
    let fourth = lock.try_read_recursive_for(LONG).unwrap();
    drop(first);
    assert_eq!(*second + *third + *fourth, 0);
    drop((second, third, fourth));
    writer.join().unwrap();
    assert_eq!(*lock.read_recursive(), 1);
}

/// The same for a lock that counts its readers on each processor.
#[sortie::test]
fn reading_again_beside_many_readers() {
    let lock = Arc::new(RwLock::new(0));
    // Readers meet until it has shards, or for long enough.
    let meet = |lock: &RwLock<i32>| {
        for _ in 0..20_000 {
            let _reader = lock.read();
        }
    };
    sortie::scope(|s| {
        for _ in 0..4 {
            s.go(|| meet(&lock));
        }
    });
    for _ in 0..100 {
        let first = lock.read();
        let own = lock.clone();
        let writer = sortie::go(move || *own.write() += 1);
        until_parked(writer.goroutine().id(), WRITING);
        let second = lock.read_recursive();
        drop(first);
        sortie::yield_now();
        drop(second);
        writer.join().unwrap();
    }
    assert_eq!(*lock.read(), 100);
}

#[sortie::test]
fn an_upgrade_waits_for_readers() {
    let lock = Arc::new(RwLock::new(0));
    let reader = lock.read();
    let own = lock.clone();
    let upgrading = sortie::go(move || {
        let upgradable = own.upgradable_read();
        *RwLockUpgradableReadGuard::upgrade(upgradable) += 1;
    });
    until_parked(upgrading.goroutine().id(), WRITING);
    assert!(lock.try_read().is_none());
    assert_eq!(*reader, 0);
    drop(reader);
    upgrading.join().unwrap();
    assert_eq!(*lock.read(), 1);
}

/// A writer and an upgradable reader wait for an upgradable reader.
#[sortie::test]
fn claims_are_one_at_a_time() {
    let lock = Arc::new(RwLock::new(0));
    let upgradable = lock.upgradable_read();
    let own = lock.clone();
    let writer = sortie::go(move || *own.write() += 1);
    until_parked(writer.goroutine().id(), WRITING);
    let own = lock.clone();
    let second = sortie::go(move || drop(own.upgradable_read()));
    until_parked(second.goroutine().id(), READING);
    // They do not keep readers out: they will have their turn in any case.
    assert_eq!(*lock.try_read().unwrap(), 0);
    drop(upgradable);
    writer.join().unwrap();
    second.join().unwrap();
}

#[sortie::test]
fn fair_unlocking() {
    let lock = Arc::new(RwLock::new(0));
    let mut writer = lock.write();
    let own = lock.clone();
    let other = sortie::go(move || *own.write() += 1);
    until_parked(other.goroutine().id(), WRITING);
    RwLockWriteGuard::bump(&mut writer);
    assert_eq!(*writer, 1);
    let own = lock.clone();
    let next = sortie::go(move || *own.write() += 1);
    until_parked(next.goroutine().id(), WRITING);
    RwLockWriteGuard::unlock_fair(writer);
    assert_eq!(*lock.read(), 2);

    let mut reader = lock.read();
    let own = lock.clone();
    let last = sortie::go(move || *own.write() += 1);
    until_parked(last.goroutine().id(), WRITING);
    RwLockReadGuard::bump(&mut reader);
    assert_eq!(*reader, 3);
    RwLockReadGuard::unlock_fair(reader);
    for member in [other, next, last] {
        member.join().unwrap();
    }
    assert!(lock.try_write().is_some());
}

/// A starved writer is handed the lock, although the holder locks it again at once.
#[sortie::test]
fn a_starved_writer_is_handed_it() {
    let lock = Arc::new(RwLock::new(false));
    let guard = lock.write();
    let own = lock.clone();
    let writer = sortie::go(move || *own.write() = true);
    until_parked(writer.goroutine().id(), WRITING);
    let parked = Instant::now();
    while parked.elapsed() < 2 * SHORT {}
    drop(guard);
    assert!(*lock.write(), "the writer was overtaken");
    writer.join().unwrap();
}

#[sortie::test]
fn a_guard_that_unwinding_drops_unlocks() {
    let lock = Arc::new(RwLock::new(0));
    for _ in 0..10 {
        let own = lock.clone();
        let writer = sortie::go(move || {
            let _guard = own.write();
            std::panic::resume_unwind(Box::new("on purpose"));
        });
        assert!(writer.join().is_err());
        let own = lock.clone();
        let reader = sortie::go(move || {
            let _guard = own.read();
            std::panic::resume_unwind(Box::new("on purpose"));
        });
        assert!(reader.join().is_err());
    }
    assert!(lock.try_write().is_some());
}
