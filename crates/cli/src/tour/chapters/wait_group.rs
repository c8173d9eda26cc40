use sortie::sleep;
use sortie::sync::WaitGroup;
use std::time::Duration;

#[sortie::main]
fn main() {
    let group = WaitGroup::new();
    for number in 1..=5 {
        group.add(1);
        let group = group.clone();
        sortie::go(move || {
            sleep(Duration::from_millis(5 * number));
            println!("{number} is done");
            group.done();
        });
    }
    group.wait(); // until as many are done as were added
    println!("all are done");
}
