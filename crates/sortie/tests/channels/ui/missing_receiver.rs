//! A case that receives has a receiver.
use sortie::chan::{select, unbounded};

fn main() {
    let (sender, receiver) = unbounded::<i32>();
    select! {
        recv() -> _ => {}
        send(sender, 1) -> _ => {}
    }
    drop(receiver);
}
