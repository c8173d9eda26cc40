//! SQUASH, section 3.2 of Hoare's "Communicating Sequential Processes" (1978): as
//! COPY, but two asterisks in a row become an upward arrow.
//!
//! In the paper the input does not end with an asterisk; to be sensible about one
//! that does is left as an exercise. Here it is passed on.

use sortie::chan::{Receiver, Sender, bounded};

fn squash(west: Receiver<char>, east: Sender<char>) {
    let send = |c| east.send(c).expect("east listens");
    while let Ok(c) = west.recv() {
        if c != '*' {
            send(c);
            continue;
        }
        match west.recv() {
            Ok('*') => send('↑'),
            Ok(other) => {
                send('*');
                send(other);
            }
            Err(_) => send('*'),
        }
    }
}

/// Sends a text through the process.
pub(crate) fn through_squash(text: &str) -> String {
    let (to_x, west) = bounded(0);
    let (east, from_x) = bounded(0);
    sortie::scope(|s| {
        s.go(move || text.chars().for_each(|c| to_x.send(c).expect("X listens")));
        s.go(move || squash(west, east));
        from_x.iter().collect()
    })
}

#[sortie::main]
pub(crate) fn main() {
    for text in ["2**10", "a*b", "***", "2**3**2*"] {
        println!("{text} becomes {}", through_squash(text));
    }
}
