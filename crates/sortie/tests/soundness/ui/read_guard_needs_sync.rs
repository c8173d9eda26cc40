//! A reader's guard gives access to data that others read too, so they must be able to.
use sortie::sync::RwLock;
use std::cell::Cell;

fn main() {
    let shared = RwLock::new(Cell::new(0));
    let guard = shared.read();
    sortie::scope(|s| {
        s.go(move || guard.set(1));
    });
}
