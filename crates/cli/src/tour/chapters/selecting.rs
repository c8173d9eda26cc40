use sortie::chan::{after, bounded, select};
use sortie::{go, sleep};
use std::time::Duration;

#[sortie::main]
fn main() {
    let milliseconds = Duration::from_millis;
    let (left, from_left) = bounded(0);
    let (right, from_right) = bounded(0);
    go(move || {
        sleep(milliseconds(10));
        let _ = left.send("left"); // main may have given up
        sleep(milliseconds(60));
        drop(left);
    });
    go(move || {
        sleep(milliseconds(20));
        let _ = right.send("right");
        sleep(milliseconds(60));
        drop(right);
    });

    // With a default nobody waits.
    select! {
        recv(from_left) -> name => println!("{} already?", name.unwrap()),
        default => println!("nothing yet"),
    }
    // Whoever is first; but no longer than 30 ms.
    loop {
        select! {
            recv(from_left) -> name => println!("from the {}", name.unwrap()),
            recv(from_right) -> name => println!("from the {}", name.unwrap()),
            recv(after(milliseconds(30))) -> _ => break println!("time-out"),
        }
    }
}
