//! Sending and receiving: what every channel does for everybody.

use crate::crew::{Crew, Flavour};
use sortie::chan::{RecvError, TryRecvError, TrySendError};
use std::fmt::Debug;

matrix![
    one_message,
    many_messages_in_order,
    length_and_capacity,
    what_does_not_wait,
    without_waiting_until_it_works,
    same_channel,
    iterators,
    messages_without_size,
    messages_that_are_large,
    messages_that_are_aligned,
];

pub(crate) fn one_message<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = flavour.make();
    let member = C::spawn(move || receiver.recv());
    sender.send(7).unwrap();
    assert_eq!(member.join(), Ok(7));
}

pub(crate) fn many_messages_in_order<C: Crew>(flavour: Flavour) {
    const COUNT: u32 = 1000;
    let (sender, receiver) = flavour.make();
    let member = C::spawn(move || (0..COUNT).try_for_each(|i| sender.send(i)).unwrap());
    for i in 0..COUNT {
        assert_eq!(receiver.recv(), Ok(i));
    }
    member.join();
    assert_eq!(receiver.recv(), Err(RecvError));
}

pub(crate) fn length_and_capacity<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = flavour.make();
    let room = flavour.room();
    assert_eq!(sender.capacity(), flavour.capacity());
    assert_eq!(receiver.capacity(), flavour.capacity());
    for round in 0..3 {
        for length in 0..=room {
            assert_eq!((sender.len(), receiver.len()), (length, length));
            assert_eq!(sender.is_empty(), length == 0);
            assert_eq!(receiver.is_empty(), length == 0);
            let full = flavour.capacity() == Some(length);
            assert_eq!((sender.is_full(), receiver.is_full()), (full, full));
            if length < room {
                sender.send(round).unwrap();
            }
        }
        for length in (0..room).rev() {
            receiver.recv().unwrap();
            assert_eq!((sender.len(), receiver.len()), (length, length));
        }
    }
    C::pause();
}

pub(crate) fn what_does_not_wait<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = flavour.make();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    for i in 0..flavour.room() {
        assert_eq!(sender.try_send(i), Ok(()));
    }
    if flavour.capacity().is_some() {
        assert_eq!(sender.try_send(1000), Err(TrySendError::Full(1000)));
    }
    for i in 0..flavour.room() {
        assert_eq!(receiver.try_recv(), Ok(i));
    }
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    C::pause();
    drop(receiver);
    assert_eq!(sender.try_send(7), Err(TrySendError::Disconnected(7)));
}

pub(crate) fn without_waiting_until_it_works<C: Crew>(flavour: Flavour) {
    const COUNT: usize = 100;
    let (sender, receiver) = flavour.make();
    // Without room one of the two has to wait for the other.
    let member = C::spawn(move || {
        for i in 0..COUNT {
            let mut message = i;
            while let Err(TrySendError::Full(back)) = sender.try_send(message) {
                assert_eq!(back, i);
                message = back;
                C::pause();
            }
        }
    });
    for i in 0..COUNT {
        if flavour == Flavour::Bounded(0) {
            assert_eq!(receiver.recv(), Ok(i));
            continue;
        }
        loop {
            match receiver.try_recv() {
                Ok(message) => break assert_eq!(message, i),
                Err(error) => assert_eq!(error, TryRecvError::Empty),
            }
            C::pause();
        }
    }
    member.join();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
}

pub(crate) fn same_channel<C: Crew>(flavour: Flavour) {
    let (s1, r1) = flavour.make::<()>();
    let (s2, r2) = flavour.make::<()>();
    assert!(s1.same_channel(&s1.clone()) && r1.same_channel(&r1.clone()));
    assert!(!s1.same_channel(&s2) && !r1.same_channel(&r2));
    C::pause();
}

pub(crate) fn iterators<C: Crew>(flavour: Flavour) {
    const COUNT: u32 = 50;
    let (sender, receiver) = flavour.make();
    let feed = || {
        let sender = sender.clone();
        C::spawn(move || (0..COUNT).try_for_each(|i| sender.send(i)).unwrap())
    };
    let member = feed();
    let all = receiver.iter().take(COUNT as usize);
    assert!(all.eq(0..COUNT));
    member.join();

    let member = feed();
    let mut next = 0;
    while next < COUNT {
        for message in receiver.try_iter() {
            assert_eq!(message, next);
            next += 1;
        }
        C::pause();
    }
    member.join();

    let member = feed();
    drop(sender);
    assert!((&receiver).into_iter().take(10).eq(0..10));
    let mut rest = receiver.into_iter();
    assert!(rest.by_ref().eq(10..COUNT));
    assert_eq!(rest.next(), None);
    member.join();
}

/// All messages arrive as they were sent.
fn intact<C: Crew, T>(flavour: Flavour, make: fn(u8) -> T)
where
    T: Clone + PartialEq + Debug + Send + 'static,
{
    let (sender, receiver) = flavour.make();
    let member = C::spawn(move || (0..100).try_for_each(|i| sender.send(make(i))).unwrap());
    for i in 0..100 {
        let message = receiver.recv().unwrap();
        let address = (&raw const message).addr();
        assert_eq!(address % align_of::<T>(), 0);
        assert_eq!(message, make(i));
    }
    member.join();
}

pub(crate) fn messages_without_size<C: Crew>(flavour: Flavour) {
    intact::<C, ()>(flavour, |_| ());
}

/// Without optimisation each step of a message has a place of its own on the stack,
/// of which a goroutine has 256 KiB.
const LARGE: usize = if cfg!(debug_assertions) { 1024 } else { 4096 };

pub(crate) fn messages_that_are_large<C: Crew>(flavour: Flavour) {
    intact::<C, [u8; LARGE]>(flavour, |i| [i; LARGE]);
}

#[derive(Clone, PartialEq, Debug)]
#[repr(align(256))]
struct Aligned([u8; 3]);

pub(crate) fn messages_that_are_aligned<C: Crew>(flavour: Flavour) {
    intact::<C, Aligned>(flavour, |i| Aligned([i; 3]));
}
