use std::hint::black_box;
use std::time::Instant;

fn work(pieces: u32) {
    for _ in 0..pieces {
        for i in 0..400_000u64 {
            black_box(i);
        }
        sortie::yield_now();
    }
}

#[sortie::main]
fn main() {
    let start = Instant::now();
    work(80); // a fifth, that nobody can share
    sortie::scope(|s| {
        for _ in 0..16 {
            s.go(|| work(20)); // the rest, in sixteen parts
        }
    });
    let processors = sortie::runtime::max_procs();
    println!("{} ms on {processors}", start.elapsed().as_millis());
}
