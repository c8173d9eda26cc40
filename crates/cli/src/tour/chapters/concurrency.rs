use sortie::sleep;
use std::time::{Duration, Instant};

// A cook with one pair of hands.
fn cook(dish: &str, steps: u32, simmer: u64) {
    for step in 1..=steps {
        println!("{dish}, step {step}");
        // While it simmers the hands are free for something else.
        sleep(Duration::from_millis(simmer));
    }
    println!("{dish} is ready");
}

#[sortie::main]
fn main() {
    let start = Instant::now();
    sortie::scope(|s| {
        s.go(|| cook("pasta", 3, 20));
        s.go(|| cook("sauce", 4, 14));
        s.go(|| cook("salad", 2, 24));
    });
    let time = start.elapsed().as_millis();
    println!("dinner after {time} ms; one dish after the other takes 164 ms");
}
