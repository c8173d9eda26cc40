//! Go's test/chan/sieve1.go: the prime sieve, a goroutine for each prime.
//!
//! <https://github.com/golang/go/blob/master/test/chan/sieve1.go>

use sortie::chan::{Receiver, bounded};

/// Passes on what is not divisible by `prime`.
fn filter(numbers: Receiver<u32>, prime: u32) -> Receiver<u32> {
    let (out, rest) = bounded(0);
    sortie::go(move || {
        numbers
            .iter()
            .filter(|number| number % prime != 0)
            .try_for_each(|number| out.send(number))
    });
    rest
}

#[sortie::test]
fn primes_below_a_hundred() {
    let (out, mut numbers) = bounded(0);
    sortie::go(move || (2..).try_for_each(|number| out.send(number)));
    let mut primes = Vec::new();
    loop {
        let prime = numbers.recv().unwrap();
        if prime > 100 {
            break;
        }
        primes.push(prime);
        numbers = filter(numbers, prime);
    }
    let expected = [
        2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89,
        97,
    ];
    assert_eq!(primes, expected);
}
