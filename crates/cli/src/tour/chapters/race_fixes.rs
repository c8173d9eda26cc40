use sortie::chan::bounded;
use sortie::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

#[sortie::main]
fn main() {
    // A mutex: one at a time, from the first step to the last.
    let x = Mutex::new(0);
    sortie::scope(|s| {
        for _ in 0..100 {
            s.go(|| *x.lock() += 1);
        }
    });
    println!("mutex:   100 increments make {}", x.into_inner());

    // An atomic: the three steps are one.
    let x = AtomicU64::new(0);
    sortie::scope(|s| {
        for _ in 0..100 {
            s.go(|| x.fetch_add(1, Relaxed));
        }
    });
    println!("atomic:  100 increments make {}", x.into_inner());

    // A channel: one goroutine owns x, the others tell it.
    let (increments, all) = bounded(16);
    let owner = sortie::go(move || all.iter().sum::<u64>());
    for _ in 0..100 {
        let increments = increments.clone();
        sortie::go(move || increments.send(1).unwrap());
    }
    drop(increments); // the owner is done when nobody can send
    println!("channel: 100 increments make {}", owner.join().unwrap());
}
