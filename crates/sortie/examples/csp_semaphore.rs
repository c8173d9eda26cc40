//! The integer semaphore, section 5.2 of Hoare's "Communicating Sequential
//! Processes" (1978): a process with a number, which clients increment (V) and
//! decrement (P). While it is zero, P has to wait.

use sortie::chan::{Receiver, Sender, bounded, never, select};
use std::sync::atomic::{AtomicUsize, Ordering};

fn semaphore(mut value: usize, increments: Receiver<()>, decrements: Receiver<()>) {
    let nobody = never();
    loop {
        select! {
            recv(increments) -> signal => match signal {
                Ok(()) => value += 1,
                Err(_) => return,
            },
            recv(if value > 0 { &decrements } else { &nobody }) -> signal => match signal {
                Ok(()) => value -= 1,
                Err(_) => return,
            },
        }
    }
}

/// A client's view of the process.
#[derive(Clone)]
pub(crate) struct Semaphore {
    increments: Sender<()>,
    decrements: Sender<()>,
}

impl Semaphore {
    /// Starts the process. It ends when all clients are gone.
    pub(crate) fn new(value: usize) -> Self {
        let (increments, incremented) = bounded(0);
        let (decrements, decremented) = bounded(0);
        sortie::go(move || semaphore(value, incremented, decremented));
        Semaphore {
            increments,
            decrements,
        }
    }

    /// V.
    pub(crate) fn increment(&self) {
        self.increments.send(()).expect("it listens");
    }

    /// P.
    pub(crate) fn decrement(&self) {
        self.decrements.send(()).expect("it listens");
    }
}

/// What came of clients in a room with so many seats.
#[derive(Debug)]
pub(crate) struct Visits {
    pub(crate) count: usize,
    pub(crate) most_at_once: usize,
}

/// Clients visit a room, some times each. The semaphore counts free seats.
pub(crate) fn visits(seats: usize, clients: usize, times: usize) -> Visits {
    let semaphore = Semaphore::new(seats);
    let count = AtomicUsize::new(0);
    let inside = AtomicUsize::new(0);
    let most = AtomicUsize::new(0);
    sortie::scope(|s| {
        for _ in 0..clients {
            s.go(|| {
                for _ in 0..times {
                    semaphore.decrement();
                    let now = inside.fetch_add(1, Ordering::Relaxed) + 1;
                    most.fetch_max(now, Ordering::Relaxed);
                    count.fetch_add(1, Ordering::Relaxed);
                    // Lets others try to come in.
                    sortie::yield_now();
                    inside.fetch_sub(1, Ordering::Relaxed);
                    semaphore.increment();
                }
            });
        }
    });
    Visits {
        count: count.into_inner(),
        most_at_once: most.into_inner(),
    }
}

#[sortie::main]
pub(crate) fn main() {
    let Visits {
        count,
        most_at_once,
    } = visits(3, 100, 10);
    println!("{count} visits, {most_at_once} at once at most, for 3 seats");
}
