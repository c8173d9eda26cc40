//! A scope must not be kept for later.
fn main() {
    let mut kept = None;
    sortie::scope(|s| kept = Some(s));
    kept.unwrap().go(|| ());
}
