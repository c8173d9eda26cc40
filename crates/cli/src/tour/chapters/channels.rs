use sortie::chan::{Sender, bounded};

fn sum(numbers: &[i32], sums: &Sender<i32>) {
    // Waits until somebody receives.
    sums.send(numbers.iter().sum()).unwrap();
}

#[sortie::main]
fn main() {
    let numbers = [7, 2, 8, -9, 4, 0];
    let (left, right) = numbers.split_at(3);
    let (sums, receiver) = bounded(0); // Go's make(chan int)
    sortie::scope(|s| {
        s.go(|| sum(left, &sums));
        s.go(|| sum(right, &sums));
        // Waits until somebody sends.
        let (x, y) = (receiver.recv().unwrap(), receiver.recv().unwrap());
        println!("{x} and {y} make {}", x + y);
    });
}
