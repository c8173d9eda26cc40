//! A handle of a scope must not leave it.
fn main() {
    let local = 1;
    let handle = sortie::scope(|s| s.go(|| local + 1));
    let _ = handle.join();
}
