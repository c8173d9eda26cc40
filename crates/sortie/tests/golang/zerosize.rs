//! Go's test/chan/zerosize.go: channels of messages without size.
//!
//! <https://github.com/golang/go/blob/master/test/chan/zerosize.go>

use sortie::chan::{TrySendError, bounded, unbounded};

#[test]
fn messages_without_size() {
    let _ = bounded::<[u8; 0]>(0);
    let _ = bounded::<()>(0);
    let (sender, receiver) = bounded::<[u8; 0]>(1);
    sender.send([]).unwrap();
    assert_eq!(sender.try_send([]), Err(TrySendError::Full([])));
    assert_eq!(receiver.recv(), Ok([]));
    let (sender, receiver) = unbounded();
    for _ in 0..100 {
        sender.send(()).unwrap();
    }
    drop(sender);
    assert_eq!(receiver.iter().count(), 100);
}
