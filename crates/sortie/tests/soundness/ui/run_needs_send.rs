//! The main goroutine is not the thread that calls `run`.
use std::rc::Rc;

fn main() {
    let shared = Rc::new(1);
    sortie::run(|| println!("{shared}"));
}
