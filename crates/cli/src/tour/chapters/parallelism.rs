use std::ops::Range;
use std::time::Instant;

fn is_prime(n: u64) -> bool {
    n > 1 && (2..).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d))
}

fn count_primes(range: Range<u64>) -> usize {
    let mut count = 0;
    for n in range {
        count += usize::from(is_prime(n));
        if n.is_multiple_of(1_000) {
            sortie::yield_now(); // whoever is ready may have a turn
        }
    }
    count
}

#[sortie::main]
fn main() {
    let start = Instant::now();
    let primes = sortie::scope(|s| {
        // Independent of each other: they may run in parallel.
        let low = s.go(|| count_primes(0..210_000));
        let high = s.go(|| count_primes(210_000..400_000));
        low.join().unwrap() + high.join().unwrap()
    });
    let processors = sortie::runtime::max_procs();
    println!("{primes} primes below 400 000");
    println!("{} ms, GOMAXPROCS {processors}", start.elapsed().as_millis());
}
