//! Go's runtime/chan_test.go: the tests that are about one thing each. Those that
//! are about much at once are in `chan_stress_test`.
//!
//! <https://github.com/golang/go/blob/master/src/runtime/chan_test.go>
//!
//! Left out are the tests of stacks that move (TestShrinkStackDuringBlockedSend,
//! TestNoShrinkStackWhileParking, TestSelectStackAdjust): here they stay.

use crate::parked::{until_all_parked, until_parked};
use crate::procs::Procs;
use sortie::chan::{self, RecvError, Sender, TryRecvError, TrySendError, bounded, select};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// TestChan, for each of these capacities.
fn capacities() -> impl Iterator<Item = usize> {
    (0..20).chain([50, 199])
}

#[test]
fn receiving_from_an_empty_channel_waits() {
    let _procs = Procs::set(4);
    for capacity in capacities() {
        sortie::run(|| {
            let (sender, receiver) = bounded(capacity);
            let handles = [(); 2].map(|()| {
                let receiver = receiver.clone();
                sortie::go(move || receiver.recv())
            });
            let ids = handles.each_ref().map(|handle| handle.goroutine().id());
            until_all_parked(&ids, "chan receive");
            assert!(handles.iter().all(|handle| !handle.is_finished()));
            // One that does not block, both in the form of a method and of a select.
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
            select! {
                recv(receiver) -> _ => panic!("received from an empty channel"),
                default => {}
            }
            sender.send(0).unwrap();
            sender.send(0).unwrap();
            for handle in handles {
                assert_eq!(handle.join().unwrap(), Ok(0));
            }
        });
    }
}

#[test]
fn sending_to_a_full_channel_waits() {
    let _procs = Procs::set(4);
    for capacity in capacities() {
        sortie::run(|| {
            let (sender, receiver) = bounded(capacity);
            for i in 0..capacity {
                sender.send(i).unwrap();
            }
            let own = sender.clone();
            let handle = sortie::go(move || own.send(1000));
            until_parked(handle.goroutine().id(), "chan send");
            assert!(!handle.is_finished());
            assert_eq!(sender.try_send(1), Err(TrySendError::Full(1)));
            select! {
                send(sender, 1) -> _ => panic!("sent to a full channel"),
                default => {}
            }
            let first = receiver.recv().unwrap();
            assert_eq!(first, if capacity == 0 { 1000 } else { 0 });
            assert_eq!(handle.join().unwrap(), Ok(()));
        });
    }
}

#[test]
fn a_closed_channel_gives_what_is_in_it_and_then_nothing() {
    for capacity in capacities() {
        sortie::run(|| {
            let (sender, receiver) = bounded(capacity);
            for i in 0..capacity {
                sender.send(i).unwrap();
            }
            sender.close();
            for i in 0..capacity {
                assert_eq!(receiver.recv(), Ok(i));
            }
            assert_eq!(receiver.recv(), Err(RecvError));
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
        });
    }
}

#[test]
fn closing_ends_the_wait_of_receivers() {
    let _procs = Procs::set(4);
    for capacity in capacities() {
        sortie::run(|| {
            let (sender, receiver) = bounded::<()>(capacity);
            let handle = sortie::go(move || receiver.recv());
            until_parked(handle.goroutine().id(), "chan receive");
            sender.close();
            assert_eq!(handle.join().unwrap(), Err(RecvError));
        });
    }
}

#[test]
fn messages_come_in_order() {
    let _procs = Procs::set(4);
    for capacity in capacities() {
        sortie::run(|| {
            let (sender, receiver) = bounded(capacity);
            sortie::go(move || (0..100).try_for_each(|i| sender.send(i)));
            for i in 0..100 {
                assert_eq!(receiver.recv(), Ok(i));
            }
            assert_eq!(receiver.recv(), Err(RecvError));
        });
    }
}

#[test]
fn what_many_send_many_receive() {
    const CROWD: usize = 4;
    const EACH: usize = 1000;
    let _procs = Procs::set(4);
    for capacity in [0, 1, 2, 7, 63] {
        sortie::run(|| {
            let (sender, receiver) = bounded(capacity);
            for _ in 0..CROWD {
                let sender = sender.clone();
                sortie::go(move || (0..EACH).try_for_each(|i| sender.send(i)));
            }
            let (done, all) = bounded(0);
            for _ in 0..CROWD {
                let (receiver, done) = (receiver.clone(), done.clone());
                sortie::go(move || {
                    let mut counts = HashMap::new();
                    for number in receiver.iter().take(EACH) {
                        *counts.entry(number).or_insert(0) += 1;
                    }
                    done.send(counts)
                });
            }
            let mut counts = HashMap::new();
            for some in all.iter().take(CROWD) {
                for (number, count) in some {
                    *counts.entry(number).or_insert(0) += count;
                }
            }
            assert_eq!(counts.len(), EACH);
            assert!(counts.values().all(|&count| count == CROWD));
        });
    }
}

#[test]
fn length_and_capacity() {
    for capacity in capacities() {
        let (sender, receiver) = bounded(capacity);
        assert_eq!((sender.len(), sender.capacity()), (0, Some(capacity)));
        for i in 0..capacity {
            sender.send(i).unwrap();
        }
        assert_eq!(
            (sender.len(), sender.capacity()),
            (capacity, Some(capacity))
        );
        assert_eq!(
            (receiver.len(), receiver.capacity()),
            (capacity, Some(capacity))
        );
    }
}

/// TestSelectFairness: of two cases that are ready always, both get their turn.
#[test]
fn select_is_fair() {
    const TRIALS: u32 = 10_000;
    sortie::run(|| {
        let full = |value: u8| {
            let (sender, receiver) = bounded(TRIALS as usize + 1);
            for _ in 0..=TRIALS {
                sender.send(value).unwrap();
            }
            receiver
        };
        let (one, two) = (full(1), full(2));
        let (_idle_sender, idle) = bounded::<u8>(0);
        let never = chan::never::<u8>();
        let (out, results) = bounded(0);
        let (stop, stopped) = bounded::<()>(0);
        let handle = sortie::go(move || {
            loop {
                let value = select! {
                    recv(idle) -> value => value,
                    recv(never) -> value => value,
                    recv(one) -> value => value,
                    recv(two) -> value => value,
                };
                select! {
                    send(out, value.unwrap()) -> result => result.unwrap(),
                    recv(stopped) -> _ => break,
                }
            }
        });
        let ones = results
            .iter()
            .take(TRIALS as usize)
            .filter(|&value| value == 1)
            .count();
        // Ten standard deviations, each of half the square root of the trials.
        let distance = (ones as f64 - f64::from(TRIALS) / 2.0).abs();
        assert!(distance < 5.0 * f64::from(TRIALS).sqrt(), "{ones}");
        drop(stop);
        handle.join().unwrap();
    });
}

/// TestChanSendInterface: messages whose type is known only at run time.
#[test]
fn messages_behind_a_trait() {
    let message = || -> Box<dyn Fn() -> i32 + Send> { Box::new(|| 7) };
    let (sender, receiver) = bounded(1);
    sender.send(message()).unwrap();
    select! {
        send(sender, message()) -> _ => panic!("it is full"),
        default => {}
    }
    select! {
        send(sender, message()) -> _ => panic!("it is full"),
        send(sender, message()) -> _ => panic!("it is full"),
        default => {}
    }
    assert_eq!(receiver.recv().unwrap()(), 7);
}

/// TestPseudoRandomSend: two cases that send into one channel are both chosen.
#[test]
fn both_of_two_sends_are_chosen() {
    const COUNT: usize = 100;
    for capacity in [0, COUNT] {
        sortie::run(|| {
            let (sender, receiver) = bounded(capacity);
            let handle = sortie::go(move || {
                let mut sum = 0;
                for _ in 0..COUNT {
                    sortie::yield_now();
                    sum += receiver.recv().unwrap();
                }
                sum
            });
            for _ in 0..COUNT {
                select! {
                    send(sender, 1) -> result => result.unwrap(),
                    send(sender, 0) -> result => result.unwrap(),
                }
            }
            let ones: usize = handle.join().unwrap();
            assert!(ones > COUNT / 10 && ones < COUNT - COUNT / 10, "{ones}");
        });
    }
}

/// TestSelectDuplicateChannel: a channel twice in one select, and somebody who
/// waits behind it; the select loses without harm to him.
#[test]
fn a_channel_twice_in_one_select() {
    sortie::run(|| {
        let (c_sender, c) = bounded(0);
        let (d_sender, d) = bounded(0);
        let (e_sender, e) = bounded(0);
        let own = c.clone();
        let first = sortie::go(move || {
            select! {
                recv(own) -> _ => panic!("nobody has sent"),
                recv(own) -> _ => panic!("nobody has sent"),
                recv(d) -> message => assert_eq!(message, Ok(7)),
            }
            e_sender.send(9)
        });
        until_parked(first.goroutine().id(), "select");
        let second = sortie::go(move || c.recv());
        until_parked(second.goroutine().id(), "chan receive");
        d_sender.send(7).unwrap();
        assert_eq!(e.recv(), Ok(9));
        c_sender.send(8).unwrap();
        assert_eq!(second.join().unwrap(), Ok(8));
        first.join().unwrap().unwrap();
    });
}

/// A message that says when it is dropped too early.
struct Canary(Arc<AtomicBool>);

impl Drop for Canary {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// TestChanSendBarrier and TestChanSendSelectBarrier: a message is alive from the
/// sender's hands to the receiver's, over all ways in between.
fn passed_on_alive(select: bool) {
    fn step(select: bool, out: &Sender<Canary>, canary: Canary) {
        if !select {
            out.send(canary).unwrap();
            return;
        }
        let (other, _never_received) = bounded::<()>(0);
        let mut canary = Some(canary);
        select! {
            send(out, canary.take().unwrap()) -> result => result.unwrap(),
            send(other, ()) -> _ => panic!("nobody receives"),
        }
    }
    sortie::run(|| {
        for _ in 0..100 {
            let dropped = Arc::new(AtomicBool::new(false));
            let (first, mut last) = bounded(0);
            for _ in 0..10 {
                let (out, next) = bounded(0);
                let before = std::mem::replace(&mut last, next);
                sortie::go(move || step(select, &out, before.recv().unwrap()));
            }
            step(select, &first, Canary(dropped.clone()));
            let canary = last.recv().unwrap();
            assert!(!dropped.load(SeqCst));
            drop(canary);
            assert!(dropped.load(SeqCst));
        }
    });
}

#[test]
fn messages_stay_alive_while_sent() {
    passed_on_alive(false);
}

#[test]
fn messages_stay_alive_while_selected() {
    passed_on_alive(true);
}
