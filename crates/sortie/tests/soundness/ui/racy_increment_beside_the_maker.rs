//! Who makes a goroutine that changes a variable must not change it meanwhile.
fn main() {
    let mut x = 0;
    sortie::scope(|s| {
        s.go(|| x += 1);
        x += 1;
    });
}
