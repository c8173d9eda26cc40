//! A small set of integers, section 4.3 of Hoare's "Communicating Sequential
//! Processes" (1978): a process as a data structure. Its content is a local
//! variable, which nobody else can reach; users send it commands.
//!
//! To give all members, one after the other, is the paper's exercise.

use sortie::chan::{Receiver, Sender, bounded};

/// Members at most.
const SIZE: usize = 100;

/// What users may send. An answer goes where the command says.
enum Command {
    Insert(i32),
    Has(i32, Sender<bool>),
    Scan(Sender<i32>),
}

fn set(commands: Receiver<Command>) {
    let mut content = Vec::with_capacity(SIZE);
    for command in commands {
        match command {
            Command::Insert(n) => {
                // When it is full, nothing happens.
                if !content.contains(&n) && content.len() < SIZE {
                    content.push(n);
                }
            }
            Command::Has(n, answer) => {
                answer.send(content.contains(&n)).expect("the user waits");
            }
            Command::Scan(members) => {
                for &n in &content {
                    members.send(n).expect("the user waits");
                }
                // Dropped: there are no more.
            }
        }
    }
}

/// A user's view of the process.
pub(crate) struct Set(Sender<Command>);

impl Set {
    /// Starts the process. It ends when its user is gone.
    pub(crate) fn new() -> Self {
        let (sender, commands) = bounded(0);
        sortie::go(move || set(commands));
        Set(sender)
    }

    pub(crate) fn insert(&self, n: i32) {
        self.0.send(Command::Insert(n)).expect("it listens");
    }

    pub(crate) fn has(&self, n: i32) -> bool {
        let (sender, answer) = bounded(0);
        self.0.send(Command::Has(n, sender)).expect("it listens");
        answer.recv().expect("it answers")
    }

    pub(crate) fn scan(&self) -> Vec<i32> {
        let (sender, members) = bounded(0);
        self.0.send(Command::Scan(sender)).expect("it listens");
        members.iter().collect()
    }
}

#[sortie::main]
pub(crate) fn main() {
    let set = Set::new();
    for n in [3, 1, 4, 1, 5] {
        set.insert(n);
    }
    println!("members: {:?}", set.scan());
    for n in [1, 2] {
        println!("has {n}: {}", set.has(n));
    }
}
