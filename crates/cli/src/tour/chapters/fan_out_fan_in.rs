use sortie::chan::{Receiver, bounded};
use std::hint::black_box;

fn generate(numbers: std::ops::RangeInclusive<u64>) -> Receiver<u64> {
    let (sender, out) = bounded(0);
    sortie::go(move || numbers.for_each(|n| sender.send(n).unwrap()));
    out
}

// Something that takes a while.
fn square(n: u64) -> u64 {
    for i in 0..1_000_000u64 {
        black_box(i);
    }
    n * n
}

#[sortie::main]
fn main() {
    let numbers = generate(2..=25);
    let (sender, squares) = bounded(0);
    // Fan out: several receive from one channel, each number goes to one.
    for _ in 0..3 {
        let (numbers, sender) = (numbers.clone(), sender.clone());
        sortie::go(move || {
            for n in numbers {
                // Fan in: all send into one channel.
                sender.send(square(n)).unwrap();
            }
        });
    }
    drop(sender); // closed when the last of the three is done
    let mut squares: Vec<u64> = squares.iter().collect();
    squares.sort();
    println!("{squares:?}");
}
