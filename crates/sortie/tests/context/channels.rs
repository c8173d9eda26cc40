//! What `done` returns, as a channel.

use crate::parked::until_parked;
use futures::StreamExt;
use pollster::block_on;
use sortie::chan::{Select, TryRecvError, bounded, never, select, select_biased};
use sortie::context::Context;
use std::time::Duration;

#[test]
fn of_what_never_ends_it_is_never_ready() {
    let context = Context::background();
    assert_eq!(context.done().try_recv(), Err(TryRecvError::Empty));
    assert!(context.done().same_channel(&never()));
    assert!(!context.done().is_closed());
}

#[test]
fn it_is_the_same_for_contexts_that_end_together() {
    let (context, _cancel) = Context::background().with_cancel();
    let with_value = context.with_value(1);
    assert!(context.done().same_channel(with_value.done()));
    assert!(context.done().same_channel(&context.clone().done().clone()));
    let (child, _cancel_child) = context.with_cancel();
    assert!(!context.done().same_channel(child.done()));
    assert!(!context.done().same_channel(context.without_cancel().done()));
}

#[test]
fn nobody_can_close_it() {
    let (context, cancel) = Context::background().with_cancel();
    assert!(!context.done().close());
    assert!(!context.done().clone().close());
    assert_eq!(context.done().try_recv(), Err(TryRecvError::Empty));
    drop(context.done().clone());
    assert!(!context.done().is_closed());
    cancel.cancel();
    assert!(context.done().is_closed());
}

#[test]
fn it_has_no_messages_and_no_room() {
    let (context, cancel) = Context::background().with_cancel();
    for _ in 0..2 {
        let done = context.done();
        assert_eq!((done.len(), done.capacity()), (0, Some(0)));
        assert!(done.is_empty() && done.is_full());
        cancel.cancel();
    }
    assert_eq!(context.done().iter().count(), 0);
    assert_eq!(context.done().recv_many(&mut Vec::new(), 1).ok(), None);
}

#[test]
fn a_clone_outlives_its_context() {
    let (root, cancel) = Context::background().with_cancel();
    let done = {
        let (context, cancel) = root.with_value(1).with_cancel();
        cancel.disarm();
        context.done().clone()
    };
    let again = done.clone();
    assert_eq!(done.try_recv(), Err(TryRecvError::Empty));
    cancel.cancel();
    assert_eq!(done.try_recv(), Err(TryRecvError::Disconnected));
    drop(done);
    assert_eq!(again.try_recv(), Err(TryRecvError::Disconnected));
}

#[test]
fn receiving_waits_for_the_end() {
    sortie::run(|| {
        let (context, cancel) = Context::background().with_cancel();
        let own = context.clone();
        let waiter = sortie::go(move || own.done().recv());
        until_parked(waiter.goroutine().id(), "chan receive");
        let own = context.clone();
        let selects = sortie::go(move || {
            select! {
                recv(own.done()) -> message => assert!(message.is_err()),
                recv(never::<()>()) -> _ => unreachable!(),
            }
        });
        until_parked(selects.goroutine().id(), "select");
        let thread = std::thread::spawn(move || context.done().recv());
        cancel.cancel();
        assert!(waiter.join().unwrap().is_err());
        selects.join().unwrap();
        assert!(thread.join().unwrap().is_err());
    });
}

#[test]
fn receiving_for_a_while() {
    let (context, cancel) = Context::background().with_cancel();
    let short = Duration::from_millis(1);
    let result = context.done().recv_timeout(short);
    assert!(result.unwrap_err().is_timeout());
    select! {
        recv(context.done()) -> _ => unreachable!(),
        default(short) => {}
    }
    cancel.cancel();
    let result = context.done().recv_timeout(short);
    assert!(result.unwrap_err().is_disconnected());
}

#[test]
fn it_can_be_one_case_of_several() {
    let (sender, receiver) = bounded(1);
    let (context, cancel) = Context::background().with_cancel();
    let mut set = Select::new();
    let receive = set.recv(&receiver);
    let done = set.recv(context.done());
    assert!(set.try_ready().is_err());
    sender.send(1).unwrap();
    assert_eq!(set.ready(), receive);
    assert_eq!(receiver.recv(), Ok(1));
    cancel.cancel();
    assert_eq!(set.ready(), done);
    let operation = set.select();
    assert_eq!(operation.index(), done);
    assert!(operation.recv(context.done()).is_err());
    // Of two cases that are ready the first.
    sender.send(2).unwrap();
    select_biased! {
        recv(context.done()) -> _ => {}
        recv(receiver) -> _ => unreachable!(),
    }
}

#[test]
fn of_two_that_are_ready_each_has_its_chance() {
    let (sender, receiver) = bounded(1);
    let (context, cancel) = Context::background().with_cancel();
    cancel.cancel();
    let mut counts = [0; 2];
    for _ in 0..1000 {
        let _ = sender.try_send(());
        select! {
            recv(receiver) -> _ => counts[0] += 1,
            recv(context.done()) -> _ => counts[1] += 1,
        }
    }
    assert!(counts.iter().all(|&count| count > 300), "{counts:?}");
}

#[test]
fn futures_wait_for_it() {
    let (context, cancel) = Context::background().with_cancel();
    let mut early = Box::pin(context.done().recv_async());
    assert!(futures::poll_immediate(&mut early).is_none());
    let dropped = Box::pin(context.done().recv_async());
    drop(dropped);
    let own = context.clone();
    let task = std::thread::spawn(move || block_on(own.done().recv_async()).is_err());
    let stream = std::thread::spawn({
        let done = context.done().clone();
        move || block_on(done.into_stream().count())
    });
    sortie::go(move || cancel.cancel()).join().unwrap();
    assert!(block_on(early).is_err());
    assert!(task.join().unwrap());
    assert_eq!(stream.join().unwrap(), 0);
}

mod futures {
    pub(super) use ::futures::*;
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    /// The output of a future that is ready.
    pub(super) fn poll_immediate<F: Future>(future: &mut Pin<Box<F>>) -> Option<F::Output> {
        let mut context = Context::from_waker(Waker::noop());
        match pin!(future).poll(&mut context) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }
}
