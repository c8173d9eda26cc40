//! A result may be an error, so its pattern has to match all.
use sortie::chan::{select, unbounded};

fn main() {
    let (sender, receiver) = unbounded::<i32>();
    select! {
        recv(receiver) -> Ok(message) => println!("{message}"),
        send(sender, 1) -> _ => {}
    }
}
