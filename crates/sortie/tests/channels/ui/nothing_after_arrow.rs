//! A body is an expression.
use sortie::chan::{select, unbounded};

fn main() {
    let (sender, receiver) = unbounded::<i32>();
    select! {
        recv(receiver) -> _ =>
    }
    drop(sender);
}
