//! Go's test/chan/select3.go: which operations wait, and which do not.
//!
//! <https://github.com/golang/go/blob/master/test/chan/select3.go>
//!
//! Go waits a tenth of a second to find that something waits; here it is seen to.
//! There is no sender that is nil; a channel that nobody receives from stands for
//! it. What panics in Go returns an error.

use crate::parked::until_parked;
use sortie::chan::{self, Receiver, Select, Sender, bounded, select};

/// It waits for ever, for this reason.
fn waits(reason: &str, operation: impl FnOnce() + Send + 'static) {
    let handle = sortie::go(operation);
    until_parked(handle.goroutine().id(), reason);
    assert!(!handle.is_finished());
}

/// It returns.
fn returns(operation: impl FnOnce() + Send + 'static) {
    sortie::go(operation).join().unwrap();
}

fn nil() -> Receiver<i32> {
    chan::never()
}

/// Nobody receives, but somebody could; the caller keeps him.
fn unheard() -> (Sender<i32>, Receiver<i32>) {
    bounded(0)
}

fn closed() -> (Sender<i32>, Receiver<i32>) {
    let (sender, receiver) = bounded(0);
    sender.close();
    (sender, receiver)
}

#[sortie::test]
fn plain_operations() {
    waits("chan receive (nil chan)", || {
        let _ = nil().recv();
    });
    waits("chan send", || {
        let (sender, _receiver) = unheard();
        let _ = sender.send(7);
    });
    waits("chan receive", || {
        let (_sender, receiver) = unheard();
        let _ = receiver.recv();
    });
    returns(|| {
        let (sender, _receiver) = bounded(1);
        sender.send(7).unwrap();
    });
    returns(|| {
        let (sender, receiver) = closed();
        for _ in 0..10 {
            assert!(receiver.recv().is_err());
            assert!(sender.send(7).is_err());
        }
    });
}

#[sortie::test]
fn selects_that_wait() {
    waits("select (no cases)", || {
        let _ = Select::new().select_timeout(std::time::Duration::MAX);
    });
    // Of one case, Go too makes the plain operation.
    waits("chan receive (nil chan)", || {
        select! { recv(nil()) -> _ => unreachable!() }
    });
    waits("chan receive", || {
        let (_sender, receiver) = unheard();
        select! { recv(receiver) -> _ => unreachable!() }
    });
    waits("select", || {
        let (sender, _receiver) = unheard();
        select! { send(sender, 7) -> _ => unreachable!() }
    });
    waits("select", || {
        let (sender, _receiver) = unheard();
        select! {
            recv(nil()) -> _ => unreachable!(),
            send(sender, 7) -> _ => unreachable!(),
        }
    });
    waits("select", || {
        select! {
            recv(nil()) -> _ => unreachable!(),
            recv(nil()) -> _ => unreachable!(),
        }
    });
    // It does not meet itself.
    waits("select", || {
        let (sender, receiver) = unheard();
        select! {
            send(sender, 1) -> _ => unreachable!(),
            recv(receiver) -> _ => unreachable!(),
        }
    });
}

#[sortie::test]
fn selects_that_do_not_wait() {
    returns(|| select! { default => {} });
    returns(|| {
        select! {
            recv(nil()) -> _ => unreachable!(),
            default => {}
        }
    });
    returns(|| {
        let (sender, _receiver) = unheard();
        select! {
            send(sender, 7) -> _ => unreachable!(),
            default => {}
        }
    });
    returns(|| {
        let (sender, receiver) = bounded(1);
        select! {
            send(sender, 7) -> result => result.unwrap(),
            default => unreachable!(),
        }
        select! {
            recv(receiver) -> message => assert_eq!(message, Ok(7)),
            default => unreachable!(),
        }
    });
    returns(|| {
        let (sender, receiver) = closed();
        select! { recv(receiver) -> message => assert!(message.is_err()) }
        select! { send(sender, 7) -> result => assert!(result.is_err()) }
        select! {
            recv(receiver) -> message => assert!(message.is_err()),
            recv(nil()) -> _ => unreachable!(),
        }
    });
}
