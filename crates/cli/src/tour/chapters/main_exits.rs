#[sortie::main]
fn main() {
    sortie::go(|| {
        sortie::sleep(std::time::Duration::from_millis(100));
        println!("hello from the goroutine");
    });
    println!("main returns");
}
