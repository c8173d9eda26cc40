//! A set of integers as a row of processes, section 4.4 of Hoare's "Communicating
//! Sequential Processes" (1978): recursive data representation.
//!
//! Each process keeps one member and passes larger ones on to the next. The user
//! speaks to the first; the answer comes from whichever knows it. While one
//! command is on its way down the row, the first process takes the next.

use sortie::chan::{Receiver, Sender, bounded};

/// What a process may be sent.
enum Command {
    Insert(i32),
    Has(i32, Sender<bool>),
}

/// A process without a member, until it gets one.
fn empty(commands: Receiver<Command>) {
    while let Ok(command) = commands.recv() {
        match command {
            Command::Has(_, answer) => answer.send(false).expect("the user waits"),
            Command::Insert(n) => return member(n, commands),
        }
    }
}

/// A process with a member, which is the least of what it has heard of.
fn member(mut least: i32, commands: Receiver<Command>) {
    // The paper has an array of a hundred; here each makes the next.
    let larger = SortedSet::new();
    let pass_on = |command| larger.0.send(command).expect("it listens");
    for command in commands {
        match command {
            Command::Has(n, answer) if n <= least => {
                answer.send(n == least).expect("the user waits");
            }
            Command::Insert(n) if n == least => {}
            Command::Insert(n) if n < least => {
                pass_on(Command::Insert(least));
                least = n;
            }
            command => pass_on(command),
        }
    }
}

/// A view of the first process, and so of all.
pub(crate) struct SortedSet(Sender<Command>);

impl SortedSet {
    /// Starts the first process.
    pub(crate) fn new() -> Self {
        let (sender, commands) = bounded(0);
        sortie::go(move || empty(commands));
        SortedSet(sender)
    }

    pub(crate) fn insert(&self, n: i32) {
        self.0.send(Command::Insert(n)).expect("it listens");
    }

    pub(crate) fn has(&self, n: i32) -> bool {
        let (sender, answer) = bounded(0);
        self.0.send(Command::Has(n, sender)).expect("it listens");
        answer.recv().expect("it answers")
    }
}

#[sortie::main]
pub(crate) fn main() {
    let set = SortedSet::new();
    for n in [3, 1, 4, 1, 5, 9, 2, 6] {
        set.insert(n);
    }
    let members: Vec<i32> = (0..10).filter(|&n| set.has(n)).collect();
    println!("members: {members:?}");
}
