//! Go's test/chancap.go: `len` and `cap`.
//!
//! <https://github.com/golang/go/blob/master/test/chancap.go>
//!
//! Sizes that are negative are no sizes here. Those that are too large panic.

use sortie::chan::{bounded, never};

#[test]
fn of_channels_with_and_without_room() {
    let (sender, receiver) = bounded(10);
    assert_eq!((sender.len(), sender.capacity()), (0, Some(10)));
    for i in 0..3 {
        sender.send(i).unwrap();
    }
    assert_eq!((receiver.len(), receiver.capacity()), (3, Some(10)));
    let (sender, _receiver) = bounded::<i32>(0);
    assert_eq!((sender.len(), sender.capacity()), (0, Some(0)));
    let nil = never::<i32>();
    assert_eq!((nil.len(), nil.capacity()), (0, Some(0)));
}

#[test]
#[should_panic(expected = "capacity overflow")]
fn too_large() {
    let _ = bounded::<[u64; 64]>(usize::MAX / 8);
}
