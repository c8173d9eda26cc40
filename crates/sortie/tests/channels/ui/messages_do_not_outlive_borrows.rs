//! A message that borrows may not stay in a channel that lives longer.
use sortie::chan::bounded;

fn main() {
    let (sender, receiver) = bounded(1);
    {
        let text = String::from("short");
        sender.send(text.as_str()).unwrap();
    }
    println!("{}", receiver.recv().unwrap());
}
