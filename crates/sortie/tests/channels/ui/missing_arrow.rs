//! A case says where its result goes.
use sortie::chan::{select, unbounded};

fn main() {
    let (sender, receiver) = unbounded::<i32>();
    select! {
        recv(receiver) => {}
    }
    drop(sender);
}
