//! The dining philosophers (Dijkstra's), section 5.3 of Hoare's "Communicating
//! Sequential Processes" (1978). Five philosophers think, enter the room, pick up
//! the fork to the left and the one to the right, eat, put them down, and leave.
//! The room and the forks are processes.
//!
//! If all five sat there with a fork in the left hand, they would starve. To
//! prevent it is the paper's exercise: the room lets only four in.

use sortie::chan::{Receiver, Sender, bounded, never, select, unbounded};

/// Philosophers, and forks.
pub(crate) const COUNT: usize = 5;

/// A process of which something is taken and given back.
#[derive(Clone)]
struct Thing {
    take: Sender<()>,
    give_back: Sender<()>,
}

impl Thing {
    /// Starts the process. It ends when nobody has the thing any more.
    fn new(process: fn(Receiver<()>, Receiver<()>)) -> Self {
        let (take, taken) = bounded(0);
        let (give_back, given_back) = bounded(0);
        sortie::go(move || process(taken, given_back));
        Thing { take, give_back }
    }

    fn take(&self) {
        self.take.send(()).expect("it listens");
    }

    fn give_back(&self) {
        self.give_back.send(()).expect("it listens");
    }
}

fn fork(picked_up: Receiver<()>, put_down: Receiver<()>) {
    for () in picked_up {
        put_down.recv().expect("who has it puts it down");
    }
}

fn room(entering: Receiver<()>, leaving: Receiver<()>) {
    let nobody = never();
    let mut occupancy = 0;
    loop {
        select! {
            recv(if occupancy < COUNT - 1 { &entering } else { &nobody }) -> one => match one {
                Ok(()) => occupancy += 1,
                Err(_) => return,
            },
            recv(leaving) -> one => match one {
                Ok(()) => occupancy -= 1,
                Err(_) => return,
            },
        }
    }
}

/// What happens to a philosopher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Enters,
    Eats,
    HasEaten,
    Leaves,
}

/// Each philosopher eats so many times. Returns what happened, in order.
pub(crate) fn dinner(meals: usize) -> Vec<(usize, Event)> {
    let (record, events) = unbounded();
    let room = Thing::new(room);
    let forks: [Thing; COUNT] = [(); COUNT].map(|()| Thing::new(fork));
    for i in 0..COUNT {
        let (room, record) = (room.clone(), record.clone());
        let (left, right) = (forks[i].clone(), forks[(i + 1) % COUNT].clone());
        sortie::go(move || {
            let note = |event| record.send((i, event)).expect("somebody reads");
            for _ in 0..meals {
                sortie::yield_now(); // thinks
                room.take();
                note(Event::Enters);
                left.take();
                right.take();
                note(Event::Eats);
                sortie::yield_now();
                note(Event::HasEaten);
                left.give_back();
                right.give_back();
                note(Event::Leaves);
                room.give_back();
            }
        });
    }
    drop(record);
    events.iter().collect()
}

#[sortie::main]
pub(crate) fn main() {
    let events = dinner(3);
    for (philosopher, event) in &events {
        println!(
            "{:width$}{philosopher} {event:?}",
            "",
            width = 12 * philosopher
        );
    }
    let meals = events.iter().filter(|(_, event)| *event == Event::Eats);
    println!("{} meals, and nobody starved", meals.count());
}
