//! Waiting for a time at most. That it is not shorter is checked; longer it may
//! be on a machine that is busy.

use crate::counted::Ledger;
use crate::crew::{Crew, Flavour, Member};
use sortie::chan::{self, RecvTimeoutError, Select, SendTimeoutError, bounded, select};
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(1000);

matrix![
    receiving_times_out,
    sending_times_out,
    a_message_in_time,
    room_in_time,
    deadlines_that_have_passed,
    races_with_messages,
    select_times_out,
];

pub(crate) fn receiving_times_out<C: Crew>(flavour: Flavour) {
    let (_sender, receiver) = flavour.make::<()>();
    let start = Instant::now();
    assert_eq!(receiver.recv_timeout(SHORT), Err(RecvTimeoutError::Timeout));
    assert!(start.elapsed() >= SHORT);
    let deadline = Instant::now() + SHORT;
    assert_eq!(
        receiver.recv_deadline(deadline),
        Err(RecvTimeoutError::Timeout)
    );
    assert!(Instant::now() >= deadline);
    C::pause();
}

pub(crate) fn sending_times_out<C: Crew>(flavour: Flavour) {
    if flavour == Flavour::Unbounded {
        return;
    }
    let (sender, receiver) = flavour.make();
    for i in 0..flavour.room() {
        sender.send(i).unwrap();
    }
    let start = Instant::now();
    assert_eq!(
        sender.send_timeout(1000, SHORT),
        Err(SendTimeoutError::Timeout(1000))
    );
    assert!(start.elapsed() >= SHORT);
    let deadline = Instant::now() + SHORT;
    assert_eq!(
        sender.send_deadline(1001, deadline),
        Err(SendTimeoutError::Timeout(1001))
    );
    assert!(Instant::now() >= deadline);
    // Nothing of it was left in the channel.
    assert!(receiver.try_iter().eq(0..flavour.room()));
    C::pause();
}

pub(crate) fn a_message_in_time<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = flavour.make();
    let member = C::spawn(move || receiver.recv_timeout(LONG));
    sender.send(7).unwrap();
    assert_eq!(member.join(), Ok(7));
}

pub(crate) fn room_in_time<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = flavour.make();
    let count = flavour.room() + 5;
    let member = C::spawn(move || {
        for i in 0..count {
            sender.send_timeout(i, LONG).unwrap();
        }
    });
    assert!(receiver.iter().eq(0..count));
    member.join();
}

pub(crate) fn deadlines_that_have_passed<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = flavour.make();
    let past = Instant::now();
    assert_eq!(receiver.recv_deadline(past), Err(RecvTimeoutError::Timeout));
    assert_eq!(
        receiver.recv_timeout(Duration::ZERO),
        Err(RecvTimeoutError::Timeout)
    );
    for i in 0..flavour.room() {
        // What can be done at once is done, whatever the time.
        sender.send_deadline(i, past).unwrap();
    }
    for i in 0..flavour.room() {
        assert_eq!(receiver.recv_deadline(past), Ok(i));
    }
    if flavour == Flavour::Bounded(0) {
        assert_eq!(
            sender.send_deadline(1, past),
            Err(SendTimeoutError::Timeout(1))
        );
    }
    C::pause();
}

/// Both sides give up after a very short time, again and again. Each message is
/// received or comes back, never both.
pub(crate) fn races_with_messages<C: Crew>(flavour: Flavour) {
    const COUNT: u64 = 200;
    let ledger = Ledger::new();
    let (sender, receiver) = flavour.make();
    let own = ledger.clone();
    let member = C::spawn(move || {
        let mut sent = 0;
        for i in 0..COUNT {
            let timeout = Duration::from_micros(i % 60);
            match sender.send_timeout(own.message(i), timeout) {
                Ok(()) => sent += 1,
                Err(error) => {
                    assert!(error.is_timeout());
                    assert_eq!(error.into_inner().number, i);
                }
            }
        }
        sent
    });
    let receivers: Vec<_> = (0..2)
        .map(|me| {
            let receiver = receiver.clone();
            C::spawn(move || {
                let mut received = 0;
                for i in 0.. {
                    let timeout = Duration::from_micros((i * 7 + me) % 60);
                    match receiver.recv_timeout(timeout) {
                        Ok(_) => received += 1,
                        Err(RecvTimeoutError::Timeout) => {}
                        Err(RecvTimeoutError::Disconnected) => break,
                    }
                }
                received
            })
        })
        .collect();
    let sent: u64 = member.join();
    let received: u64 = receivers.into_iter().map(Member::join).sum();
    assert_eq!(sent, received);
    ledger.is_settled();
}

pub(crate) fn select_times_out<C: Crew>(flavour: Flavour) {
    let (_sender, receiver) = flavour.make::<()>();
    let (_other_sender, other) = flavour.make::<()>();
    let start = Instant::now();
    select! {
        recv(receiver) -> _ => unreachable!(),
        recv(other) -> _ => unreachable!(),
        default(SHORT) => {}
    }
    assert!(start.elapsed() >= SHORT);
    let start = Instant::now();
    select! {
        recv(receiver) -> _ => unreachable!(),
        recv(chan::after(SHORT)) -> when => assert!(when.unwrap() >= start + SHORT),
    }
    assert!(start.elapsed() >= SHORT);
    let mut select = Select::new();
    select.recv(&receiver);
    select.recv(&other);
    let deadline = Instant::now() + SHORT;
    assert!(select.select_deadline(deadline).is_err());
    assert!(Instant::now() >= deadline);
    let start = Instant::now();
    assert!(select.ready_timeout(SHORT).is_err());
    assert!(start.elapsed() >= SHORT);
    C::pause();
}

#[test]
fn times_as_messages() {
    let when = Instant::now() + SHORT;
    let at = chan::at(when);
    assert_eq!(
        (at.len(), at.capacity(), at.is_closed()),
        (0, Some(1), false)
    );
    assert_eq!(at.recv(), Ok(when));
    assert!(Instant::now() >= when);
    // It has one message only, for all clones.
    assert_eq!(
        at.clone().recv_timeout(SHORT),
        Err(RecvTimeoutError::Timeout)
    );
    assert!(chan::after(Duration::MAX).try_recv().is_err());

    let start = Instant::now();
    let ticks = chan::tick(SHORT);
    // Made of the runtime's clock, they may be a little off the time they tell.
    let mut last = start - Duration::from_millis(1);
    for now in ticks.iter().take(3) {
        assert!(now >= last + SHORT);
        last = now;
    }
    assert!(start.elapsed() >= 3 * SHORT);
    // Ticks that nobody took are one.
    while !ticks.is_full() {
        std::thread::yield_now();
    }
    assert_eq!(ticks.len(), 1);
}

#[sortie::test]
fn one_time_is_received_once_by_many() {
    let at = chan::at(Instant::now() + SHORT);
    let (done, results) = bounded(0);
    for _ in 0..10 {
        let (at, done) = (at.clone(), done.clone());
        sortie::go(move || done.send(at.recv_timeout(4 * SHORT).is_ok()));
    }
    drop(done);
    assert_eq!(results.iter().filter(|&received| received).count(), 1);
}
