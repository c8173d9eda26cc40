use sortie::yield_now;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

#[sortie::main]
fn main() {
    let x = AtomicU64::new(0);
    sortie::scope(|s| {
        for _ in 0..100 {
            s.go(|| {
                // x += 1 is three steps. Between the first and the last
                // others may have changed x, and their change is lost.
                let old = x.load(Relaxed);
                yield_now(); // whoever is in between
                x.store(old + 1, Relaxed);
            });
        }
    });
    println!("100 increments make {}", x.load(Relaxed));
}
