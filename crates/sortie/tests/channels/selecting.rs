//! What a `select!` does, for every kind of channel and everybody.

use crate::counted::Ledger;
use crate::crew::{Crew, Flavour, Member};
use sortie::chan::{RecvError, Select, SendError, never, select};

matrix![
    receives,
    sends,
    meets_another_select,
    default_only_if_nothing_is_ready,
    closed_cases_are_ready,
    never_is_never_ready,
    closing_ends_its_wait,
    does_not_meet_itself,
    the_same_case_twice,
    messages_of_different_types,
    loses_nothing_in_the_cases_that_lose,
];

pub(crate) fn receives<C: Crew>(flavour: Flavour) {
    let (s1, r1) = flavour.make();
    let (s2, r2) = flavour.make();
    let member = C::spawn(move || {
        for i in 0..100 {
            if i % 2 == 0 { &s1 } else { &s2 }.send(i).unwrap();
        }
        (s1, s2)
    });
    let mut seen = Vec::new();
    for _ in 0..100 {
        seen.push(select! {
            recv(r1) -> message => message.inspect(|i| assert_eq!(i % 2, 0)),
            recv(r2) -> message => message.inspect(|i| assert_eq!(i % 2, 1)),
        });
    }
    let _open = member.join();
    let mut seen: Vec<i32> = seen.into_iter().map(Result::unwrap).collect();
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..100));
}

pub(crate) fn sends<C: Crew>(flavour: Flavour) {
    let (s1, r1) = flavour.make();
    let (s2, r2) = flavour.make();
    let first = C::spawn(move || r1.iter().sum::<u32>());
    let second = C::spawn(move || r2.iter().sum::<u32>());
    let mut sent = [0; 2];
    for i in 0..100 {
        select! {
            send(s1, i) -> result => { result.unwrap(); sent[0] += i }
            send(s2, i) -> result => { result.unwrap(); sent[1] += i }
        }
    }
    drop((s1, s2));
    assert_eq!([first.join(), second.join()], sent);
}

pub(crate) fn meets_another_select<C: Crew>(flavour: Flavour) {
    let (s1, r1) = flavour.make();
    let (s2, r2) = flavour.make();
    let member = C::spawn(move || {
        for i in 0..300_u32 {
            select! {
                send(s1, i) -> result => result.unwrap(),
                send(s2, i) -> result => result.unwrap(),
            }
        }
        // Until all is received: a channel that is closed is ready.
        (s1, s2)
    });
    let mut sum = 0;
    for _ in 0..300 {
        sum += select! {
            recv(r1) -> message => message.unwrap(),
            recv(r2) -> message => message.unwrap(),
        };
    }
    let _open = member.join();
    assert_eq!(sum, 299 * 300 / 2);
}

pub(crate) fn default_only_if_nothing_is_ready<C: Crew>(flavour: Flavour) {
    let (s1, r1) = flavour.make();
    let (s2, r2) = flavour.make::<u32>();
    let nothing = || {
        select! {
            recv(r1) -> _ => false,
            recv(r2) -> _ => false,
            default => true,
        }
    };
    assert!(nothing());
    for _ in 0..flavour.room() {
        s1.send(1).unwrap();
    }
    for _ in 0..flavour.room() {
        assert!(!nothing());
    }
    assert!(nothing());
    for i in 0..flavour.room() as u32 + 1 {
        let full = flavour.capacity().is_some() && i == flavour.room() as u32;
        let nil = never::<()>();
        let sent = select! {
            send(s2, i) -> result => result.is_ok(),
            recv(nil) -> _ => unreachable!(),
            default => false,
        };
        assert_eq!(sent, !full);
    }
    C::pause();
}

pub(crate) fn closed_cases_are_ready<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = flavour.make();
    let (_idle_sender, idle) = flavour.make::<u32>();
    C::spawn({
        let sender = sender.clone();
        move || assert!(sender.close())
    })
    .join();
    for _ in 0..10 {
        select! {
            recv(receiver) -> message => assert_eq!(message, Err(RecvError)),
            recv(idle) -> _ => unreachable!(),
        }
        select! {
            send(sender, 7) -> result => assert_eq!(result, Err(SendError(7))),
            recv(idle) -> _ => unreachable!(),
        }
    }
}

pub(crate) fn never_is_never_ready<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = flavour.make();
    let member = C::spawn(move || (0..100).try_for_each(|i| sender.send(i)).unwrap());
    let nil = never::<u32>();
    for i in 0..100 {
        select! {
            recv(nil) -> _ => unreachable!(),
            recv(receiver) -> message => assert_eq!(message, Ok(i)),
            recv(never::<String>()) -> _ => unreachable!(),
        }
    }
    member.join();
}

pub(crate) fn closing_ends_its_wait<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = flavour.make::<u32>();
    let (_idle_sender, idle) = flavour.make::<u32>();
    let members: Vec<_> = (0..6)
        .map(|_| {
            let (receiver, idle) = (receiver.clone(), idle.clone());
            C::spawn(move || {
                select! {
                    recv(receiver) -> message => message,
                    recv(idle) -> _ => unreachable!(),
                }
            })
        })
        .collect();
    C::pause();
    sender.close();
    for member in members {
        assert_eq!(member.join(), Err(RecvError));
    }
}

pub(crate) fn does_not_meet_itself<C: Crew>(flavour: Flavour) {
    if flavour != Flavour::Bounded(0) {
        return;
    }
    let (sender, receiver) = flavour.make();
    select! {
        send(sender, 1) -> _ => panic!("it sent to itself"),
        recv(receiver) -> _ => panic!("it received from itself"),
        default(std::time::Duration::from_millis(2)) => {}
    }
    let members = [1, 2].map(|me| {
        let (sender, receiver) = (sender.clone(), receiver.clone());
        C::spawn(move || {
            for _ in 0..200 {
                select! {
                    send(sender, me) -> result => result.unwrap(),
                    recv(receiver) -> message => assert_eq!(message, Ok(3 - me)),
                }
            }
        })
    });
    members.into_iter().for_each(Member::join);
}

pub(crate) fn the_same_case_twice<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = flavour.make();
    let own = sender.clone();
    let member = C::spawn(move || {
        for i in 0..200 {
            select! {
                send(own, i) -> result => result.unwrap(),
                send(own, i) -> result => result.unwrap(),
            }
        }
    });
    for i in 0..200 {
        let message = select! {
            recv(receiver) -> message => message,
            recv(receiver) -> message => message,
        };
        assert_eq!(message, Ok(i));
    }
    member.join();
}

pub(crate) fn messages_of_different_types<C: Crew>(flavour: Flavour) {
    #[repr(align(128))]
    struct Aligned(u8);
    let (s1, r1) = flavour.make();
    let (s2, r2) = flavour.make();
    let (s3, r3) = flavour.make();
    let (s4, r4) = flavour.make();
    let member = C::spawn(move || {
        for i in 0..100_u8 {
            match i % 4 {
                0 => s1.send(()).unwrap(),
                1 => s2.send([i; 1000]).unwrap(),
                2 => s3.send(Aligned(i)).unwrap(),
                _ => s4.send(i.to_string()).unwrap(),
            }
        }
        (s1, s2, s3, s4)
    });
    let mut counts = [0; 4];
    for _ in 0..100 {
        select! {
            recv(r1) -> message => { message.unwrap(); counts[0] += 1 }
            recv(r2) -> message => {
                let message = message.unwrap();
                assert!(message[0] % 4 == 1 && message == [message[0]; 1000]);
                counts[1] += 1;
            }
            recv(r3) -> message => {
                let message = message.unwrap();
                assert_eq!((&raw const message).addr() % 128, 0);
                assert_eq!(message.0 % 4, 2);
                counts[2] += 1;
            }
            recv(r4) -> message => {
                assert_eq!(message.unwrap().parse::<u8>().unwrap() % 4, 3);
                counts[3] += 1;
            }
        }
    }
    let _open = member.join();
    assert_eq!(counts, [25; 4]);
}

/// Selects that send and receive on two channels, each with each. What is sent is
/// received, once.
pub(crate) fn loses_nothing_in_the_cases_that_lose<C: Crew>(flavour: Flavour) {
    const EACH: u64 = 150;
    let ledger = Ledger::new();
    let (s1, r1) = flavour.make();
    let (s2, r2) = flavour.make();
    let senders: Vec<_> = (0..3)
        .map(|me| {
            let (s1, s2, ledger) = (s1.clone(), s2.clone(), ledger.clone());
            C::spawn(move || {
                for i in me * EACH..(me + 1) * EACH {
                    select! {
                        send(s1, ledger.message(i)) -> result => result.unwrap(),
                        send(s2, ledger.message(i)) -> result => result.unwrap(),
                    }
                }
            })
        })
        .collect();
    drop((s1, s2));
    let receivers: Vec<_> = (0..3)
        .map(|_| {
            let (mut r1, mut r2) = (r1.clone(), r2.clone());
            C::spawn(move || {
                let (mut count, mut open) = (0, 2);
                while open > 0 {
                    let (which, message) = select! {
                        recv(r1) -> message => (&mut r1, message),
                        recv(r2) -> message => (&mut r2, message),
                    };
                    if message.is_ok() {
                        count += 1;
                    } else {
                        *which = never();
                        open -= 1;
                    }
                }
                count
            })
        })
        .collect();
    senders.into_iter().for_each(Member::join);
    let received: u64 = receivers.into_iter().map(Member::join).sum();
    assert_eq!(received, 3 * EACH);
    assert_eq!(ledger.made() as u64, 3 * EACH);
    ledger.is_settled();
    let mut select = Select::new();
    select.recv(&r1);
    select.recv(&r2);
    assert!(select.try_ready().is_ok());
}
