use sortie::sync::{Barrier, Mutex};

// Takes one, and gives it back if it cannot have the other as well.
fn polite(name: &str, mine: &Mutex<()>, other: &Mutex<()>, step: &Barrier) {
    for attempt in 1..=200 {
        let held = mine.lock();
        step.wait(); // both move at the same pace
        if other.try_lock().is_some() {
            println!("{name} passes at attempt {attempt}");
            return;
        }
        step.wait();
        drop(held); // after you!
        step.wait();
    }
    println!("{name} gives up after 200 attempts");
}

#[sortie::main]
fn main() {
    let (left, right) = (Mutex::new(()), Mutex::new(()));
    let step = Barrier::new(2);
    sortie::scope(|s| {
        s.go(|| polite("Alice", &left, &right, &step));
        s.go(|| polite("Barbara", &right, &left, &step));
    });
}
