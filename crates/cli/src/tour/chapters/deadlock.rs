use sortie::sync::{Barrier, Mutex};

#[sortie::main]
fn main() {
    let (fork, knife) = (Mutex::new("fork"), Mutex::new("knife"));
    let both_hold_one = Barrier::new(2);
    sortie::scope(|s| {
        s.go(|| {
            let first = fork.lock();
            println!("one has the {}", *first);
            both_hold_one.wait();
            let second = knife.lock(); // the other has it, and waits for ours
            println!("one eats with {} and {}", *first, *second);
        });
        s.go(|| {
            let first = knife.lock();
            println!("two has the {}", *first);
            both_hold_one.wait();
            let second = fork.lock();
            println!("two eats with {} and {}", *first, *second);
        });
    });
}
