//! The scenarios. Each is one round, on the main goroutine.

use crate::random::Random;
use sortie::runtime::{blocking, lock_os_thread, set_max_procs};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

pub(crate) type Scenario = fn(&mut Random);

pub(crate) const ALL: &[(&str, Scenario)] = &[
    ("children", children),
    ("sleepers", sleepers),
    ("naps", naps),
    ("yields", yields),
    ("trees", trees),
    ("blockers", blockers),
    ("hogs", hogs),
    ("threads", threads),
    ("locked", locked),
    ("panics", panics),
    ("processors", processors),
    ("dumps", dumps),
    ("bursts", bursts),
    ("medley", medley),
];

/// Starts so many goroutines, each with its own random numbers, and waits.
pub(crate) fn crowd(random: &mut Random, count: u32, f: impl Fn(Random) + Sync) {
    sortie::scope(|s| {
        for _ in 0..count {
            let (random, f) = (random.split(), &f);
            s.go(move || f(random));
        }
    });
}

/// Computes for so long, without the runtime.
fn spin(duration: Duration) {
    let start = Instant::now();
    while start.elapsed() < duration {
        std::hint::spin_loop();
    }
}

/// Every goroutine makes others and joins them.
fn children(random: &mut Random) {
    crowd(random, 20, |mut random| {
        for round in 0..100 {
            let handle = sortie::go(move || round);
            if random.below(3) == 0 {
                sortie::yield_now();
            }
            assert_eq!(handle.join().unwrap(), round);
        }
    });
}

/// Short sleeps, so that processors run empty and machines go to sleep.
fn sleepers(random: &mut Random) {
    crowd(random, 30, |mut random| {
        for _ in 0..20 {
            sortie::sleep(Duration::from_micros(random.below(200).into()));
        }
    });
}

/// Sleeps that are over before the goroutine has gone to sleep. Nobody who was
/// about to put it to sleep may touch its stack afterwards.
fn naps(random: &mut Random) {
    #[inline(never)]
    fn use_stack(duration: Duration) {
        const PAINT: u8 = 0xa5;
        let mut stack = std::hint::black_box([PAINT; 1024]);
        spin(duration);
        let painted = std::hint::black_box(&mut stack);
        assert!(painted.iter().all(|&byte| byte == PAINT));
    }
    crowd(random, 30, |mut random| {
        for _ in 0..20 {
            sortie::sleep(Duration::from_nanos(1));
            use_stack(Duration::from_micros(random.below(100).into()));
        }
    });
}

/// Nothing but yields.
fn yields(random: &mut Random) {
    crowd(random, 50, |mut random| {
        for _ in 0..random.below(400) {
            sortie::yield_now();
        }
    });
}

/// Scopes in scopes.
fn trees(random: &mut Random) {
    fn tree(depth: u32) -> u32 {
        if depth == 0 {
            return 1;
        }
        let sum = AtomicU32::new(1);
        sortie::scope(|s| {
            for _ in 0..3 {
                s.go(|| sum.fetch_add(tree(depth - 1), SeqCst));
            }
        });
        sum.into_inner()
    }
    assert_eq!(tree(6), 1093);
    let _ = random;
}

/// Calls that block the thread, announced and not.
fn blockers(random: &mut Random) {
    crowd(random, 20, |mut random| {
        for _ in 0..10 {
            let pause = Duration::from_micros(random.below(300).into());
            match random.below(3) {
                0 => std::thread::sleep(pause),
                1 => blocking(|| std::thread::sleep(pause)),
                _ => sortie::yield_now(),
            }
        }
    });
}

/// Computing, up to beyond the time slice.
fn hogs(random: &mut Random) {
    crowd(random, 8, |mut random| {
        for _ in 0..4 {
            let long = random.below(20) == 0;
            spin(Duration::from_micros(if long {
                15_000
            } else {
                random.below(500).into()
            }));
            sortie::yield_now();
        }
    });
}

/// Plain threads make, join and are joined.
fn threads(random: &mut Random) {
    let random = Mutex::new(random);
    std::thread::scope(|s| {
        for _ in 0..3 {
            s.spawn(|| {
                let mut random = random.lock().unwrap().split();
                for number in 0..50 {
                    let handle = sortie::go(move || {
                        sortie::yield_now();
                        number
                    });
                    if random.below(2) == 0 {
                        assert_eq!(handle.join().unwrap(), number);
                    }
                }
            });
        }
    });
}

/// Goroutines that are locked to their threads, among others.
fn locked(random: &mut Random) {
    crowd(random, 10, |mut random| {
        let lock = (random.below(2) == 0).then(lock_os_thread);
        // SAFETY: has no preconditions.
        let thread = || unsafe { libc::gettid() };
        let first = thread();
        for _ in 0..20 {
            match random.below(4) {
                0 => sortie::sleep(Duration::from_micros(20)),
                1 => sortie::go(|| ()).join().unwrap(),
                2 => blocking(std::thread::yield_now),
                _ => sortie::yield_now(),
            }
            assert!(lock.is_none() || thread() == first);
        }
        if random.below(10) == 0 {
            // Ends locked, and takes its thread along.
            std::mem::forget(lock);
        }
    });
}

/// Panics that park while they unwind.
fn panics(random: &mut Random) {
    struct Parks;
    impl Drop for Parks {
        fn drop(&mut self) {
            sortie::yield_now();
        }
    }
    crowd(random, 20, |mut random| {
        for _ in 0..10 {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                let _parks = Parks;
                if random.below(2) == 0 {
                    resume_unwind(Box::new(()));
                }
            }));
            drop(outcome);
            let handle = sortie::go(|| {
                let _parks = Parks;
                resume_unwind(Box::new(3));
            });
            if random.below(2) == 0 {
                assert!(handle.join().is_err());
            }
        }
    });
}

/// The number of processors changes all the time.
fn processors(random: &mut Random) {
    let procs = sortie::runtime::max_procs();
    let stop = AtomicBool::new(false);
    let mut own = random.split();
    sortie::scope(|s| {
        s.go(|| {
            while !stop.load(SeqCst) {
                set_max_procs(1 + own.below(8) as usize);
                sortie::yield_now();
            }
        });
        medley(random);
        stop.store(true, SeqCst);
    });
    set_max_procs(procs);
}

/// Dumps are taken all the time.
fn dumps(random: &mut Random) {
    let stop = AtomicBool::new(false);
    sortie::scope(|s| {
        s.go(|| {
            while !stop.load(SeqCst) {
                assert!(!sortie::runtime::dump().is_empty());
                sortie::sleep(Duration::from_micros(500));
            }
        });
        medley(random);
        stop.store(true, SeqCst);
    });
}

/// Thousands of short goroutines at once.
fn bursts(random: &mut Random) {
    let count = 1000 + random.below(4000);
    let done = AtomicU32::new(0);
    sortie::scope(|s| {
        for _ in 0..count {
            s.go(|| done.fetch_add(1, SeqCst));
        }
    });
    assert_eq!(done.into_inner(), count);
}

/// A bit of everything.
fn medley(random: &mut Random) {
    crowd(random, 25, |mut random| {
        for _ in 0..20 {
            match random.below(8) {
                0 => sortie::sleep(Duration::from_micros(random.below(100).into())),
                1 => sortie::go(|| ()).join().unwrap(),
                2 => drop(sortie::go(sortie::yield_now)),
                3 => blocking(|| std::thread::sleep(Duration::from_micros(20))),
                4 => spin(Duration::from_micros(random.below(100).into())),
                5 => std::thread::sleep(Duration::from_micros(random.below(60).into())),
                6 => sortie::scope(|s| {
                    s.go(sortie::yield_now);
                    s.go(|| ());
                }),
                _ => sortie::yield_now(),
            }
        }
    });
}
