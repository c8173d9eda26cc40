//! What a sieve must find.

/// The prime number of this rank; 2 is the first.
#[must_use]
pub fn prime(rank: u64) -> u64 {
    let mut primes: Vec<u64> = Vec::new();
    for number in 2.. {
        let small = primes.iter().take_while(|&prime| prime * prime <= number);
        if small.into_iter().all(|prime| number % prime != 0) {
            primes.push(number);
        }
        if primes.len() as u64 == rank {
            break;
        }
    }
    primes.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn ranks() {
        assert_eq!([1, 2, 3, 6, 1_500].map(super::prime), [2, 3, 5, 13, 12_553]);
    }
}
