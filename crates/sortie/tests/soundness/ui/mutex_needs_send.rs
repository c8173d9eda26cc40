//! A mutex does not make data sendable that is not.
use sortie::sync::Mutex;
use std::rc::Rc;

fn main() {
    let shared = Mutex::new(Rc::new(0));
    sortie::scope(|s| {
        s.go(|| drop(shared.lock().clone()));
    });
}
