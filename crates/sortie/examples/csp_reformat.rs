//! REFORMAT, section 3.5 of Hoare's "Communicating Sequential Processes" (1978):
//! reads cards and prints their characters in lines of 125.
//!
//! As in the paper it is a composition of what is there already: DISASSEMBLE sends
//! to ASSEMBLE. The paper needs COPY between them to give both a partner by name;
//! one channel does it here.

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
pub(crate) fn reformat(cards: &[&str]) -> Vec<String> {
    let (west, east) = bounded(0);
    let (printer, paper) = bounded(0);
    sortie::scope(|s| {
        s.go(move || disassemble(cards, west));
        s.go(move || assemble(east, printer));
        paper.iter().collect()
    })
}

#[sortie::main]
pub(crate) fn main() {
    let cards = [
        "This paper suggests that input and output are basic primitives of programming",
        "and that parallel composition of communicating sequential processes",
        "is a fundamental program structuring method.",
    ];
    for line in reformat(&cards) {
        println!("|{line}|");
    }
}
