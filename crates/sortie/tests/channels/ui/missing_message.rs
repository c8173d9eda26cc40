//! A case that sends has a message.
use sortie::chan::{select, unbounded};

fn main() {
    let (sender, receiver) = unbounded::<i32>();
    select! {
        send(sender) -> _ => {}
    }
    drop(receiver);
}
