//! ASSEMBLE, section 3.4 of Hoare's "Communicating Sequential Processes" (1978):
//! prints a stream of characters in lines of 125. The last line is filled up with
//! spaces.

use sortie::chan::{Receiver, Sender, bounded};

/// Characters on a line of the printer.
pub(crate) const LINE: usize = 125;

fn assemble(x: Receiver<char>, printer: Sender<String>) {
    loop {
        let line: String = x.iter().take(LINE).collect();
        if line.is_empty() {
            return;
        }
        printer.send(format!("{line:<LINE$}")).expect("it prints");
    }
}

/// The lines in which the process prints a text.
pub(crate) fn lines(text: &str) -> Vec<String> {
    let (to_assemble, x) = bounded(0);
    let (printer, paper) = bounded(0);
    sortie::scope(|s| {
        s.go(move || {
            for c in text.chars() {
                to_assemble.send(c).expect("it listens");
            }
        });
        s.go(move || assemble(x, printer));
        paper.iter().collect()
    })
}

#[sortie::main]
pub(crate) fn main() {
    for line in lines(&"All work and no play makes Jack a dull boy. ".repeat(7)) {
        println!("|{line}|");
    }
}
