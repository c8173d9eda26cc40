//! What dumps say of those who wait for channels.

use crate::parked::until_parked;
use sortie::chan::{Select, bounded, never, select, unbounded};
use sortie::task::JoinHandle;
use std::time::Duration;

/// What a dump says of a goroutine, once it waits for this.
fn record<T>(handle: &JoinHandle<T>, reason: &str) -> String {
    let id = handle.goroutine().id();
    until_parked(id, reason);
    let dump = sortie::runtime::dump().to_string();
    let start = format!("goroutine {id} ");
    let own = dump.split("\n\n").find(|part| part.starts_with(&start));
    own.expect("it is still there").to_owned()
}

#[track_caller]
fn assert_names(record: &str, parked: u32, origin: Option<u32>) {
    let at = |line| format!("channels/dumps.rs:{line}:");
    let line = record
        .lines()
        .find(|line| line.starts_with("parked at"))
        .expect("it is parked");
    let (first, second) = line
        .split_once(", on what was made at ")
        .unwrap_or((line, ""));
    assert!(first.contains(&at(parked)), "{record}");
    match origin {
        Some(origin) => assert!(second.contains(&at(origin)), "{record}"),
        None => assert_eq!(second, "", "{record}"),
    }
}

#[sortie::test]
fn of_receivers() {
    for make in [
        || (bounded::<()>(0), line!()),
        || (bounded(3), line!()),
        || (unbounded(), line!()),
    ] {
        let ((sender, receiver), origin) = make();
        let handle = sortie::go(move || (receiver.recv(), line!()).1);
        let record = record(&handle, "chan receive");
        drop(sender);
        assert_names(&record, handle.join().unwrap(), Some(origin));
    }
}

#[sortie::test]
fn of_receivers_with_a_time_out() {
    let ((sender, receiver), origin) = (bounded::<()>(0), line!());
    let own = receiver.clone();
    let handle = sortie::go(move || (own.recv_timeout(Duration::from_secs(1000)), line!()).1);
    let text = record(&handle, "chan receive");
    sender.send(()).unwrap();
    assert_names(&text, handle.join().unwrap(), Some(origin));
    // By way of an iterator it is its `next` that waits.
    let handle = sortie::go(move || (receiver.iter().next(), line!()).1);
    let text = record(&handle, "chan receive");
    drop(sender);
    assert_names(&text, handle.join().unwrap(), Some(origin));
}

#[sortie::test]
fn of_senders() {
    for capacity in [0, 2] {
        let ((sender, receiver), origin) = (bounded(capacity), line!());
        for _ in 0..capacity {
            sender.send(()).unwrap();
        }
        let handle = sortie::go(move || (sender.send(()), line!()).1);
        let record = record(&handle, "chan send");
        drop(receiver);
        assert_names(&record, handle.join().unwrap(), Some(origin));
    }
}

#[sortie::test]
fn of_selects() {
    let ((sender, receiver), origin) = (bounded::<()>(0), line!());
    let (_other_sender, other) = bounded::<()>(0);
    let own = receiver.clone();
    let handle = sortie::go(move || {
        let line = line!() + 1;
        select! {
            recv(own) -> _ => line,
            recv(other) -> _ => line,
        }
    });
    let text = record(&handle, "select");
    sender.send(()).unwrap();
    // Of several channels none is worth more than the others.
    assert_names(&text, handle.join().unwrap(), None);

    let handle = sortie::go(move || {
        let mut select = Select::new();
        select.recv(&receiver);
        (select.ready(), line!()).1
    });
    let text = record(&handle, "select");
    drop(sender);
    assert_names(&text, handle.join().unwrap(), Some(origin));
}

#[sortie::test]
fn of_those_who_wait_for_ever() {
    // They stay, which harms nobody.
    let handle = sortie::go(|| never::<()>().recv());
    assert!(record(&handle, "chan receive (nil chan)").contains("channels/dumps.rs"));
    let handle = sortie::go(|| Select::new().select_timeout(Duration::MAX).is_ok());
    assert!(record(&handle, "select (no cases)").contains("channels/dumps.rs"));
}

#[sortie::test]
fn of_a_receiver_that_waits_for_a_promise() {
    let (sender, receiver) = bounded(0);
    let (tell, told) = bounded::<()>(0);
    let waits = sortie::go(move || receiver.recv());
    record(&waits, "chan receive");
    let (chosen, when_chosen) = bounded::<()>(0);
    let sends = sortie::go(move || {
        let message = || {
            chosen.send(()).unwrap();
            told.recv().unwrap();
        };
        select! { send(sender, message()) -> result => result.unwrap() }
    });
    when_chosen.recv().unwrap();
    record(&waits, "chan receive");
    tell.send(()).unwrap();
    sends.join().unwrap();
    assert_eq!(waits.join().unwrap(), Ok(()));
}
