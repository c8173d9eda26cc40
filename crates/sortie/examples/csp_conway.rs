//! Conway's problem, section 3.6 of Hoare's "Communicating Sequential Processes"
//! (1978): REFORMAT, where two asterisks in a row become an upward arrow.
//!
//! It is a hard program to write as a whole, since cards, asterisks and lines end
//! at different places. As three processes it is easy: SQUASH goes between
//! DISASSEMBLE and ASSEMBLE.

use sortie::chan::{Receiver, Sender, bounded};

/// Characters on a line of the printer.
const LINE: usize = 125;

fn disassemble(cards: &[&str], x: Sender<char>) {
    for card in cards {
        for c in card.chars().chain([' ']) {
            x.send(c).expect("X listens");
        }
    }
}

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

fn assemble(x: Receiver<char>, printer: Sender<String>) {
    loop {
        let line: String = x.iter().take(LINE).collect();
        if line.is_empty() {
            return;
        }
        printer.send(format!("{line:<LINE$}")).expect("it prints");
    }
}

/// The lines in which cards are printed.
pub(crate) fn conway(cards: &[&str]) -> Vec<String> {
    let (west, to_squash) = bounded(0);
    let (squashed, east) = bounded(0);
    let (printer, paper) = bounded(0);
    sortie::scope(|s| {
        s.go(move || disassemble(cards, west));
        s.go(move || squash(to_squash, squashed));
        s.go(move || assemble(east, printer));
        paper.iter().collect()
    })
}

#[sortie::main]
pub(crate) fn main() {
    let cards = [
        "the area is 3.14 * r**2,",
        "the volume 4.19 * r**3;",
        "and 2**3**2 is 512, if one agrees to begin at the right end,",
        "as mathematicians do",
    ];
    for line in conway(&cards) {
        println!("|{line}|");
    }
}
