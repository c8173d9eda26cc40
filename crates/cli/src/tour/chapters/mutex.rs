use sortie::sync::Mutex;

#[derive(Default)]
struct Counter {
    value: Mutex<u64>, // the data is inside: nobody can forget to lock
}

impl Counter {
    fn increment(&self) {
        let mut value = self.value.lock();
        *value += 1;
    } // the guard unlocks here, by a panic too

    fn value(&self) -> u64 {
        *self.value.lock()
    }
}

#[sortie::main]
fn main() {
    let counter = Counter::default();
    sortie::scope(|s| {
        for _ in 0..8 {
            s.go(|| (0..1_000).for_each(|_| counter.increment()));
        }
    });
    println!("8 goroutines, 1000 increments each: {}", counter.value());
}
