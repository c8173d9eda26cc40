//! DISASSEMBLE, section 3.3 of Hoare's "Communicating Sequential Processes"
//! (1978): reads punched cards and sends their characters one by one, with an
//! extra space after each card.

use sortie::chan::{Sender, bounded};

fn disassemble(cards: &[&str], x: Sender<char>) {
    for card in cards {
        for c in card.chars().chain([' ']) {
            x.send(c).expect("X listens");
        }
    }
}

/// The characters that the process sends.
pub(crate) fn characters(cards: &[&str]) -> String {
    let (x, from_cards) = bounded(0);
    sortie::scope(|s| {
        s.go(move || disassemble(cards, x));
        from_cards.iter().collect()
    })
}

#[sortie::main]
pub(crate) fn main() {
    println!("{:?}", characters(&["BEGIN", "  X := 1", "END"]));
}
