use sortie::chan::{Receiver, Sender, bounded};
use sortie::sleep;
use std::time::Duration;

fn produce(name: &str, belt: &Sender<String>) {
    for number in 1..=4 {
        sleep(Duration::from_millis(3));
        belt.send(format!("{name}{number}")).unwrap();
    }
}

fn consume(belt: &Receiver<String>) -> Vec<String> {
    let parcels = belt.iter();
    parcels.inspect(|_| sleep(Duration::from_millis(10))).collect()
}

#[sortie::main]
fn main() {
    let (sender, receiver) = bounded(3); // the belt has room for three
    sortie::scope(|s| {
        for name in ["a", "b"] {
            let belt = sender.clone();
            s.go(move || produce(name, &belt));
        }
        drop(sender);
        let consumers = [(); 2].map(|()| s.go(|| consume(&receiver)));
        for consumer in consumers {
            println!("a consumer got {:?}", consumer.join().unwrap());
        }
    });
}
