//! A scoped goroutine may borrow from outside of the scope, not from inside.
fn main() {
    sortie::scope(|s| {
        let local = 1;
        s.go(|| println!("{local}"));
    });
}
