//! The first surprise: when main returns the program ends, and takes goroutines
//! with it that have not had their turn.

use std::time::Duration;

#[sortie::main]
fn main() {
    let patient = std::env::args().any(|argument| argument == "--wait");
    let handle = sortie::go(|| {
        sortie::sleep(Duration::from_millis(10));
        println!("hello from the goroutine");
    });

    println!("main is done");
    if patient {
        // The cure: wait for it.
        handle.join().expect("it does not panic");
    } else {
        println!("(and nobody waited for the goroutine; try it with `-- --wait`)");
    }
}
