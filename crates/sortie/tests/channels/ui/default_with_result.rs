//! `default` has no result.
use sortie::chan::{select, unbounded};

fn main() {
    let (sender, receiver) = unbounded::<i32>();
    select! {
        recv(receiver) -> _ => {}
        default -> result => {}
    }
    drop(sender);
}
