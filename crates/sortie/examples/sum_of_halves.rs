//! Two goroutines add up one half of a list each, and send their sums into the
//! same channel; main receives both.
//!
//! Which half comes first is not decided by the program. Receiving waits for a
//! sender, so nothing else is needed to know that the sums are there.

use sortie::chan::{Sender, bounded};

fn sum(numbers: &[i32], sums: &Sender<i32>) {
    sums.send(numbers.iter().sum()).expect("main receives");
}

/// The sums of both halves, in the order in which they came.
pub(crate) fn sum_of_halves(numbers: &[i32]) -> [i32; 2] {
    let (first, second) = numbers.split_at(numbers.len() / 2);
    let (sums, receiver) = bounded(0);
    // In a scope goroutines may borrow the numbers.
    sortie::scope(|s| {
        s.go(|| sum(first, &sums));
        s.go(|| sum(second, &sums));
        [(); 2].map(|()| receiver.recv().expect("one sum from each"))
    })
}

#[sortie::main]
pub(crate) fn main() {
    let [x, y] = sum_of_halves(&[7, 2, 8, -9, 4, 0]);
    println!("{x} and {y} make {}", x + y);
}
