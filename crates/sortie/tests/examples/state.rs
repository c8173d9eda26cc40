//! State that goroutines share.

#[path = "../../examples/counter.rs"]
mod counter;

use crate::program::programs;

programs! {
    examples {
        counter: ["mutex: 100000", "atomic: 100000", "channel: 100000"],
    }
    checks {
        all_ways_count_to_the_same,
        a_counter_that_several_share,
    }
}

fn all_ways_count_to_the_same() {
    for (goroutines, each) in [(0, 1), (1, 0), (1, 1_000), (1_000, 1), (50, 500)] {
        let count = goroutines * each;
        assert_eq!(counter::with_a_mutex(goroutines, each), count);
        assert_eq!(counter::with_an_atomic(goroutines, each), count);
        assert_eq!(counter::with_a_channel(goroutines, each), count);
    }
}

fn a_counter_that_several_share() {
    let shared = counter::Counter::default();
    sortie::scope(|s| {
        let half = s.go(|| {
            (0..100).for_each(|_| shared.increment());
            shared.value()
        });
        (0..100).for_each(|_| shared.increment());
        assert!((100..=200).contains(&half.join().unwrap()));
    });
    assert_eq!(shared.value(), 200);
}
