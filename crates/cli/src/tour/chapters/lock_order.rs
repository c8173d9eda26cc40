use sortie::sync::Mutex;

#[sortie::main]
fn main() {
    let (fork, knife) = (Mutex::new("fork"), Mutex::new("knife"));
    sortie::scope(|s| {
        for name in ["one", "two"] {
            let (fork, knife) = (&fork, &knife);
            s.go(move || {
                // Everybody takes them in the same order.
                let first = fork.lock();
                let second = knife.lock();
                println!("{name} eats with {} and {}", *first, *second);
            });
        }
    });
}
