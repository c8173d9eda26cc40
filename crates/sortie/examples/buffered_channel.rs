//! A buffered channel has room for some messages: sending waits only if it is
//! full, receiving only if it is empty.

use sortie::chan::{TrySendError, bounded};

/// Sends 1, 2, 3, ... until the channel is full and another message would have to
/// wait, which a goroutine does then. Returns everything that was received.
pub(crate) fn overfill(capacity: usize) -> Vec<usize> {
    let (sender, receiver) = bounded(capacity);
    let mut next = 1;
    let refused = loop {
        match sender.try_send(next) {
            Ok(()) => println!("{next}: fits, {} of {capacity} in use", sender.len()),
            Err(TrySendError::Full(message)) => break message,
            Err(TrySendError::Disconnected(_)) => unreachable!("the receiver is alive"),
        }
        next += 1;
    };
    println!("{refused}: would have to wait, so a goroutine does");
    // It takes the only sender with it: the channel is closed when it has sent.
    sortie::go(move || sender.send(refused));
    receiver.iter().collect()
}

#[sortie::main]
pub(crate) fn main() {
    println!("received {:?}", overfill(3));
}
