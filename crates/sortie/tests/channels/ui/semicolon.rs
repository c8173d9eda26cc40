//! Cases are separated by commas.
use sortie::chan::{select, unbounded};

fn main() {
    let (sender, receiver) = unbounded::<i32>();
    select! {
        recv(receiver) -> _ => {};
        send(sender, 1) -> _ => {}
    }
}
