//! A select that sends makes its message only when it is chosen. What others see
//! in between, and if the message never comes.

use crate::counted::Ledger;
use crate::parked::until_parked;
use sortie::chan::{Receiver, RecvError, Select, Sender, TrySendError, bounded, select};
use sortie::task::JoinHandle;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// Somebody who was chosen to send, and is asked for the message.
struct Promise {
    handle: JoinHandle<bool>,
    asked: Receiver<()>,
    answer: Sender<Option<u32>>,
}

impl Promise {
    /// Chosen at once if there is room, else when a receiver comes.
    fn make(sender: &Sender<u32>) -> Self {
        let sender = sender.clone();
        let (tell, asked) = bounded(1);
        let (answer, told) = bounded::<Option<u32>>(1);
        let handle = sortie::go(move || {
            catch_unwind(AssertUnwindSafe(|| {
                let message = || {
                    tell.send(()).unwrap();
                    told.recv()
                        .unwrap()
                        .unwrap_or_else(|| resume_unwind(Box::new("no message")))
                };
                select! { send(sender, message()) -> result => result.unwrap() }
            }))
            .is_ok()
        });
        Promise {
            handle,
            asked,
            answer,
        }
    }

    /// Waits until it is chosen.
    fn chosen(self) -> Self {
        self.asked.recv().unwrap();
        self
    }

    /// Sends the message.
    fn keep(self, message: u32) {
        self.answer.send(Some(message)).unwrap();
        assert!(self.handle.join().unwrap());
    }

    /// Making the message panics.
    fn breaks(self) {
        self.answer.send(None).unwrap();
        assert!(!self.handle.join().unwrap());
    }
}

fn receive(receiver: &Receiver<u32>) -> JoinHandle<Result<u32, RecvError>> {
    let receiver = receiver.clone();
    let handle = sortie::go(move || receiver.recv());
    until_parked(handle.goroutine().id(), "chan receive");
    handle
}

fn send(sender: &Sender<u32>, message: u32) -> JoinHandle<bool> {
    let sender = sender.clone();
    let handle = sortie::go(move || sender.send(message).is_ok());
    until_parked(handle.goroutine().id(), "chan send");
    handle
}

/// The two cases make a set of channels, so that the select has to wait in queues.
fn receive_by_select(receiver: &Receiver<u32>) -> JoinHandle<Result<u32, RecvError>> {
    let receiver = receiver.clone();
    let handle = sortie::go(move || {
        let (_sender, idle) = bounded::<()>(0);
        select! {
            recv(receiver) -> message => message,
            recv(idle) -> _ => unreachable!("nobody sends"),
        }
    });
    until_parked(handle.goroutine().id(), "select");
    handle
}

#[sortie::test]
fn a_receiver_waits_for_the_message() {
    let (sender, receiver) = bounded(0);
    let first = receive(&receiver);
    let promise = Promise::make(&sender).chosen();
    // The receiver is taken: there is nobody for another message.
    assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    assert!(!first.is_finished());
    promise.keep(1);
    assert_eq!(first.join().unwrap(), Ok(1));
}

#[sortie::test]
fn a_receiver_that_comes_second_waits_for_the_message() {
    let (sender, receiver) = bounded(0);
    let promise = Promise::make(&sender);
    until_parked(promise.handle.goroutine().id(), "select");
    let first = receive(&receiver);
    promise.chosen().keep(1);
    assert_eq!(first.join().unwrap(), Ok(1));
}

#[sortie::test]
fn a_receiver_goes_on_waiting_if_the_message_never_comes() {
    let (sender, receiver) = bounded(0);
    let first = receive(&receiver);
    Promise::make(&sender).chosen().breaks();
    until_parked(first.goroutine().id(), "chan receive");
    sender.send(2).unwrap();
    assert_eq!(first.join().unwrap(), Ok(2));
}

#[sortie::test]
fn a_selecting_receiver_goes_on_waiting_if_the_message_never_comes() {
    let (sender, receiver) = bounded(0);
    let first = receive_by_select(&receiver);
    Promise::make(&sender).chosen().breaks();
    until_parked(first.goroutine().id(), "select");
    sender.send(2).unwrap();
    assert_eq!(first.join().unwrap(), Ok(2));
}

#[sortie::test]
fn a_promise_is_kept_after_closing() {
    for capacity in [0, 1] {
        let (sender, receiver) = bounded(capacity);
        let first = receive(&receiver);
        let promise = Promise::make(&sender).chosen();
        sender.close();
        promise.keep(1);
        assert_eq!(first.join().unwrap(), Ok(1));
        assert_eq!(receiver.recv(), Err(RecvError));
    }
}

#[sortie::test]
fn receivers_hear_of_the_end_if_the_message_never_comes() {
    for capacity in [0, 1, 3] {
        let (sender, receiver) = bounded(capacity);
        let first = receive(&receiver);
        let promise = Promise::make(&sender).chosen();
        let second = receive_by_select(&receiver);
        sender.close();
        promise.breaks();
        assert_eq!(first.join().unwrap(), Err(RecvError));
        assert_eq!(second.join().unwrap(), Err(RecvError));
    }
}

#[sortie::test]
fn a_place_that_is_given_up_goes_to_the_next_sender() {
    let (sender, receiver) = bounded(1);
    let promise = Promise::make(&sender).chosen();
    let next = send(&sender, 2);
    promise.breaks();
    assert!(next.join().unwrap());
    assert_eq!(receiver.recv(), Ok(2));
}

#[sortie::test]
fn places_that_are_given_up_go_to_the_next_senders() {
    let (sender, receiver) = bounded(3);
    let promises = [(); 3].map(|()| Promise::make(&sender).chosen());
    let next = [4, 5, 6].map(|message| send(&sender, message));
    let [first, second, third] = promises;
    second.breaks();
    third.breaks();
    first.keep(1);
    assert_eq!(receiver.recv(), Ok(1));
    // All of the channel is theirs now.
    for handle in next {
        assert!(handle.join().unwrap());
    }
    for expected in [4, 5, 6] {
        assert_eq!(receiver.recv(), Ok(expected));
    }
}

#[sortie::test]
fn a_place_that_is_given_up_is_empty() {
    let (sender, receiver) = bounded(1);
    Promise::make(&sender).chosen().breaks();
    assert_eq!((sender.len(), sender.is_full()), (0, false));
    assert_eq!(sender.try_send(1), Ok(()));
    assert_eq!(receiver.try_recv(), Ok(1));
}

#[sortie::test]
fn a_place_that_is_given_up_is_empty_once_those_before_are_gone() {
    let (sender, receiver) = bounded(3);
    let [first, second, third] = [(); 3].map(|()| Promise::make(&sender).chosen());
    second.breaks();
    third.breaks();
    // They are in the way still: nobody may overtake the first.
    assert_eq!((sender.len(), sender.is_full()), (3, true));
    first.keep(1);
    assert_eq!(receiver.recv(), Ok(1));
    assert_eq!((receiver.len(), receiver.is_empty()), (0, true));
    assert_eq!(sender.try_send(2), Ok(()));
    assert_eq!((sender.len(), receiver.recv()), (1, Ok(2)));
}

#[sortie::test]
fn a_sender_waits_while_a_receiver_selects_and_a_place_is_given_up() {
    let (sender, receiver) = bounded(1);
    let promise = Promise::make(&sender).chosen();
    let waits = send(&sender, 2);
    let selects = receive_by_select(&receiver);
    promise.breaks();
    assert_eq!(selects.join().unwrap(), Ok(2));
    assert!(waits.join().unwrap());
}

#[sortie::test]
fn nobody_overtakes_behind_a_place_that_is_reserved() {
    let (sender, receiver) = bounded(3);
    let promise = Promise::make(&sender).chosen();
    sender.send(2).unwrap();
    let first = receive(&receiver);
    // A receiver waits, but those before have their turn first.
    sender.send(3).unwrap();
    promise.keep(1);
    let mut rest = vec![first.join().unwrap().unwrap()];
    rest.extend(receiver.try_iter());
    assert_eq!(rest, [1, 2, 3]);
}

#[sortie::test]
fn nobody_overtakes_behind_a_place_that_is_given_up() {
    let (sender, receiver) = bounded(3);
    let promise = Promise::make(&sender).chosen();
    sender.send(2).unwrap();
    let first = receive(&receiver);
    sender.send(3).unwrap();
    promise.breaks();
    let mut rest = vec![first.join().unwrap().unwrap()];
    rest.extend(receiver.try_iter());
    assert_eq!(rest, [2, 3]);
}

#[sortie::test]
fn a_message_kept_after_all_receivers_are_gone_is_dropped() {
    let ledger = Ledger::new();
    let (sender, receiver) = bounded(2);
    let mut select = Select::new();
    select.send(&sender);
    let operation = select.select();
    drop(receiver);
    let _ = operation.send(&sender, ledger.message(1));
    drop(sender);
    assert_eq!(ledger.made(), 1);
    ledger.is_settled();
}

/// Who only watches is told, and those who wait behind many of them are served.
#[sortie::test]
fn many_who_watch_do_not_hide_one_who_receives() {
    for watchers in [1, 6, 7, 8, 20] {
        let (sender, receiver) = bounded::<u32>(0);
        let watching = watch(watchers, &receiver, |select, receiver| {
            select.recv(receiver)
        });
        let first = receive(&receiver);
        // A time-out would hide the mistake, if it were short.
        sender.send(1).unwrap();
        assert_eq!(first.join().unwrap(), Ok(1));
        drop(sender);
        for handle in watching {
            handle.join().unwrap();
        }
    }
}

#[sortie::test]
fn many_who_watch_do_not_hide_one_who_sends() {
    for watchers in [1, 6, 7, 8, 20] {
        let (sender, receiver) = bounded::<u32>(0);
        let watching = watch(watchers, &sender, |select, sender| select.send(sender));
        let first = send(&sender, 1);
        assert_eq!(receiver.recv(), Ok(1));
        assert!(first.join().unwrap());
        drop(receiver);
        for handle in watching {
            handle.join().unwrap();
        }
    }
}

/// Goroutines that wait until something may be possible, and then do nothing.
fn watch<H: Clone + Send + 'static>(
    count: usize,
    half: &H,
    add: for<'a> fn(&mut Select<'a>, &'a H) -> usize,
) -> Vec<JoinHandle<usize>> {
    (0..count)
        .map(|_| {
            let half = half.clone();
            let handle = sortie::go(move || {
                let mut select = Select::new();
                add(&mut select, &half);
                select.ready()
            });
            until_parked(handle.goroutine().id(), "select");
            handle
        })
        .collect()
}
