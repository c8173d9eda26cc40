//! Go's test/chan/goroutines.go: a chain of ten thousand goroutines.
//!
//! <https://github.com/golang/go/blob/master/test/chan/goroutines.go>

use sortie::chan::bounded;

#[test]
fn a_long_chain() {
    const LINKS: usize = 10_000;
    sortie::run(|| {
        let (leftmost, mut left) = bounded(0);
        for _ in 0..LINKS {
            let (out, right) = bounded(0);
            let into = std::mem::replace(&mut left, right);
            sortie::go(move || out.send(into.recv().unwrap() + 1));
        }
        leftmost.send(0).unwrap();
        assert_eq!(left.recv(), Ok(LINKS));
    });
}
