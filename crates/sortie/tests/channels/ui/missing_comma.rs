//! What is not a block is followed by a comma.
use sortie::chan::{select, unbounded};

fn main() {
    let (sender, receiver) = unbounded::<i32>();
    select! {
        recv(receiver) -> _ => ()
        send(sender, 1) -> _ => {}
    }
}
