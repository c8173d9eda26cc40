use sortie::chan::bounded;

#[sortie::main]
fn main() {
    let (sender, receiver) = bounded(2);
    sender.send("first").unwrap();
    sender.send("second").unwrap();
    sender.close();

    // Nothing goes in any more; the message comes back.
    println!("sending:   {:?}", sender.send("third"));

    // What is inside can still be received: Go's `v, ok := <-ch`.
    println!("receiving: {:?}", receiver.recv());
    println!("receiving: {:?}", receiver.recv());
    println!("receiving: {:?}", receiver.recv());

    // A loop over a channel ends when it is closed. Dropping the last
    // sender closes it, too.
    let (sender, receiver) = bounded(0);
    sortie::go(move || (1..=4).for_each(|n| sender.send(n).unwrap()));
    println!("the loop's sum: {}", receiver.iter().sum::<i32>());
}
