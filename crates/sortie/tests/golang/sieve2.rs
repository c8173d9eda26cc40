//! Go's test/chan/sieve2.go: the sieve of Eratosthenes with a heap of channels,
//! and a feedback loop whose channel must never block.
//!
//! <https://github.com/golang/go/blob/master/test/chan/sieve2.go>

use sortie::chan::{Receiver, Sender, bounded, never, select};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Numbers from `first` on, in steps.
fn numbers(first: u32, step: u32, capacity: usize) -> Receiver<u32> {
    let (out, numbers) = bounded(capacity);
    sortie::go(move || {
        (first..)
            .step_by(step as usize)
            .try_for_each(|number| out.send(number))
    });
    numbers
}

/// A sender for `out` that never waits for long: a goroutine keeps what comes.
fn proxy(out: Sender<u32>) -> Sender<u32> {
    let (sender, receiver) = bounded(10);
    sortie::go(move || {
        let mut kept = VecDeque::new();
        let (nowhere, _nobody) = bounded(0);
        let mut incoming = receiver;
        let mut open = true;
        while open || !kept.is_empty() {
            let out = if kept.is_empty() { &nowhere } else { &out };
            select! {
                recv(incoming) -> number => match number {
                    Ok(number) => kept.push_back(number),
                    Err(_) => {
                        incoming = never();
                        open = false;
                    }
                },
                send(out, kept.pop_front().unwrap()) -> result => {
                    if result.is_err() {
                        return;
                    }
                }
            }
        }
    });
    sender
}

/// All odd composites, in order, of the primes that come. Some come twice.
fn merge(primes: &Receiver<u32>, composites: &Sender<u32>) {
    let mut heap = BinaryHeap::<Reverse<(u32, usize)>>::new();
    let mut multiples: Vec<Receiver<u32>> = Vec::new();
    for prime in primes {
        let square = prime * prime;
        // Primes that are still to come have larger squares.
        while let Some(&Reverse((number, index))) = heap.peek()
            && number < square
        {
            if composites.send(number).is_err() {
                return;
            }
            let next = multiples[index].recv().unwrap();
            heap.pop();
            heap.push(Reverse((next, index)));
        }
        // At once, as the next primes are found only with its help.
        if composites.send(square).is_err() {
            return;
        }
        let rest = numbers(square + 2 * prime, 2 * prime, 10);
        heap.push(Reverse((rest.recv().unwrap(), multiples.len())));
        multiples.push(rest);
    }
}

#[sortie::test]
fn primes_below_a_hundred() {
    let (out, primes) = bounded(10);
    let (composite, composites) = bounded(50);
    let (found, known) = bounded(10);
    found.send(3).unwrap();
    sortie::go(move || merge(&known, &composite));
    sortie::go(move || {
        let found = proxy(found);
        let candidates = numbers(5, 2, 50);
        let tell = |prime| out.send(prime).is_ok();
        if !tell(2) || !tell(3) {
            return;
        }
        let mut candidate = candidates.recv().unwrap();
        for composite in composites {
            while candidate < composite {
                if found.send(candidate).is_err() || !tell(candidate) {
                    return;
                }
                candidate = candidates.recv().unwrap();
            }
            if candidate == composite {
                candidate = candidates.recv().unwrap();
            }
        }
    });
    let found: Vec<u32> = primes.iter().take_while(|&prime| prime < 100).collect();
    let expected = [
        2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89,
        97,
    ];
    assert_eq!(found, expected);
}
