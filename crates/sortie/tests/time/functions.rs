//! Functions that run later.

use crate::{HOUR, MILLISECOND};
use sortie::chan::{Receiver, TryRecvError, bounded, unbounded};
use sortie::time::{Instant, Timer, sleep};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

/// A timer whose function counts its calls, and where it tells the number.
fn counter(duration: Duration) -> (Timer, Receiver<u32>) {
    let (sender, calls) = unbounded();
    // Neither `Sync` nor restored between calls.
    let count = Cell::new(0);
    let timer = Timer::after_func(duration, move || {
        count.set(count.get() + 1);
        // The test may be over.
        let _ = sender.send(count.get());
    });
    (timer, calls)
}

#[test]
fn calls_are_on_goroutines() {
    let (sender, calls) = unbounded();
    let timer = Timer::after_func(Duration::ZERO, move || {
        sender.send(sortie::task::current().is_some()).unwrap();
    });
    assert_eq!(calls.recv(), Ok(true));
    timer.reset(Duration::ZERO);
    assert_eq!(calls.recv(), Ok(true));
}

#[test]
fn set_anew_it_is_called_again() {
    let (timer, calls) = counter(MILLISECOND);
    for expected in 1..20 {
        assert_eq!(calls.recv(), Ok(expected));
        assert!(!timer.reset(Duration::from_micros(100)));
    }
}

#[test]
fn it_may_set_itself_anew() {
    let (give, get) = bounded::<Timer>(1);
    let (sender, calls) = unbounded();
    let own = std::sync::OnceLock::new();
    let mut left = 5;
    let timer = Timer::after_func(MILLISECOND, move || {
        sender.send(Instant::now()).unwrap();
        left -= 1;
        let timer = own.get_or_init(|| get.recv().unwrap());
        if left > 0 {
            timer.reset(MILLISECOND);
        }
    });
    give.send(timer).unwrap();
    let times: Vec<Instant> = calls.iter().take(5).collect();
    for pair in times.windows(2) {
        assert!(pair[1] >= pair[0] + MILLISECOND);
    }
    // Its timer and its function have each other: neither is ever dropped.
    assert_eq!(calls.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn a_timer_that_is_dropped_goes_on() {
    let (timer, calls) = counter(2 * MILLISECOND);
    drop(timer);
    assert_eq!(calls.recv(), Ok(1));
    assert!(calls.recv().is_err(), "the function was dropped");
}

#[test]
fn what_a_stopped_function_owns_is_freed_with_its_timer() {
    let (timer, calls) = counter(HOUR);
    assert!(timer.stop());
    assert_eq!(calls.try_recv(), Err(TryRecvError::Empty));
    drop(timer);
    assert_eq!(calls.try_recv(), Err(TryRecvError::Disconnected));
}

#[test]
fn what_it_owns_is_freed_after_the_last_call() {
    let (entered, enter) = bounded(0);
    let (go_on, may_go_on) = bounded::<()>(0);
    let timer = Timer::after_func(Duration::ZERO, move || {
        entered.send(()).unwrap();
        may_go_on.recv().unwrap();
    });
    enter.recv().unwrap();
    // Dropped while the function runs.
    drop(timer);
    go_on.send(()).unwrap();
    assert!(enter.recv().is_err(), "the function was dropped");
}

#[test]
fn a_panic_ends_one_call() {
    let (sender, calls) = unbounded();
    let mut count = 0;
    let timer = Timer::after_func(Duration::ZERO, move || {
        count += 1;
        // The test may be over.
        let _ = sender.send(count);
        if count < 3 {
            std::panic::resume_unwind(Box::new("on purpose"));
        }
    });
    for expected in 1..=3 {
        assert_eq!(calls.recv(), Ok(expected));
        timer.reset(Duration::ZERO);
    }
}

#[test]
fn its_channel_is_silent() {
    let (timer, calls) = counter(Duration::ZERO);
    assert_eq!(calls.recv(), Ok(1));
    assert_eq!(timer.chan().try_recv(), Err(TryRecvError::Empty));
    assert!(timer.chan().recv_timeout(MILLISECOND).is_err());
}

#[test]
fn stopped_by_a_thread_set_by_a_goroutine_and_the_other_way_round() {
    let (timer, calls) = sortie::run(|| counter(HOUR));
    assert!(timer.stop());
    let timer = sortie::run(move || {
        assert!(!timer.reset(HOUR));
        timer
    });
    let timer = thread::spawn(move || {
        assert!(timer.reset(Duration::ZERO));
        timer
    });
    let timer = timer.join().unwrap();
    assert_eq!(calls.recv(), Ok(1));
    timer.reset(HOUR);
    assert!(sortie::go(move || timer.stop()).join().unwrap());
}

/// BenchmarkSimultaneousAfterFunc1000, as a test.
#[test]
fn a_thousand_at_the_same_time() {
    let calls = Arc::new(AtomicUsize::new(0));
    let (done, all) = bounded::<()>(0);
    for _ in 0..1000 {
        let (calls, done) = (Arc::clone(&calls), done.clone());
        Timer::after_func(MILLISECOND, move || {
            calls.fetch_add(1, SeqCst);
            let _ = &done;
        });
    }
    drop(done);
    // Closed once all functions were dropped.
    assert!(all.recv().is_err());
    assert_eq!(calls.load(SeqCst), 1000);
}

/// Functions block as they like; others run meanwhile.
#[sortie::test]
fn one_that_blocks_does_not_hold_up_others() {
    let (go_on, may_go_on) = bounded::<()>(0);
    let (entered, enter) = bounded(0);
    let blocked = Timer::after_func(Duration::ZERO, move || {
        entered.send(()).unwrap();
        may_go_on.recv().unwrap();
    });
    enter.recv().unwrap();
    for _ in 0..10 {
        let (_timer, calls) = counter(Duration::ZERO);
        assert_eq!(calls.recv(), Ok(1));
        sleep(Duration::from_micros(1));
    }
    go_on.send(()).unwrap();
    drop(blocked);
    assert!(enter.recv().is_err());
}
