//! Go's test/chan/select6.go: a select that leaves a queue as its last does not
//! harm those who come to wait after it (golang/go#2075).
//!
//! <https://github.com/golang/go/blob/master/test/chan/select6.go>

use crate::parked::until_parked;
use sortie::chan::{bounded, select};

#[sortie::test]
fn a_queue_that_a_select_has_left() {
    let (s1, r1) = bounded(0);
    let (s2, r2) = bounded(0);
    let (s3, r3) = bounded(0);
    let own = r1.clone();
    let before = sortie::go(move || own.recv());
    until_parked(before.goroutine().id(), "chan receive");
    let selects = sortie::go(move || {
        select! {
            recv(r1) -> _ => panic!("nobody has sent"),
            recv(r2) -> _ => s3.send(true).unwrap(),
        }
        r1.recv()
    });
    until_parked(selects.goroutine().id(), "select");
    sortie::go(move || s2.send(true));
    r3.recv().unwrap();
    s1.send(true).unwrap();
    s1.send(true).unwrap();
    assert_eq!(before.join().unwrap(), Ok(true));
    assert_eq!(selects.join().unwrap(), Ok(true));
}
