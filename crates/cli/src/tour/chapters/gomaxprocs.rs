use sortie::runtime;
use std::hint::black_box;
use std::time::{Duration, Instant};

fn work() {
    for _ in 0..40 {
        for i in 0..400_000u64 {
            black_box(i);
        }
        sortie::yield_now();
    }
}

fn measure(processors: usize) -> Duration {
    runtime::set_max_procs(processors);
    let start = Instant::now();
    sortie::scope(|s| {
        for _ in 0..4 {
            s.go(work);
        }
    });
    start.elapsed()
}

#[sortie::main]
fn main() {
    let all = runtime::max_procs();
    let alone = measure(1);
    println!("GOMAXPROCS 1: {} ms", alone.as_millis());
    let together = measure(all);
    println!("GOMAXPROCS {all}: {} ms", together.as_millis());
    println!("{:.1} times as fast", alone.as_secs_f64() / together.as_secs_f64());
}
