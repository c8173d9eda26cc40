//! The message has the type of the channel.
use sortie::chan::{select, unbounded};

fn main() {
    let (sender, receiver) = unbounded::<i32>();
    select! {
        send(sender, "text") -> _ => {}
        recv(receiver) -> _ => {}
    }
}
