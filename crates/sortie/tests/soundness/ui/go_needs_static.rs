//! A goroutine may outlive its maker: it must not borrow.
fn main() {
    let local = 1;
    sortie::go(|| println!("{local}"));
}
