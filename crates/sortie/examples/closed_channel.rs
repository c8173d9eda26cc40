//! What a closed channel does: nothing can be sent any more, what is in it can
//! still be received, and then receiving says that there will be no more.
//!
//! Go's `v, ok := <-c` is a `Result` here. Where Go panics, when somebody sends
//! into a closed channel, the message comes back as an error.

use sortie::chan::{RecvError, SendError, bounded};

/// What came of sending after the end.
pub(crate) type Sent = Result<(), SendError<u32>>;
/// What came of receiving.
pub(crate) type Received = Result<u32, RecvError>;

/// Sends two messages, closes the channel, and uses it on.
pub(crate) fn use_after_close() -> (Sent, [Received; 3]) {
    let (sender, receiver) = bounded(2);
    sender.send(1).expect("there is room");
    sender.send(2).expect("there is room");
    sender.close();
    let sent = sender.send(3);
    (sent, [(); 3].map(|()| receiver.recv()))
}

#[sortie::main]
pub(crate) fn main() {
    let (sent, received) = use_after_close();
    println!("sending:   {sent:?}");
    for message in received {
        println!("receiving: {message:?}");
    }
}
