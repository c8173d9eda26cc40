//! The sieve of Eratosthenes, section 6.1 of Hoare's "Communicating Sequential
//! Processes" (1978), after McIlroy: a row of processes, of which each keeps the
//! first number that it gets, which is a prime, and passes on what is not a
//! multiple of it.
//!
//! A hundred of them are enough for primes below 10 000 and beyond: what the last
//! one passes on has no divisor among the first 101 primes.

use sortie::chan::{Receiver, Sender, bounded};

/// Processes in the row.
const SIEVES: usize = 100;
/// The square of the first prime that has no process: from there on, numbers
/// would pass that are no primes.
const LIMIT: u64 = 557 * 557;

fn sieve(west: Receiver<u64>, east: Sender<u64>, print: Sender<u64>) {
    let Ok(prime) = west.recv() else { return };
    // Before anything is passed on: so primes are printed in order.
    print.send(prime).expect("it prints");
    let mut multiple = prime;
    for n in west {
        while multiple < n {
            multiple += prime;
        }
        if n != multiple {
            east.send(n).expect("east listens");
        }
    }
}

/// The primes below `limit`, in order.
pub(crate) fn primes(limit: u64) -> Vec<u64> {
    assert!(limit <= LIMIT, "too few processes");
    let (print, printed) = bounded(0);
    sortie::scope(|s| {
        let (odd_numbers, mut west) = bounded(0);
        let printer = print.clone();
        s.go(move || {
            if limit > 2 {
                printer.send(2).expect("it prints");
            }
            for n in (3..limit).step_by(2) {
                odd_numbers.send(n).expect("the first sieve listens");
            }
        });
        for _ in 0..SIEVES {
            let (east, next) = bounded(0);
            let printer = print.clone();
            s.go(move || sieve(west, east, printer));
            west = next;
        }
        s.go(move || west.iter().for_each(|n| print.send(n).expect("it prints")));
        printed.iter().collect()
    })
}

#[sortie::main]
pub(crate) fn main() {
    let primes = primes(10_000);
    for line in primes.chunks(20).take(5) {
        println!("{line:?}");
    }
    println!("... {} primes below 10 000", primes.len());
}
