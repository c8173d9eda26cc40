//! Go's test/chan/select4.go: what a case does with its message is evaluated only
//! if it is chosen.
//!
//! <https://github.com/golang/go/blob/master/test/chan/select4.go>

use sortie::chan::{bounded, select};

#[test]
fn the_place_of_a_message_that_does_not_come() {
    let (sender, receiver) = bounded(1);
    let (_idle_sender, idle) = bounded::<i32>(0);
    sender.send(42).unwrap();
    let place = || -> &'static mut i32 { panic!("this case is not chosen") };
    let mut x = 0;
    select! {
        recv(idle) -> message => *place() = message.unwrap(),
        recv(receiver) -> message => x = message.unwrap(),
    }
    assert_eq!(x, 42);
}
