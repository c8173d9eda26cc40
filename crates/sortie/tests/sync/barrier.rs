//! Barriers.

use crate::crew::Crew;
use crate::parked::{until_all_parked, until_parked};
use sortie::sync::Barrier;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(1);
const WAITING: &str = "sync.Barrier.Wait";

everywhere!(all_pass_together_again_and_again, with_time_outs);

fn all_pass_together_again_and_again(crew: Crew) {
    const MEMBERS: usize = 5;
    const ROUNDS: usize = 200;
    let shared = Arc::new((Barrier::new(MEMBERS), AtomicUsize::new(0)));
    let led = crew.all(MEMBERS, move |_| {
        let mut led = 0;
        for round in 1..=ROUNDS {
            shared.1.fetch_add(1, Ordering::Relaxed);
            led += usize::from(shared.0.wait().is_leader());
            // All of this round have come, and nobody of the next is past it.
            let came = shared.1.load(Ordering::Relaxed);
            assert!((round * MEMBERS..=(round + 1) * MEMBERS).contains(&came));
        }
        led
    });
    assert_eq!(led.iter().sum::<usize>(), ROUNDS);
}

/// Whoever gives up tries again: each passes as often as the others in the end, with
/// whom it passes each time.
fn with_time_outs(crew: Crew) {
    const MEMBERS: usize = 4;
    const ROUNDS: usize = 50;
    let shared = Arc::new((Barrier::new(MEMBERS), AtomicUsize::new(0)));
    let led = crew.all(MEMBERS, move |number| {
        let mut led = 0;
        for round in 1..=ROUNDS {
            shared.1.fetch_add(1, Ordering::Relaxed);
            let result = loop {
                let timeout = Duration::from_micros(20 * (number as u64 + 1));
                if let Some(result) = shared.0.wait_timeout(timeout) {
                    break result;
                }
            };
            led += usize::from(result.is_leader());
            assert!(shared.1.load(Ordering::Relaxed) >= round * MEMBERS);
        }
        led
    });
    assert_eq!(led.iter().sum::<usize>(), ROUNDS);
}

/// std's own test.
#[sortie::test]
fn one_is_the_leader() {
    const MEMBERS: usize = 10;
    let barrier = Arc::new(Barrier::new(MEMBERS));
    let others: Vec<_> = (1..MEMBERS)
        .map(|_| {
            let barrier = barrier.clone();
            sortie::go(move || barrier.wait().is_leader())
        })
        .collect();
    let ids: Vec<_> = others.iter().map(|m| m.goroutine().id()).collect();
    until_all_parked(&ids, WAITING);
    assert!(barrier.wait().is_leader(), "the last who comes");
    for other in others {
        assert!(!other.join().unwrap());
    }
}

#[test]
fn for_nobody_and_for_one_it_is_open() {
    for size in [0, 1] {
        let barrier = Barrier::new(size);
        for _ in 0..3 {
            assert!(barrier.wait().is_leader());
            assert!(barrier.wait_timeout(Duration::ZERO).unwrap().is_leader());
        }
    }
    assert_eq!(format!("{:?}", Barrier::new(1)), "Barrier { .. }");
}

/// Who has given up is not counted.
#[sortie::test]
fn who_gives_up_has_not_come() {
    let barrier = Arc::new(Barrier::new(2));
    for _ in 0..10 {
        assert!(barrier.wait_timeout(SHORT).is_none());
    }
    let own = barrier.clone();
    let first = sortie::go(move || own.wait().is_leader());
    until_parked(first.goroutine().id(), WAITING);
    assert!(barrier.wait_timeout(Duration::ZERO).unwrap().is_leader());
    assert!(!first.join().unwrap());
    assert!(barrier.wait_timeout(SHORT).is_none());
}
