//! Go's test/chan/select8.go: leaving a select by `break`, with any number of
//! cases.
//!
//! <https://github.com/golang/go/blob/master/test/chan/select8.go>

use sortie::chan::{bounded, select};

#[sortie::test]
fn leaving_a_select() {
    let (sender, receiver) = bounded(0);
    sortie::go(move || while sender.send(5).is_ok() {});
    let (idle, _idle_receiver) = bounded(0);
    let mut left = 0;
    loop {
        select! { recv(receiver) -> message => { left += message.unwrap(); break } }
    }
    loop {
        select! { default => { left += 1; break } }
    }
    loop {
        select! {
            recv(receiver) -> message => { left += message.unwrap(); break }
            default => {}
        }
    }
    loop {
        select! {
            recv(receiver) -> message => { left += message.unwrap(); break }
            send(idle, 10) -> _ => unreachable!(),
            default => {}
        }
    }
    // A block of its own is left by a label, as in Go.
    'select: {
        select! {
            recv(receiver) -> message => {
                left += message.unwrap();
                break 'select;
            }
            send(idle, 10) -> _ => {}
        }
        unreachable!();
    }
    assert_eq!(left, 21);
}
