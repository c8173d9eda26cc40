//! Two goroutines must not change the same variable.
fn main() {
    let mut count = 0;
    sortie::scope(|s| {
        s.go(|| count += 1);
        s.go(|| count += 1);
    });
}
