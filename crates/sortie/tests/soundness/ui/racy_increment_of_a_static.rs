//! Statics that change are for unsafe code.
static mut X: u64 = 0;

fn main() {
    let other = sortie::go(|| X += 1);
    X += 1;
    other.join().unwrap();
}
