//! A tree of goroutines, ten below each, with a million at the bottom; each sends the
//! sum of those below it to the one above, on a channel without buffer.

use crate::{scaled, timed};
use sortie::chan::{Sender, bounded};

const FAN_OUT: u64 = 10;

fn node(result: &Sender<u64>, number: u64, leaves: u64) {
    if leaves == 1 {
        return result.send(number).unwrap();
    }
    let (sender, receiver) = bounded(0);
    let below = leaves / FAN_OUT;
    for child in 0..FAN_OUT {
        let sender = sender.clone();
        sortie::go(move || node(&sender, number + child * below, below));
    }
    let sum = (0..FAN_OUT).map(|_| receiver.recv().unwrap()).sum();
    result.send(sum).unwrap();
}

pub(crate) fn run() -> f64 {
    // The largest tree of this fan-out that is not larger.
    let leaves = FAN_OUT.pow(scaled(1_000_000).ilog10());
    let goroutines = (leaves * FAN_OUT - 1) / (FAN_OUT - 1);
    timed(goroutines, || {
        let (sender, receiver) = bounded(0);
        sortie::go(move || node(&sender, 0, leaves));
        assert_eq!(receiver.recv(), Ok(leaves * (leaves - 1) / 2));
    })
}
