//! Go's runtime/chan_test.go: the tests in which much happens at once, and those
//! that lie in wait for a race. The others are in `chan_test`.
//!
//! <https://github.com/golang/go/blob/master/src/runtime/chan_test.go>

use crate::procs::Procs;
use sortie::chan::{Receiver, Sender, bounded, never, select};
use std::array;

/// How often, in a build without optimisation or with.
fn times(count: usize) -> usize {
    if cfg!(debug_assertions) {
        count / 10
    } else {
        count
    }
}

/// TestNonblockRecvRace: closing does not make a message disappear for an instant.
#[test]
fn a_message_is_there_while_the_channel_closes() {
    sortie::run(|| {
        for _ in 0..times(10_000) {
            let (sender, receiver) = bounded(1);
            sender.send(1).unwrap();
            let own = receiver.clone();
            let handle = sortie::go(move || {
                select! {
                    recv(own) -> _ => true,
                    default => false,
                }
            });
            sender.close();
            let _ = receiver.recv();
            assert!(handle.join().unwrap(), "the channel was not ready");
        }
    });
}

/// Of two channels one is ready at any time. So a select never finds that none
/// is, although a different one may be each time it looks.
fn one_of_two_is_ready(make_second_ready: fn(&Sender<i32>), second_capacity: usize) {
    sortie::run(|| {
        let (done, result) = bounded(1);
        for _ in 0..times(50_000) {
            let (s1, r1) = bounded(1);
            let (s2, r2) = bounded(second_capacity);
            s1.send(1).unwrap();
            let (own, own_second, done) = (r1.clone(), r2.clone(), done.clone());
            sortie::go(move || {
                done.send(select! {
                    recv(own) -> _ => true,
                    recv(own_second) -> _ => true,
                    default => false,
                })
            });
            make_second_ready(&s2);
            select! {
                recv(r1) -> _ => {}
                default => {}
            }
            assert_eq!(result.recv(), Ok(true), "neither channel was ready");
        }
    });
}

/// TestNonblockSelectRace.
#[test]
fn select_sees_one_instant_when_messages_come_and_go() {
    one_of_two_is_ready(|sender| sender.send(1).unwrap(), 1);
}

/// TestNonblockSelectRace2.
#[test]
fn select_sees_one_instant_when_a_channel_closes() {
    one_of_two_is_ready(|sender| assert!(sender.close()), 0);
}

/// TestSelfSelect: a select that sends and receives on one channel does not meet
/// itself.
#[test]
fn select_does_not_meet_itself() {
    let _procs = Procs::set(2);
    for capacity in [0, 10] {
        sortie::run(|| {
            let (sender, receiver) = bounded(capacity);
            let handles = [0, 1].map(|me| {
                let (sender, receiver) = (sender.clone(), receiver.clone());
                sortie::go(move || {
                    let check = |message: i32| {
                        assert!(capacity > 0 || message != me, "it received from itself");
                    };
                    for round in 0..1000 {
                        if me == 0 || round % 2 == 0 {
                            select! {
                                send(sender, me) -> result => result.unwrap(),
                                recv(receiver) -> message => check(message.unwrap()),
                            }
                        } else {
                            select! {
                                recv(receiver) -> message => check(message.unwrap()),
                                send(sender, me) -> result => result.unwrap(),
                            }
                        }
                    }
                })
            });
            for handle in handles {
                handle.join().unwrap();
            }
        });
    }
}

/// TestSelectStress: four channels, on each of which one goroutine sends and one
/// receives; and one that sends, and one that receives, on all of them.
#[test]
fn selects_among_plain_operations() {
    let _procs = Procs::set(10);
    let count = times(20_000);
    sortie::run(|| {
        let channels = [0, 0, 2, 3].map(bounded::<usize>);
        sortie::scope(|s| {
            for (sender, receiver) in &channels {
                s.go(move || (0..count).try_for_each(|i| sender.send(i)).unwrap());
                s.go(move || assert_eq!(receiver.iter().take(count).count(), count));
            }
            s.go(|| send_on_all(&channels, count));
            s.go(|| receive_on_all(&channels, count));
        });
        assert!(channels.iter().all(|(sender, _)| sender.is_empty()));
    });
}

/// Sends so often on each channel. One that is done is replaced by one that is
/// never ready: a channel that is full, where Go has nil.
fn send_on_all(channels: &[(Sender<usize>, Receiver<usize>); 4], count: usize) {
    let (full, _full_receiver) = bounded(0);
    let mut left = [count; 4];
    let mut senders = array::from_fn::<_, 4, _>(|i| &channels[i].0);
    for _ in 0..4 * count {
        let chosen = select! {
            send(senders[3], 0) -> result => result.map(|()| 3),
            send(senders[2], 0) -> result => result.map(|()| 2),
            send(senders[0], 0) -> result => result.map(|()| 0),
            send(senders[1], 0) -> result => result.map(|()| 1),
        };
        let chosen: usize = chosen.unwrap();
        left[chosen] -= 1;
        if left[chosen] == 0 {
            senders[chosen] = &full;
        }
    }
    assert_eq!(left, [0; 4]);
}

fn receive_on_all(channels: &[(Sender<usize>, Receiver<usize>); 4], count: usize) {
    let nil = never();
    let mut left = [count; 4];
    let mut receivers = array::from_fn::<_, 4, _>(|i| &channels[i].1);
    for _ in 0..4 * count {
        let chosen = select! {
            recv(receivers[0]) -> message => message.map(|_| 0),
            recv(receivers[1]) -> message => message.map(|_| 1),
            recv(receivers[2]) -> message => message.map(|_| 2),
            recv(receivers[3]) -> message => message.map(|_| 3),
        };
        let chosen: usize = chosen.unwrap();
        left[chosen] -= 1;
        if left[chosen] == 0 {
            receivers[chosen] = &nil;
        }
    }
    assert_eq!(left, [0; 4]);
}

/// TestMultiConsumer: a feeder, many workers, one who sums up; each stage ends
/// when the one before has ended.
#[test]
fn a_pipeline_with_many_workers() {
    const WORKERS: usize = 23;
    const PRIMES: [usize; 10] = [2, 3, 7, 11, 13, 17, 19, 23, 27, 31];
    let count = times(271_828);
    sortie::run(|| {
        let (feed, work) = bounded(WORKERS * 3);
        let (out, results) = bounded(WORKERS * 3);
        for worker in 0..WORKERS {
            let (work, out) = (work.clone(), out.clone());
            sortie::go(move || {
                for number in work {
                    // Disturbs the order a little.
                    if PRIMES[worker % PRIMES.len()] == number {
                        sortie::yield_now();
                    }
                    out.send(number).unwrap();
                }
            });
        }
        drop((work, out));
        let feeder = sortie::go(move || {
            let mut sum = 0;
            for number in PRIMES.into_iter().cycle().take(count) {
                sum += number;
                feed.send(number).unwrap();
            }
            sum
        });
        let (mut seen, mut sum) = (0, 0);
        for number in results {
            seen += 1;
            sum += number;
        }
        assert_eq!((seen, sum), (count, feeder.join().unwrap()));
    });
}
