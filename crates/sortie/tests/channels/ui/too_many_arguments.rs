//! A case that receives has no message.
use sortie::chan::{select, unbounded};

fn main() {
    let (sender, receiver) = unbounded::<i32>();
    select! {
        recv(receiver, 1) -> _ => {}
        send(sender, 1) -> _ => {}
    }
}
