//! A case begins with a word.
use sortie::chan::{select, unbounded};

fn main() {
    let (sender, receiver) = unbounded::<i32>();
    select! {
        (receiver) -> _ => {}
    }
    drop(sender);
}
