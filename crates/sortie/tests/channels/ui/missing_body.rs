//! A case has a body.
use sortie::chan::{select, unbounded};

fn main() {
    let (sender, receiver) = unbounded::<i32>();
    select! {
        recv(receiver) -> message,
        send(sender, 1) -> result => {}
    }
}
