//! A cell is not for several goroutines.
use std::cell::Cell;

fn main() {
    let x = Cell::new(0);
    sortie::scope(|s| {
        s.go(|| x.set(x.get() + 1));
        x.set(x.get() + 1);
    });
}
