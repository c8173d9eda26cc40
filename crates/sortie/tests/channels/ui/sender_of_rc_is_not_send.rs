//! Messages go to other threads: if they may not, the halves may not.
use sortie::chan::unbounded;
use std::rc::Rc;

fn main() {
    let (sender, receiver) = unbounded::<Rc<i32>>();
    sortie::go(move || sender.send(Rc::new(1)).is_ok());
    sortie::go(move || receiver.recv().is_ok());
}
