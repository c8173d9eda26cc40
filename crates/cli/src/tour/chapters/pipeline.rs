use sortie::chan::{Receiver, bounded};

fn numbers(until: u64) -> Receiver<u64> {
    let (sender, out) = bounded(0);
    sortie::go(move || {
        for n in 1..=until {
            sender.send(n).unwrap();
        }
    });
    out
}

fn squares(numbers: Receiver<u64>) -> Receiver<u64> {
    let (sender, out) = bounded(0);
    sortie::go(move || {
        for n in numbers {
            sender.send(n * n).unwrap();
        }
    });
    out
}

fn running_sums(numbers: Receiver<u64>) -> Receiver<u64> {
    let (sender, out) = bounded(0);
    sortie::go(move || {
        let mut sum = 0;
        for n in numbers {
            sum += n;
            sender.send(sum).unwrap();
        }
    });
    out
}

#[sortie::main]
fn main() {
    let sums: Vec<u64> = running_sums(squares(numbers(8))).iter().collect();
    println!("{sums:?}");
}
