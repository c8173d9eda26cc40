#[sortie::main]
fn main() {
    let handle = sortie::go(|| {
        sortie::sleep(std::time::Duration::from_millis(100));
        println!("hello from the goroutine");
    });
    handle.join().unwrap();
    println!("main returns");
}
