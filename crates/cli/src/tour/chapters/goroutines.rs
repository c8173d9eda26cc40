use sortie::{go, runtime, sleep};
use std::time::{Duration, Instant};

#[sortie::main]
fn main() {
    let start = Instant::now();
    let handles: Vec<_> = (1..=10_000u64)
        .map(|number| {
            go(move || {
                sleep(Duration::from_millis(50)); // parks; no thread is held
                number
            })
        })
        .collect();
    println!("{} goroutines are alive", runtime::num_goroutines());
    println!("on {} OS threads", runtime::metrics().threads);

    let sum: u64 = handles.into_iter().map(|handle| handle.join().unwrap()).sum();
    println!("their sum is {sum}, after {} ms", start.elapsed().as_millis());
}
