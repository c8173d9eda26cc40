//! By reference neither.
use sortie::chan::bounded;
use std::rc::Rc;

fn main() {
    let (sender, receiver) = bounded::<Rc<i32>>(1);
    sortie::scope(|s| {
        s.go(|| sender.send(Rc::new(1)).is_ok());
        s.go(|| receiver.recv().is_ok());
    });
}
