//! COPY, section 3.1 of C. A. R. Hoare, "Communicating Sequential Processes",
//! Communications of the ACM 21(8), August 1978: a process between two others that
//! passes on what it gets.
//!
//! ```text
//! X :: *[c:character; west?c -> east!c]
//! ```
//!
//! In the paper processes name each other: `west?c` is input from the process
//! `west`, `east!c` output to `east`. Here they name channels without capacity, at
//! which sender and receiver wait for each other as well. A loop over input ends
//! when the process at the other end has: here, because that drops its sender. The
//! parallel command `[P || Q]`, which waits for all, is a scope.

use sortie::chan::{Receiver, Sender, bounded};

fn copy(west: Receiver<char>, east: Sender<char>) {
    for c in west {
        east.send(c).expect("east listens");
    }
}

/// Sends a text through the process.
pub(crate) fn through_copy(text: &str) -> String {
    let (to_x, west) = bounded(0);
    let (east, from_x) = bounded(0);
    sortie::scope(|s| {
        s.go(move || text.chars().for_each(|c| to_x.send(c).expect("X listens")));
        s.go(move || copy(west, east));
        from_x.iter().collect()
    })
}

#[sortie::main]
pub(crate) fn main() {
    println!("{}", through_copy("from west to east"));
}
