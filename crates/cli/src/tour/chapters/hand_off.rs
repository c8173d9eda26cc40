use sortie::sleep;
use std::time::Duration;

#[sortie::main]
fn main() {
    sortie::scope(|s| {
        // Not sortie's sleep: this one blocks the OS thread, as a system
        // call or a C library would.
        s.go(|| {
            std::thread::sleep(Duration::from_millis(40));
            println!("the blocked one is back");
        });
        s.go(|| {
            for beat in 1..=5 {
                println!("tick {beat}");
                sleep(Duration::from_millis(4));
            }
        });
    });
}
