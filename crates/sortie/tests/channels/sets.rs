//! `Select`: sets of operations that are put together at run time.

use crate::parked::until_parked;
use sortie::chan::{Receiver, Select, Sender, bounded, never, unbounded};
use std::collections::HashSet;
use std::time::{Duration, Instant};

#[test]
fn from_one_to_a_hundred_operations() {
    sortie::run(|| {
        for size in [1, 2, 3, 10, 100] {
            let channels: Vec<(Sender<usize>, Receiver<usize>)> =
                (0..size).map(|i| bounded(i % 3)).collect();
            for (i, (sender, _)) in channels.iter().enumerate() {
                let sender = sender.clone();
                sortie::go(move || (0..5).try_for_each(|_| sender.send(i)));
            }
            let mut select = Select::new();
            for (i, (_, receiver)) in channels.iter().enumerate() {
                assert_eq!(select.recv(receiver), i);
            }
            let mut counts = vec![0; size];
            for _ in 0..5 * size {
                let operation = select.select();
                let index = operation.index();
                assert_eq!(operation.recv(&channels[index].1), Ok(index));
                counts[index] += 1;
            }
            assert_eq!(counts, vec![5; size]);
            assert!(select.try_select().is_err());
        }
    });
}

#[test]
fn one_waits_on_a_hundred() {
    sortie::run(|| {
        let channels: Vec<_> = (0..100).map(|_| bounded(0)).collect();
        let receivers: Vec<_> = channels.iter().map(|(_, r)| Receiver::clone(r)).collect();
        for chosen in [0, 50, 99, 3] {
            let receivers = receivers.clone();
            let handle = sortie::go(move || {
                let mut select = Select::new();
                for receiver in &receivers {
                    select.recv(receiver);
                }
                let operation = select.select();
                let index = operation.index();
                (index, operation.recv(&receivers[index]))
            });
            until_parked(handle.goroutine().id(), "select");
            channels[chosen].0.send(chosen).unwrap();
            assert_eq!(handle.join().unwrap(), (chosen, Ok(chosen)));
            // It has left all the others' queues.
            assert!(
                channels
                    .iter()
                    .all(|(sender, _)| sender.try_send(0).is_err())
            );
        }
    });
}

#[test]
fn operations_are_removed() {
    let (s1, r1) = unbounded();
    let (s2, r2) = unbounded();
    let (s3, _r3) = bounded::<i32>(1);
    s1.send(1).unwrap();
    s2.send(2).unwrap();
    let mut select = Select::new();
    let first = select.recv(&r1);
    let second = select.recv(&r2);
    let third = select.send(&s3);
    assert_eq!([first, second, third], [0, 1, 2]);
    select.remove(first);
    select.remove(third);
    let operation = select.select();
    assert_eq!(operation.index(), second);
    assert_eq!(operation.recv(&r2), Ok(2));
    assert!(select.try_ready().is_err());
    // An index is not used again.
    assert_eq!(select.recv(&r1), 3);
    assert_eq!(select.ready(), 3);
}

#[test]
#[should_panic(expected = "no operation with this index")]
fn removed_twice() {
    let (_s, r) = unbounded::<i32>();
    let mut select = Select::new();
    let index = select.recv(&r);
    select.remove(index);
    select.remove(index);
}

#[test]
#[should_panic(expected = "index out of bounds")]
fn removed_and_never_added() {
    Select::new().remove(0);
}

#[test]
#[should_panic(expected = "no operations have been added")]
fn nothing_to_select() {
    let _ = Select::new().select();
}

#[test]
#[should_panic(expected = "no operations have been added")]
fn nothing_to_wait_for() {
    Select::new().ready();
}

#[test]
fn empty_sets_that_do_not_wait_for_ever() {
    let mut select = Select::new();
    assert!(select.try_select().is_err() && select.try_ready().is_err());
    let start = Instant::now();
    let short = Duration::from_millis(2);
    assert!(select.select_timeout(short).is_err());
    assert!(select.ready_timeout(short).is_err());
    assert!(start.elapsed() >= 2 * short);
}

#[test]
fn ready_does_nothing() {
    let (sender, receiver) = bounded(1);
    let mut select = Select::new();
    let send = select.send(&sender);
    let recv = select.recv(&receiver);
    for _ in 0..3 {
        assert_eq!(select.ready(), send);
        assert_eq!(select.try_ready(), Ok(send));
        assert_eq!(sender.len(), 0);
    }
    sender.send(1).unwrap();
    for _ in 0..3 {
        assert_eq!(select.ready_timeout(Duration::from_secs(1000)), Ok(recv));
        assert_eq!(sender.len(), 1);
    }
    assert_eq!(receiver.recv(), Ok(1));
    drop(receiver.clone());
}

#[test]
fn ready_waits() {
    sortie::run(|| {
        for capacity in [0, 1] {
            let (sender, receiver) = bounded(capacity);
            let own = receiver.clone();
            let handle = sortie::go(move || {
                let nil = never::<()>();
                let mut select = Select::new();
                select.recv(&nil);
                let index = select.recv(&own);
                loop {
                    assert_eq!(select.ready(), index);
                    if let Ok(message) = own.try_recv() {
                        return message;
                    }
                }
            });
            until_parked(handle.goroutine().id(), "select");
            sender.send(7).unwrap();
            assert_eq!(handle.join().unwrap(), 7);
        }
    });
}

/// Two that only watch do not take each other for somebody to meet.
#[test]
fn two_that_watch_do_not_meet() {
    sortie::run(|| {
        let (sender, receiver) = bounded::<()>(0);
        let own = receiver.clone();
        let watches = sortie::go(move || {
            let mut select = Select::new();
            select.recv(&own);
            select.ready()
        });
        until_parked(watches.goroutine().id(), "select");
        let mut select = Select::new();
        select.send(&sender);
        assert!(select.try_ready().is_err());
        assert!(sender.try_send(()).is_err());
        assert!(select.ready_timeout(Duration::from_millis(2)).is_err());
        drop(receiver);
        sender.close();
        watches.join().unwrap();
    });
}

#[test]
fn sets_are_cloned_and_used_again() {
    let (sender, receiver) = unbounded();
    let (_other_sender, other) = unbounded::<()>();
    let mut first = Select::new();
    first.recv(&other);
    let index = first.recv(&receiver);
    let mut second = first.clone();
    let mut seen = HashSet::new();
    for i in 0..10 {
        sender.send(i).unwrap();
        for select in [&mut first, &mut second] {
            assert_eq!(select.ready(), index);
        }
        let select = if i % 2 == 0 { &mut first } else { &mut second };
        seen.insert(select.select().recv(&receiver).unwrap());
    }
    assert_eq!(seen.len(), 10);
    assert!(first.try_select().is_err());
}

#[test]
fn sends_that_are_chosen() {
    let (s1, r1) = bounded(1);
    let (s2, r2) = bounded(1);
    let mut select = Select::new();
    let senders = [&s1, &s2];
    for sender in senders {
        select.send(sender);
    }
    for i in 0..2 {
        let operation = select.select();
        let index = operation.index();
        assert_eq!(operation.send(senders[index], i), Ok(()));
    }
    assert!(select.try_select().is_err());
    assert_eq!(r1.recv().unwrap() + r2.recv().unwrap(), 1);
    drop(r1);
    let operation = select.select();
    let index = operation.index();
    assert_eq!(operation.send(senders[index], 5).is_err(), index == 0);
}
