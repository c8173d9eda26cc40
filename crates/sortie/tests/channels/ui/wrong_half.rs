//! Who sends needs a sender.
use sortie::chan::{select, unbounded};

fn main() {
    let (sender, receiver) = unbounded::<i32>();
    select! {
        recv(sender) -> _ => {}
        send(receiver, 1) -> _ => {}
    }
}
