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
    // A block is left by its label, where Go has `break` alone.
    'one: {
        select! {
            recv(receiver) -> message => {
                left += message.unwrap();
                break 'one;
            }
        }
    }
    'none: {
        select! {
            default => {
                left += 1;
                break 'none;
            }
        }
    }
    // A loop without.
    loop {
        select! {
            recv(receiver) -> message => {
                left += message.unwrap();
                break;
            }
            default => {}
        }
    }
    loop {
        select! {
            recv(receiver) -> message => {
                left += message.unwrap();
                break;
            }
            send(idle, 10) -> _ => unreachable!(),
            default => {}
        }
    }
    'two: {
        select! {
            recv(receiver) -> message => {
                left += message.unwrap();
                break 'two;
            }
            send(idle, 10) -> _ => {}
        }
        unreachable!();
    }
    assert_eq!(left, 21);
}
