//! There is one `default` at most.
use sortie::chan::{select, unbounded};

fn main() {
    let (sender, receiver) = unbounded::<i32>();
    select! {
        recv(receiver) -> _ => {}
        default => {}
        default(std::time::Duration::ZERO) => {}
    }
    drop(sender);
}
