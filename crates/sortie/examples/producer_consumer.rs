//! Producers and consumers, with a buffered channel between them.
//!
//! The buffer lets producers run ahead of consumers, but no further than it has
//! room for: then they wait. What is sent changes its owner: the compiler sees to
//! it that the producer keeps no part of it.

use sortie::chan::{Receiver, Sender, bounded};

/// What producers make.
#[derive(Debug)]
pub(crate) struct Parcel {
    pub(crate) producer: usize,
    pub(crate) number: usize,
}

fn produce(producer: usize, count: usize, belt: &Sender<Parcel>) {
    for number in 0..count {
        let parcel = Parcel { producer, number };
        belt.send(parcel).expect("there are consumers");
    }
}

fn consume(belt: &Receiver<Parcel>) -> Vec<Parcel> {
    belt.iter().collect()
}

/// Each producer makes `count` parcels. Returns what each consumer got.
pub(crate) fn factory(producers: usize, count: usize, consumers: usize) -> Vec<Vec<Parcel>> {
    let (sender, receiver) = bounded(3);
    sortie::scope(|s| {
        for producer in 0..producers {
            let belt = sender.clone();
            s.go(move || produce(producer, count, &belt));
        }
        // The last producer to end closes the channel.
        drop(sender);
        let handles: Vec<_> = (0..consumers)
            .map(|_| s.go(|| consume(&receiver)))
            .collect();
        let parcels = handles.into_iter().map(|handle| handle.join().unwrap());
        parcels.collect()
    })
}

#[sortie::main]
pub(crate) fn main() {
    let consumers = factory(2, 5, 2);
    for (consumer, parcels) in consumers.iter().enumerate() {
        println!("consumer {consumer} got {} parcels", parcels.len());
        for parcel in parcels {
            println!("  number {} of producer {}", parcel.number, parcel.producer);
        }
    }
    println!("{} parcels", consumers.iter().flatten().count());
}
