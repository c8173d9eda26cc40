use sortie::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

// Four goroutines, a hundred thousand times each.
fn measure(name: &str, increment: impl Fn() + Sync) {
    let start = Instant::now();
    sortie::scope(|s| {
        for _ in 0..4 {
            s.go(|| (0..100_000).for_each(|_| increment()));
        }
    });
    let each = start.elapsed().as_nanos() as f64 / 400_000.0;
    println!("{name} {each:>5.1} ns an increment");
}

#[sortie::main]
fn main() {
    let number = AtomicU64::new(0);
    measure("atomic:", || {
        number.fetch_add(1, Relaxed);
    });
    let guarded = Mutex::new(0);
    measure("mutex: ", || *guarded.lock() += 1);
    println!("{} and {}", number.into_inner(), guarded.into_inner());
}
