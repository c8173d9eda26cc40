//! A pipeline: one goroutine generates numbers, three square them, one channel
//! gathers the squares.
//!
//! Several goroutines that receive from one channel are called *fan-out*; several
//! whose results go into one channel, *fan-in*. Each stage is a function from
//! receivers to a receiver, so stages combine like functions.

use sortie::chan::{Receiver, bounded};

/// A stage that only gives.
fn generator(numbers: Vec<u64>) -> Receiver<u64> {
    let (sender, out) = bounded(0);
    sortie::go(move || {
        for n in numbers {
            if sender.send(n).is_err() {
                // Nobody wants more.
                return;
            }
        }
    });
    out
}

/// A stage between two others.
fn square(numbers: Receiver<u64>) -> Receiver<u64> {
    let (sender, out) = bounded(0);
    sortie::go(move || {
        for n in numbers {
            if sender.send(n * n).is_err() {
                return;
            }
        }
    });
    out
}

/// Fans in. Go needs a wait group here to know when to close the channel; when
/// the last sender is dropped, it closes by itself.
fn merge(stages: Vec<Receiver<u64>>) -> Receiver<u64> {
    let (sender, out) = bounded(0);
    for stage in stages {
        let sender = sender.clone();
        sortie::go(move || {
            for n in stage {
                if sender.send(n).is_err() {
                    return;
                }
            }
        });
    }
    out
}

/// The squares of all numbers, in any order.
pub(crate) fn squares(numbers: Vec<u64>, fan_out: usize) -> Receiver<u64> {
    let numbers = generator(numbers);
    merge((0..fan_out).map(|_| square(numbers.clone())).collect())
}

#[sortie::main]
pub(crate) fn main() {
    for n in squares((2..=10).collect(), 3) {
        println!("{n}");
    }
}
