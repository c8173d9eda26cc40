//! A goroutine may run on another thread: what it takes along must be `Send`.
use std::rc::Rc;

fn main() {
    let shared = Rc::new(1);
    sortie::go(move || println!("{shared}"));
}
