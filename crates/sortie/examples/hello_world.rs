//! Two goroutines that speak in turns, while main waits a while.
//!
//! This is *concurrency*: two independent activities make progress over the same
//! time, however many CPUs there are. `SORTIE_MAXPROCS=1` changes nothing.

use std::time::Duration;

fn say_hello() {
    for _ in 0..5 {
        println!("Hello");
        sortie::sleep(Duration::from_millis(100));
    }
}

fn say_world() {
    for _ in 0..5 {
        println!("World");
        sortie::sleep(Duration::from_millis(150));
    }
}

#[sortie::main]
fn main() {
    sortie::go(say_hello);
    sortie::go(say_world);

    sortie::sleep(Duration::from_secs(1));
}
