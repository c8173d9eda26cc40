//! Histories of many operations at once, checked afterwards against the rules of
//! a queue.
//!
//! Each operation notes the time before it began and after it ended, on one clock
//! for all: a counter, which orders them more finely than any time could.

use crate::crew::{Crew, Flavour, Goroutines, Member, Threads};
use crate::procs::Procs;
use sortie::chan::{Receiver, Sender, TryRecvError, TrySendError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

const SENDERS: u64 = 3;
const RECEIVERS: usize = 3;
const EACH: u64 = 400;

#[derive(Clone, Default)]
struct Clock(Arc<AtomicU64>);

/// When an operation ran.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: u64,
    end: u64,
}

impl Clock {
    fn during<T>(&self, f: impl FnOnce() -> T) -> (T, Span) {
        let start = self.0.fetch_add(1, SeqCst);
        let value = f();
        let end = self.0.fetch_add(1, SeqCst);
        (value, Span { start, end })
    }
}

#[derive(Default)]
struct History {
    /// Of each message, by its number.
    sent: Vec<Option<Span>>,
    received: Vec<Option<Span>>,
    /// For each receiver, the messages in its order.
    orders: Vec<Vec<u64>>,
    /// When a receiver was told that there is no message.
    empty: Vec<Span>,
    /// When a sender was told that there is no room.
    full: Vec<Span>,
}

fn record<C: Crew>(flavour: Flavour) -> History {
    let clock = Clock::default();
    let (sender, receiver) = flavour.make();
    let senders: Vec<_> = (0..SENDERS)
        .map(|me| {
            let (clock, sender) = (clock.clone(), sender.clone());
            C::spawn(move || send_all::<C>(&clock, &sender, me))
        })
        .collect();
    drop(sender);
    let receivers: Vec<_> = (0..RECEIVERS)
        .map(|me| {
            let (clock, receiver) = (clock.clone(), receiver.clone());
            C::spawn(move || receive_all::<C>(&clock, &receiver, me))
        })
        .collect();
    let total = (SENDERS * EACH) as usize;
    let mut history = History {
        sent: vec![None; total],
        received: vec![None; total],
        ..History::default()
    };
    for (sent, full) in senders.into_iter().map(Member::join) {
        for (message, span) in sent {
            history.sent[message as usize] = Some(span);
        }
        history.full.extend(full);
    }
    for (received, empty) in receivers.into_iter().map(Member::join) {
        history
            .orders
            .push(received.iter().map(|&(message, _)| message).collect());
        for (message, span) in received {
            let before = history.received[message as usize].replace(span);
            assert!(before.is_none(), "message {message} was received twice");
        }
        history.empty.extend(empty);
    }
    history
}

type Some_ = (Vec<(u64, Span)>, Vec<Span>);

fn send_all<C: Crew>(clock: &Clock, sender: &Sender<u64>, me: u64) -> Some_ {
    let (mut sent, mut full) = (Vec::new(), Vec::new());
    for message in me * EACH..(me + 1) * EACH {
        let tried = (message % 3 == 0).then(|| clock.during(|| sender.try_send(message)));
        let span = match tried {
            Some((Ok(()), span)) => span,
            other => {
                if let Some((Err(error), span)) = other {
                    assert_eq!(error, TrySendError::Full(message));
                    full.push(span);
                }
                let (result, span) = clock.during(|| sender.send(message));
                result.unwrap();
                span
            }
        };
        sent.push((message, span));
        if message % 16 == 0 {
            C::pause();
        }
    }
    (sent, full)
}

fn receive_all<C: Crew>(clock: &Clock, receiver: &Receiver<u64>, me: usize) -> Some_ {
    let (mut received, mut empty) = (Vec::new(), Vec::new());
    loop {
        // One of them never waits, another does now and then.
        let try_it = me == 0 || me == 1 && received.len() % 2 == 0;
        if try_it {
            match clock.during(|| receiver.try_recv()) {
                (Ok(message), span) => received.push((message, span)),
                (Err(TryRecvError::Disconnected), _) => break,
                (Err(TryRecvError::Empty), span) => {
                    empty.push(span);
                    C::pause();
                    if me == 0 {
                        continue;
                    }
                }
            }
        }
        if me != 0 {
            match clock.during(|| receiver.recv()) {
                (Ok(message), span) => received.push((message, span)),
                (Err(_), _) => break,
            }
        }
    }
    (received, empty)
}

fn check(flavour: Flavour, history: &History) {
    let spans: Vec<(Span, Span)> = history
        .sent
        .iter()
        .zip(&history.received)
        .map(|(sent, received)| {
            (
                sent.expect("it was sent"),
                received.expect("it was received"),
            )
        })
        .collect();
    for (message, (sent, received)) in spans.iter().enumerate() {
        assert!(
            received.end > sent.start,
            "{message} came before it was sent"
        );
        if flavour == Flavour::Bounded(0) {
            // They met.
            assert!(sent.end > received.start, "{message} was left behind");
        }
    }
    for order in &history.orders {
        for me in 0..SENDERS {
            let of_one = order.iter().filter(|&&message| message / EACH == me);
            assert!(of_one.is_sorted(), "one sender's messages changed places");
        }
    }
    check_order(&spans);
    check_lengths(flavour, history, &spans);
}

/// A message that was sent before another was begun is not received after that
/// has been.
fn check_order(spans: &[(Span, Span)]) {
    for (first, (sent, received)) in spans.iter().enumerate() {
        for (second, (later_sent, later_received)) in spans.iter().enumerate() {
            assert!(
                later_sent.start < sent.end || received.start < later_received.end,
                "{first} was sent before {second}, and received after it"
            );
        }
    }
}

/// "Empty" and "full" are told only if there is an instant at which that may have
/// been true.
fn check_lengths(flavour: Flavour, history: &History, spans: &[(Span, Span)]) {
    // Certainly in the channel: sent, and nobody has begun to receive it.
    let certainly = |at: u64| {
        let inside = |(sent, received): &&(Span, Span)| sent.end <= at && at < received.start;
        spans.iter().filter(inside).count()
    };
    // Perhaps in the channel: its sending has begun, its receiving not ended.
    let perhaps = |at: u64| {
        let inside = |(sent, received): &&(Span, Span)| sent.start <= at && at < received.end;
        spans.iter().filter(inside).count()
    };
    for span in sample(&history.empty) {
        assert!(
            (span.start..=span.end).any(|at| certainly(at) == 0),
            "told to be empty while there was a message: {span:?}"
        );
    }
    let Some(capacity) = flavour.capacity() else {
        assert!(history.full.is_empty());
        return;
    };
    for span in sample(&history.full) {
        assert!(
            (span.start..=span.end).any(|at| perhaps(at) >= capacity),
            "told to be full while there was room: {span:?}"
        );
    }
}

/// Some of many: looking at one takes as long as there are messages.
fn sample(spans: &[Span]) -> impl Iterator<Item = Span> {
    let step = spans.len() / 300 + 1;
    spans.iter().copied().step_by(step)
}

fn goroutines_on(procs: usize) {
    let _procs = Procs::set(procs);
    for flavour in Flavour::ALL {
        check(flavour, &sortie::run(|| record::<Goroutines>(flavour)));
    }
}

#[test]
fn of_goroutines_on_one_processor() {
    goroutines_on(1);
}

#[test]
fn of_goroutines_on_two_processors() {
    goroutines_on(2);
}

#[test]
fn of_goroutines_on_eight_processors() {
    goroutines_on(8);
}

#[test]
fn of_threads() {
    for flavour in Flavour::ALL {
        check(flavour, &record::<Threads>(flavour));
    }
}

/// The checks find what they are for.
mod self_test {
    use super::*;

    fn span(start: u64, end: u64) -> Span {
        Span { start, end }
    }

    fn history(spans: &[(Span, Span)]) -> History {
        History {
            sent: spans.iter().map(|&(sent, _)| Some(sent)).collect(),
            received: spans.iter().map(|&(_, received)| Some(received)).collect(),
            ..History::default()
        }
    }

    #[test]
    #[should_panic(expected = "came before it was sent")]
    fn received_too_early() {
        check(Flavour::Unbounded, &history(&[(span(4, 6), span(1, 2))]));
    }

    #[test]
    #[should_panic(expected = "received after it")]
    fn out_of_order() {
        let spans = [(span(0, 1), span(6, 7)), (span(2, 3), span(4, 5))];
        check(Flavour::Unbounded, &history(&spans));
    }

    #[test]
    #[should_panic(expected = "told to be empty")]
    fn empty_with_a_message() {
        let mut history = history(&[(span(0, 1), span(6, 7))]);
        history.empty.push(span(2, 3));
        check(Flavour::Unbounded, &history);
    }

    #[test]
    #[should_panic(expected = "told to be full")]
    fn full_with_room() {
        let mut history = history(&[(span(0, 1), span(6, 7))]);
        history.full.push(span(2, 3));
        check(Flavour::Bounded(2), &history);
    }
}
