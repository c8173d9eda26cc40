use sortie::chan::bounded;
use sortie::{go, sleep};
use std::time::{Duration, Instant};

#[sortie::main]
fn main() {
    let start = Instant::now();
    let (sender, receiver) = bounded(3); // room for three

    let producer = go(move || {
        for number in 1..=6 {
            sender.send(number).unwrap();
            println!("sent {number} after {} ms", start.elapsed().as_millis());
        }
    });

    sleep(Duration::from_millis(20)); // nobody receives yet
    for number in receiver {
        println!("    received {number}");
        sleep(Duration::from_millis(10));
    }
    producer.join().unwrap();
}
