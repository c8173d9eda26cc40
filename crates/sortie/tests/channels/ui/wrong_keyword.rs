//! A case sends or receives.
use sortie::chan::{select, unbounded};

fn main() {
    let (sender, receiver) = unbounded::<i32>();
    select! {
        receive(receiver) -> _ => {}
    }
    drop(sender);
}
