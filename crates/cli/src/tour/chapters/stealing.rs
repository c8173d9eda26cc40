use sortie::runtime;
use std::hint::black_box;

fn work() {
    for i in 0..600_000u64 {
        black_box(i);
    }
}

#[sortie::main]
fn main() {
    // All of them are made on main's P, and put into its queue.
    sortie::scope(|s| {
        for _ in 0..64 {
            s.go(work);
        }
    });
    println!("64 goroutines on {} Ps", runtime::max_procs());
}
