//! Several messages at once: `recv_many` and `send_many`.

use crate::counted::Ledger;
use crate::crew::{Crew, Flavour};
use sortie::chan::{RecvError, SendError};

matrix![
    all_arrive_in_order,
    mixed_with_single_messages,
    what_was_not_sent_comes_back,
    no_more_than_asked_for,
];

pub(crate) fn all_arrive_in_order<C: Crew>(flavour: Flavour) {
    const COUNT: u32 = 1000;
    let (sender, receiver) = flavour.make();
    let member = C::spawn(move || {
        let mut next = 0;
        for size in (1..).cycle() {
            let mut batch: Vec<u32> = (next..COUNT.min(next + size)).collect();
            let count = batch.len();
            assert_eq!(sender.send_many(&mut batch), Ok(count));
            assert!(batch.is_empty());
            next += count as u32;
            if next == COUNT {
                break;
            }
        }
    });
    let mut all = Vec::new();
    let mut max = 1;
    while let Ok(count) = receiver.recv_many(&mut all, max) {
        assert!((1..=max).contains(&count));
        max = max % 20 + 1;
    }
    member.join();
    assert!(all.into_iter().eq(0..COUNT));
}

pub(crate) fn mixed_with_single_messages<C: Crew>(flavour: Flavour) {
    const EACH: u64 = 300;
    let (sender, receiver) = flavour.make();
    let senders: Vec<_> = (0..4)
        .map(|me| {
            let sender = sender.clone();
            C::spawn(move || {
                let mut numbers = (0..EACH).map(|i| me * EACH + i).peekable();
                while numbers.peek().is_some() {
                    if me % 2 == 0 {
                        sender.send(numbers.next().unwrap()).unwrap();
                    } else {
                        sender
                            .send_many(&mut numbers.by_ref().take(9).collect())
                            .unwrap();
                    }
                }
            })
        })
        .collect();
    drop(sender);
    let receivers: Vec<_> = (0..3)
        .map(|me| {
            let receiver = receiver.clone();
            C::spawn(move || {
                let mut all = Vec::new();
                if me == 0 {
                    all.extend(receiver.iter());
                } else {
                    while receiver.recv_many(&mut all, 5).is_ok() {}
                }
                for own in 0..4 {
                    // Those of one sender are in order for each receiver.
                    let of_one = all.iter().filter(|&&number| number / EACH == own);
                    assert!(of_one.is_sorted());
                }
                all
            })
        })
        .collect();
    senders.into_iter().for_each(|member| member.join());
    let mut all: Vec<u64> = receivers
        .into_iter()
        .flat_map(|member| member.join())
        .collect();
    all.sort_unstable();
    assert!(all.into_iter().eq(0..4 * EACH));
}

pub(crate) fn what_was_not_sent_comes_back<C: Crew>(flavour: Flavour) {
    let ledger = Ledger::new();
    let (sender, receiver) = flavour.make();
    let mut batch: Vec<_> = (0..200).map(|i| ledger.message(i)).collect();
    let member = C::spawn(move || {
        let result = sender.send_many(&mut batch);
        (result, batch)
    });
    let received: Vec<_> = receiver.iter().take(50).collect();
    receiver.close();
    let rest: Vec<_> = receiver.iter().collect();
    let (result, back) = member.join();
    match back.len() {
        0 => assert_eq!(result, Ok(200)),
        _ => assert_eq!(result, Err(SendError(()))),
    }
    let all = received.iter().chain(&rest).chain(&back);
    assert!(all.map(|message| message.number).eq(0..200));
    drop((received, rest, back, receiver));
    ledger.is_settled();
}

pub(crate) fn no_more_than_asked_for<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = flavour.make();
    let room = flavour.room();
    for i in 0..room {
        sender.send(i).unwrap();
    }
    drop(sender);
    let mut all = Vec::new();
    while all.len() < room {
        let expected = (room - all.len()).min(3);
        assert_eq!(receiver.recv_many(&mut all, 3), Ok(expected));
    }
    assert_eq!(receiver.recv_many(&mut all, 3), Err(RecvError));
    assert!(all.into_iter().eq(0..room));
    C::pause();
}
