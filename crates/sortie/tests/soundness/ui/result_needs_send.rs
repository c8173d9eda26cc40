//! A result comes back to another thread: it must be `Send`.
use std::rc::Rc;

fn main() {
    let handle = sortie::go(|| Rc::new(1));
    let _ = handle.join();
}
