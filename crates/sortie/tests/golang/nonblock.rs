//! Go's test/chan/nonblock.go: operations that do not wait, with messages of
//! several sizes.
//!
//! <https://github.com/golang/go/blob/master/test/chan/nonblock.go>
//!
//! Where Go's test tries again and again until the other side waits, this one
//! waits until it does.

use crate::parked::until_parked;
use sortie::chan::{TryRecvError, bounded};
use std::fmt::Debug;

fn check<T: Copy + PartialEq + Debug + Send + Sync + 'static>(message: T) {
    for capacity in [0, 1] {
        sortie::run(|| {
            let (sender, receiver) = bounded::<T>(capacity);
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));

            let own = receiver.clone();
            let handle = sortie::go(move || own.recv());
            until_parked(handle.goroutine().id(), "chan receive");
            assert_eq!(sender.try_send(message), Ok(()));
            assert_eq!(handle.join().unwrap(), Ok(message));

            let own = sender.clone();
            let handle = sortie::go(move || own.send(message));
            if capacity == 0 {
                until_parked(handle.goroutine().id(), "chan send");
                assert_eq!(receiver.try_recv(), Ok(message));
                handle.join().unwrap().unwrap();
            } else {
                handle.join().unwrap().unwrap();
                assert_eq!(receiver.try_recv(), Ok(message));
            }
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        });
    }
}

#[test]
fn messages_of_all_sizes() {
    check(123_i32);
    check(123_456_i64);
    check(true);
    check("hello");
    check(());
    check([7_u64; 40]);
}
