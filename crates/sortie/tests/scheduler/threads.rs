//! Plain threads use the runtime, and the runtime uses threads with moderation.

use crate::procs::Procs;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

#[test]
fn plain_threads_start_and_join_goroutines() {
    let count = AtomicUsize::new(0);
    std::thread::scope(|s| {
        for _ in 0..4 {
            s.spawn(|| {
                for number in 0..500 {
                    let handle = sortie::go(move || {
                        sortie::yield_now();
                        number
                    });
                    assert_eq!(handle.join().unwrap(), number);
                    count.fetch_add(1, SeqCst);
                }
            });
        }
    });
    assert_eq!(count.load(SeqCst), 2000);
}

#[test]
fn run_is_called_by_many_threads_and_again() {
    std::thread::scope(|s| {
        for thread in 0..4 {
            s.spawn(move || {
                for round in 0..100 {
                    let local = [thread, round];
                    let sum = sortie::run(|| {
                        assert!(sortie::task::current().is_some());
                        // Inside, it just calls.
                        sortie::run(|| local.iter().sum::<i32>())
                    });
                    assert_eq!(sum, thread + round);
                }
            });
        }
    });
    assert!(sortie::task::current().is_none());
}

#[test]
fn sleeping_on_a_plain_thread_blocks_it() {
    let start = Instant::now();
    sortie::sleep(Duration::from_millis(3));
    assert!(start.elapsed() >= Duration::from_millis(3));
    sortie::yield_now();
}

#[sortie::test]
fn sleeps_last_as_long_as_asked_and_end_in_order() {
    let order = std::sync::Mutex::new(Vec::new());
    sortie::scope(|s| {
        for index in (0..20u64).rev() {
            let order = &order;
            s.go(move || {
                let asked = Duration::from_millis(10 * index);
                let start = Instant::now();
                sortie::sleep(asked);
                assert!(start.elapsed() >= asked);
                order.lock().unwrap().push(index);
            });
        }
    });
    let order = order.into_inner().unwrap();
    assert_eq!(order, (0..20).collect::<Vec<_>>());
}

#[sortie::test]
fn a_sleep_of_zero_returns_at_once() {
    for _ in 0..1000 {
        sortie::sleep(Duration::ZERO);
    }
}

#[test]
fn idle_threads_retire() {
    let _procs = Procs::set(2);
    sortie::run(|| {
        sortie::scope(|s| {
            for _ in 0..50 {
                s.go(|| {
                    sortie::runtime::blocking(|| std::thread::sleep(Duration::from_millis(20)));
                });
            }
        });
        let metrics = sortie::runtime::metrics();
        assert!(metrics.threads > 10, "{metrics:?}");
        // They wait some seconds for something to do first.
        while sortie::runtime::metrics().threads > 6 {
            sortie::sleep(Duration::from_millis(100));
        }
        // And others come when there is work.
        sortie::scope(|s| {
            for _ in 0..50 {
                s.go(|| {
                    sortie::runtime::blocking(|| std::thread::sleep(Duration::from_millis(2)));
                });
            }
        });
    });
}

#[sortie::test]
fn metrics_count() {
    let before = sortie::runtime::metrics();
    let handles: Vec<_> = (0..100)
        .map(|_| sortie::go(|| sortie::sleep(Duration::from_millis(5))))
        .collect();
    let during = sortie::runtime::metrics();
    assert!(during.goroutines_created >= before.goroutines_created + 100);
    assert!(during.goroutines >= 100, "{during:?}");
    assert!(during.threads >= 1);
    assert!(during.idle_procs <= during.max_procs);
    handles
        .into_iter()
        .for_each(|handle| handle.join().unwrap());
}
