use sortie::sync::Mutex;
use std::hint::black_box;
use std::time::{Duration, Instant};

fn work() {
    for i in 0..100_000u64 {
        black_box(i);
    }
}

fn greedy(shared: &Mutex<()>, end: Instant) -> u32 {
    let mut rounds = 0;
    while Instant::now() < end {
        let _guard = shared.lock(); // for all of its work
        (0..30).for_each(|_| work());
        rounds += 1;
    }
    rounds
}

fn polite(shared: &Mutex<()>, end: Instant) -> u32 {
    let mut rounds = 0;
    while Instant::now() < end {
        for _ in 0..30 {
            let _guard = shared.lock(); // only where it is needed
            work();
        }
        rounds += 1;
    }
    rounds
}

#[sortie::main]
fn main() {
    let shared = Mutex::new(());
    let end = Instant::now() + Duration::from_millis(100);
    sortie::scope(|s| {
        let greedy = s.go(|| greedy(&shared, end));
        let polite = s.go(|| polite(&shared, end));
        println!("greedy did its work {} times", greedy.join().unwrap());
        println!("polite did its work {} times", polite.join().unwrap());
    });
}
