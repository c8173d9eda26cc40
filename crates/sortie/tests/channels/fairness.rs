//! Which of several ready cases is chosen.
//!
//! For `n` choices among `k` cases the count of each has the mean `n / k` and a
//! standard deviation below its root. The bound is ten of those: a fair choice
//! exceeds it once in more than 10^20 runs.

use sortie::chan::{Receiver, Select, bounded, never, select, select_biased};

const CHOICES: usize = 20_000;

#[track_caller]
fn assert_uniform(counts: &[usize]) {
    let mean = CHOICES as f64 / counts.len() as f64;
    for &count in counts {
        assert!(
            (count as f64 - mean).abs() < 10.0 * mean.sqrt(),
            "{counts:?}"
        );
    }
}

/// Ready for ever: it is closed.
fn ready() -> Receiver<()> {
    bounded(0).1
}

/// Ready so often.
fn filled() -> Receiver<usize> {
    let (sender, receiver) = bounded(CHOICES);
    sender.send_many(&mut (0..CHOICES).collect()).unwrap();
    receiver
}

#[test]
fn among_cases_of_a_macro() {
    let (r0, r1, r2) = (filled(), filled(), filled());
    let (s3, _r3) = bounded(CHOICES);
    let mut counts = [0; 4];
    for _ in 0..CHOICES {
        let chosen = select! {
            recv(r0) -> _ => 0,
            recv(r1) -> _ => 1,
            recv(r2) -> _ => 2,
            send(s3, ()) -> _ => 3,
        };
        counts[chosen] += 1;
    }
    assert_uniform(&counts);
}

#[test]
fn whether_it_may_wait_or_not() {
    let (r0, r1) = (ready(), ready());
    let mut counts = [0; 2];
    for _ in 0..CHOICES {
        counts[select! { recv(r0) -> _ => 0, recv(r1) -> _ => 1, default => unreachable!() }] += 1;
    }
    assert_uniform(&counts);
}

#[test]
fn among_many_cases() {
    for size in [2, 3, 10, 100] {
        let receivers: Vec<_> = (0..size).map(|_| ready()).collect();
        let mut select = Select::new();
        for receiver in &receivers {
            select.recv(receiver);
        }
        let mut counts = vec![0; size];
        for _ in 0..CHOICES {
            let operation = select.select();
            let index = operation.index();
            counts[index] += 1;
            let _ = operation.recv(&receivers[index]);
        }
        assert_uniform(&counts);
        let mut counts = vec![0; size];
        for _ in 0..CHOICES {
            counts[select.ready()] += 1;
        }
        assert_uniform(&counts);
    }
}

/// Only those that are ready count, wherever they stand.
#[test]
fn among_the_ready_ones_of_many() {
    let nil = never::<()>();
    let receivers: Vec<_> = (0..3).map(|_| ready()).collect();
    let places = [1, 2, 9];
    let mut select = Select::new();
    for index in 0..12 {
        match places.iter().position(|&place| place == index) {
            Some(ready) => select.recv(&receivers[ready]),
            None => select.recv(&nil),
        };
    }
    let mut counts = [0; 3];
    for _ in 0..CHOICES {
        let index = select.try_ready().unwrap();
        counts[places.iter().position(|&place| place == index).unwrap()] += 1;
    }
    assert_uniform(&counts);
}

/// A channel that is there twice has two chances.
#[test]
fn with_a_case_that_is_there_twice() {
    let (r0, r1) = (ready(), ready());
    let mut counts = [0; 3];
    for _ in 0..CHOICES {
        counts[select! { recv(r0) -> _ => 0, recv(r0) -> _ => 1, recv(r1) -> _ => 2 }] += 1;
    }
    assert_uniform(&counts);
}

/// Each goroutine has random numbers of its own, and they differ.
#[sortie::test]
fn in_many_goroutines() {
    let (r0, r1) = (ready(), ready());
    let handles: Vec<_> = (0..200)
        .map(|_| {
            let (r0, r1) = (r0.clone(), r1.clone());
            sortie::go(move || {
                (0..CHOICES / 200)
                    .map(|_| select! { recv(r0) -> _ => 0_usize, recv(r1) -> _ => 1 })
                    .sum::<usize>()
            })
        })
        .collect();
    let sums: Vec<usize> = handles.into_iter().map(|h| h.join().unwrap()).collect();
    let ones = sums.iter().sum();
    assert_uniform(&[ones, CHOICES - ones]);
    assert!(sums.iter().any(|&sum| sum != sums[0]), "all chose alike");
}

#[test]
fn biased_takes_the_first() {
    let (r0, r1, r2) = (never::<()>(), ready(), ready());
    for _ in 0..100 {
        assert_eq!(
            1,
            select_biased! {
                recv(r0) -> _ => 0,
                recv(r1) -> _ => 1,
                recv(r2) -> _ => 2,
            }
        );
        let mut select = Select::new_biased();
        for receiver in [&r0, &r2, &r1] {
            select.recv(receiver);
        }
        assert_eq!(select.ready(), 1);
        assert_eq!(select.try_ready(), Ok(1));
        let operation = select.select();
        assert_eq!(operation.index(), 1);
        let _ = operation.recv(&r2);
    }
}
