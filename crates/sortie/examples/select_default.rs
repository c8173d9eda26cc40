//! `select!` with several operations: it receives, or it sends, whatever can be
//! done; with `default` it does not wait if nothing can.

use sortie::chan::{Receiver, Sender, bounded, select};

/// What `select!` has done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Done {
    Received(u32),
    Sent,
    Nothing,
}

/// Receives from one channel or sends 10 into the other, if either is possible
/// now. If both are, each is as likely.
pub(crate) fn one_of(input: &Receiver<u32>, output: &Sender<u32>) -> Done {
    select! {
        recv(input) -> message => Done::Received(message.expect("it is open")),
        send(output, 10) -> sent => {
            sent.expect("it is open");
            Done::Sent
        }
        default => Done::Nothing,
    }
}

#[sortie::main]
pub(crate) fn main() {
    let (into_input, input) = bounded(1);
    let (output, _from_output) = bounded(1);

    into_input.send(1).expect("there is room");
    println!("a message, and room: {:?}", one_of(&input, &output));
    println!("whatever was left:   {:?}", one_of(&input, &output));
    println!("nothing is left:     {:?}", one_of(&input, &output));
}
