//! Scenarios with channels. Each is one round, on the main goroutine.

use crate::random::Random;
use crate::scenarios::Scenario;
use sortie::chan::{Receiver, Select, Sender, bounded, never, select, unbounded};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

pub(crate) const ALL: &[(&str, Scenario)] = &[
    ("chan_pairs", pairs),
    ("chan_crowds", crowds),
    ("chan_selects", select_storm),
    ("chan_closes", close_storm),
    ("chan_timeouts", timeouts),
    ("chan_promises", promises),
    ("chan_pipelines", pipelines),
    ("chan_threads", threads),
    ("chan_futures", futures),
];

type Channel<T> = (Sender<T>, Receiver<T>);

fn any<T>(random: &mut Random) -> Channel<T> {
    match random.below(4) {
        0 | 1 => bounded(0),
        2 => bounded(1 + random.below(3) as usize),
        _ => unbounded(),
    }
}

/// A message on the heap, so that one that is lost or comes twice is noticed by
/// the allocator too.
pub(crate) type Message = Box<u64>;

/// Pairs of goroutines that play ping-pong.
fn pairs(random: &mut Random) {
    sortie::scope(|s| {
        for _ in 0..20 {
            let (ping, pinged) = any::<Message>(random);
            let (pong, ponged) = any::<Message>(random);
            s.go(move || pinged.iter().all(|message| pong.send(message).is_ok()));
            s.go(move || {
                for i in 0..100 {
                    ping.send(Box::new(i)).unwrap();
                    assert_eq!(*ponged.recv().unwrap(), i);
                }
            });
        }
    });
}

/// Many who send and receive, in every way there is.
fn crowds(random: &mut Random) {
    const EACH: u64 = 100;
    let (sender, receiver) = any::<Message>(random);
    let count = 2 + u64::from(random.below(8));
    let sum = AtomicU64::new(0);
    sortie::scope(|s| {
        for me in 0..count {
            let (sender, receiver) = (sender.clone(), receiver.clone());
            let (mut sends, mut receives) = (random.split(), random.split());
            let sum = &sum;
            s.go(move || {
                for i in 0..EACH {
                    send(&mut sends, &sender, Box::new(me * EACH + i));
                }
            });
            s.go(move || {
                while let Some(all) = receive(&mut receives, &receiver) {
                    sum.fetch_add(all.into_iter().map(|message| *message).sum(), SeqCst);
                }
            });
        }
        drop((sender, receiver));
    });
    assert_eq!(sum.into_inner(), (0..count * EACH).sum());
}

/// Sends in some way, unless nobody will receive it.
pub(crate) fn send(random: &mut Random, sender: &Sender<Message>, mut message: Message) -> bool {
    match random.below(6) {
        0 => sender.send_many(&mut vec![message]).is_ok(),
        1 => select! { send(sender, message) -> result => result.is_ok() },
        2 => pollster::block_on(sender.send_async(message)).is_ok(),
        3 => loop {
            match sender.send_timeout(message, Duration::from_micros(random.below(50).into())) {
                Ok(()) => break true,
                Err(error) if error.is_disconnected() => break false,
                Err(error) => message = error.into_inner(),
            }
        },
        4 => match sender.try_send(message) {
            Err(error) if error.is_full() => sender.send(error.into_inner()).is_ok(),
            result => result.is_ok(),
        },
        _ => sender.send(message).is_ok(),
    }
}

/// Receives in some way, until nothing more comes.
pub(crate) fn receive(random: &mut Random, receiver: &Receiver<Message>) -> Option<Vec<Message>> {
    let nil = never::<()>();
    let one = match random.below(6) {
        0 => {
            let mut all = Vec::new();
            return receiver.recv_many(&mut all, 4).is_ok().then_some(all);
        }
        1 => select! {
            recv(receiver) -> message => message.ok(),
            recv(nil) -> _ => None,
        },
        2 => pollster::block_on(receiver.recv_async()).ok(),
        3 => match receiver.recv_timeout(Duration::from_micros(random.below(50).into())) {
            Err(error) if error.is_timeout() => return Some(Vec::new()),
            result => result.ok(),
        },
        4 => {
            let mut select = Select::new();
            select.recv(receiver);
            select.ready();
            match receiver.try_recv() {
                Err(error) if error.is_empty() => return Some(Vec::new()),
                result => result.ok(),
            }
        }
        _ => receiver.recv().ok(),
    };
    one.map(|message| vec![message])
}

/// Selects that send and receive on a few channels, all at once. Nobody may stay
/// behind: there are as many who send as receive.
fn select_storm(random: &mut Random) {
    let channels: Arc<Vec<Channel<Message>>> = Arc::new((0..4).map(|_| any(random)).collect());
    let count = 1 + u64::from(random.below(6));
    let (sent, received) = (AtomicU64::new(0), AtomicU64::new(0));
    sortie::scope(|s| {
        for me in 0..2 * count {
            let (mut random, channels) = (random.split(), Arc::clone(&channels));
            let (sent, received) = (&sent, &received);
            s.go(move || {
                for i in 0..100 {
                    let a = &channels[random.below(4) as usize];
                    let b = &channels[random.below(4) as usize];
                    let c = &channels[random.below(4) as usize];
                    let (mut value, mut came) = (0, 0);
                    let mut make = || {
                        value = me * 100 + i;
                        Box::new(value)
                    };
                    // Some wait a while only: all may be of one mind.
                    let patience = Duration::from_micros(random.below(300).into());
                    if me % 2 == 0 {
                        select! {
                            send(a.0, make()) -> result => result.unwrap(),
                            send(b.0, make()) -> result => result.unwrap(),
                            recv(c.1) -> message => came = *message.unwrap(),
                            default(patience) => {}
                        }
                    } else {
                        select! {
                            recv(a.1) -> message => came = *message.unwrap(),
                            send(b.0, make()) -> result => result.unwrap(),
                            recv(c.1) -> message => came = *message.unwrap(),
                            default(patience) => {}
                        }
                    }
                    sent.fetch_add(value, SeqCst);
                    received.fetch_add(came, SeqCst);
                }
            });
        }
    });
    let left: u64 = channels
        .iter()
        .flat_map(|(_, receiver)| receiver.try_iter())
        .map(|message| *message)
        .sum();
    assert_eq!(sent.into_inner(), received.into_inner() + left);
}

/// Channels that are closed at any moment, by either side or by dropping.
fn close_storm(random: &mut Random) {
    for _ in 0..20 {
        let (sender, receiver) = any::<Message>(random);
        let (sent, received) = (AtomicU64::new(0), AtomicU64::new(0));
        let pauses = random.below(30);
        let way = random.below(3);
        sortie::scope(|s| {
            for _ in 0..3 {
                let (sender, receiver) = (sender.clone(), receiver.clone());
                let (mut sends, mut receives) = (random.split(), random.split());
                let (sent, received) = (&sent, &received);
                s.go(move || {
                    let mut left = 50;
                    while left > 0 && send(&mut sends, &sender, Box::new(1)) {
                        sent.fetch_add(1, SeqCst);
                        left -= 1;
                    }
                });
                s.go(move || {
                    while let Some(all) = receive(&mut receives, &receiver) {
                        received.fetch_add(all.len() as u64, SeqCst);
                    }
                });
            }
            for _ in 0..pauses {
                sortie::yield_now();
            }
            match way {
                0 => assert!(sender.close()),
                1 => assert!(receiver.close() && !sender.close()),
                _ => drop(sender),
            }
        });
        assert_eq!(sent.into_inner(), received.into_inner());
    }
}

/// Both sides give up all the time.
fn timeouts(random: &mut Random) {
    let (sender, receiver) = any::<Message>(random);
    let (sent, received) = (AtomicU64::new(0), AtomicU64::new(0));
    sortie::scope(|s| {
        for _ in 0..6 {
            let (sender, receiver) = (sender.clone(), receiver.clone());
            let (mut sends, mut receives) = (random.split(), random.split());
            let (sent, received) = (&sent, &received);
            s.go(move || {
                for _ in 0..50 {
                    let timeout = Duration::from_micros(sends.below(100).into());
                    let ok = sender.send_timeout(Box::new(1), timeout).is_ok();
                    sent.fetch_add(ok.into(), SeqCst);
                }
            });
            s.go(move || {
                for _ in 0..50 {
                    let timeout = Duration::from_micros(receives.below(100).into());
                    let ok = receiver.recv_timeout(timeout).is_ok();
                    received.fetch_add(ok.into(), SeqCst);
                }
            });
        }
    });
    let left = receiver.try_iter().count() as u64;
    assert_eq!(sent.into_inner(), received.into_inner() + left);
}

/// Selects that send, whose messages take their time or never come.
fn promises(random: &mut Random) {
    let (s1, r1) = any::<Message>(random);
    let (s2, r2) = any::<Message>(random);
    let (sent, received) = (AtomicU64::new(0), AtomicU64::new(0));
    sortie::scope(|s| {
        for _ in 0..4 {
            let (s1, s2, sent, mut random) = (s1.clone(), s2.clone(), &sent, random.split());
            s.go(move || {
                for _ in 0..50 {
                    let mut make = || {
                        match random.below(4) {
                            0 => resume_unwind(Box::new("no message")),
                            1 => sortie::yield_now(),
                            _ => {}
                        }
                        Box::new(1)
                    };
                    let done = catch_unwind(AssertUnwindSafe(|| {
                        select! {
                            send(s1, make()) -> result => result.unwrap(),
                            send(s2, make()) -> result => result.unwrap(),
                        }
                    }));
                    sent.fetch_add(done.is_ok().into(), SeqCst);
                }
            });
        }
        drop((s1, s2));
        for _ in 0..4 {
            let (mut r1, mut r2, received) = (r1.clone(), r2.clone(), &received);
            s.go(move || {
                let mut open = 2;
                while open > 0 {
                    let (from, message) = select! {
                        recv(r1) -> message => (&mut r1, message),
                        recv(r2) -> message => (&mut r2, message),
                    };
                    match message {
                        Ok(one) => drop(received.fetch_add(*one, SeqCst)),
                        Err(_) => {
                            *from = never();
                            open -= 1;
                        }
                    }
                }
            });
        }
    });
    assert_eq!(sent.into_inner(), received.into_inner());
}

/// Long chains, through which a few messages go.
fn pipelines(random: &mut Random) {
    let (first, mut last) = any::<Message>(random);
    for _ in 0..50 {
        let (out, next) = any(random);
        let before = std::mem::replace(&mut last, next);
        sortie::go(move || {
            before
                .into_iter()
                .try_for_each(|message| out.send(Box::new(*message + 1)))
        });
    }
    let feeder = sortie::go(move || (0..20).all(|i| first.send(Box::new(i)).is_ok()));
    assert!(last.iter().map(|message| *message).eq(50..70));
    assert!(feeder.join().unwrap());
}

/// Plain threads on one side, goroutines on the other.
fn threads(random: &mut Random) {
    let (sender, receiver) = any::<Message>(random);
    let (back, answers) = any::<Message>(random);
    std::thread::scope(|s| {
        for _ in 0..3 {
            let (sender, mut random) = (sender.clone(), random.split());
            s.spawn(move || (0..50).all(|i| send(&mut random, &sender, Box::new(i))));
        }
        for _ in 0..3 {
            let (receiver, back) = (receiver.clone(), back.clone());
            let mut random = random.split();
            sortie::go(move || {
                while let Some(all) = receive(&mut random, &receiver) {
                    for message in all {
                        back.send(message).unwrap();
                    }
                }
            });
        }
        drop((sender, receiver, back));
        let sum: u64 = answers.iter().map(|message| *message).sum();
        assert_eq!(sum, 3 * (0..50).sum::<u64>());
    });
}

/// Futures that are dropped while they wait, or when they have been told.
fn futures(random: &mut Random) {
    let (sender, receiver) = any::<Message>(random);
    let (sent, received) = (AtomicU64::new(0), AtomicU64::new(0));
    sortie::scope(|s| {
        for _ in 0..4 {
            let (sender, mut random, sent) = (sender.clone(), random.split(), &sent);
            s.go(move || {
                for _ in 0..60 {
                    let ok = send(&mut random, &sender, Box::new(1));
                    sent.fetch_add(ok.into(), SeqCst);
                }
            });
        }
        drop(sender);
        for me in 0..4 {
            let (receiver, mut random, received) = (receiver.clone(), random.split(), &received);
            s.go(move || {
                loop {
                    if me > 0
                        && let Some(one) = poll_once(&receiver, &mut random)
                    {
                        received.fetch_add(*one, SeqCst);
                    }
                    match pollster::block_on(receiver.recv_async()) {
                        Ok(one) => drop(received.fetch_add(*one, SeqCst)),
                        Err(_) => break,
                    }
                }
            });
        }
    });
    assert_eq!(sent.into_inner(), received.into_inner());
}

/// Polls a future once, and drops it if it has nothing yet; perhaps it has been
/// told by then.
fn poll_once(receiver: &Receiver<Message>, random: &mut Random) -> Option<Message> {
    let mut future = pin!(receiver.recv_async());
    let mut context = Context::from_waker(Waker::noop());
    if let Poll::Ready(result) = future.as_mut().poll(&mut context) {
        return result.ok();
    }
    if random.below(2) == 0 {
        sortie::yield_now();
    }
    None
}
