//! Readiness: whoever has tried in vain hears of the next event.
//!
//! * *Who reads* notes the number of events, tries, and waits if it has not changed, which
//!   is looked at with the lock held before standing in the queue.
//! * *The poller* counts an event and ends all waits, with the lock held.
//! * *Who changes the limit* ends all waits too; closing is such a change.
//!
//! The descriptor is a number of bytes, which are there before the event comes.
//!
//! Checked: nobody waits for ever for what is there, or when it was closed; all bytes are
//! read.

use super::explore_bounded;
use crate::base::atomic::{AtomicUsize, Ordering, known};
use crate::base::clock::NEVER;
use crate::goroutine::WaitReason;
use crate::park::Place;
use crate::park::readiness::{Readiness, Refused};
use crate::park::wait_queue::{ToReady, Until};
use crate::sched::deadlock;
use loom::thread;
use std::panic::Location;
use std::sync::Arc;

const SOON: u64 = 1_000;

/// A descriptor, and who waits for it.
#[derive(Debug)]
struct Socket {
    bytes: AtomicUsize,
    readiness: Readiness,
}

impl Socket {
    fn new() -> Arc<Self> {
        Arc::new(known(Socket {
            bytes: AtomicUsize::new(0),
            readiness: Readiness::new(),
        }))
    }

    fn try_read(&self) -> bool {
        let bytes = self.bytes.load(Ordering::Acquire);
        bytes > 0
            && (self.bytes)
                .compare_exchange(bytes, bytes - 1, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok()
            || bytes > 1 && self.try_read()
    }

    /// Reads one byte.
    fn read(&self, deadline: u64) -> Result<(), Refused> {
        let place = Place {
            reason: WaitReason::IoWait,
            location: Location::caller(),
            origin: None,
        };
        loop {
            let seen = self.readiness.begin()?;
            if self.try_read() {
                return Ok(());
            }
            self.readiness
                .wait(seen, Until::deadline(deadline), place)?;
        }
    }

    /// Bytes arrive, and the poller tells.
    fn arrive(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::AcqRel);
        let mut ready = ToReady::new();
        self.readiness.notify(&mut ready);
        drop(ready);
    }
}

#[test]
fn two_read_what_arrives_at_once() {
    explore_bounded("readiness, two readers", 3, || {
        let socket = Socket::new();
        let readers = [(); 2].map(|()| {
            let socket = socket.clone();
            thread::spawn(move || socket.read(NEVER).unwrap())
        });
        socket.arrive(2);
        let _ = readers.map(|reader| reader.join().unwrap());
        deadlock::nobody_waits();
    });
}

#[test]
fn one_reads_what_arrives_in_parts() {
    explore_bounded("readiness, one reader", 4, || {
        let socket = Socket::new();
        let reads = socket.clone();
        let reader = thread::spawn(move || reads.read(NEVER).and_then(|()| reads.read(NEVER)));
        socket.arrive(1);
        socket.arrive(1);
        reader.join().unwrap().unwrap();
        deadlock::nobody_waits();
    });
}

#[test]
fn closing_ends_the_wait() {
    explore_bounded("readiness, closed", 4, || {
        let socket = Socket::new();
        let reads = socket.clone();
        let reader = thread::spawn(move || reads.read(NEVER));
        socket.readiness.close();
        assert_eq!(reader.join().unwrap(), Err(Refused::Closed));
        assert!(socket.readiness.is_closed());
        deadlock::nobody_waits();
    });
}

#[test]
fn time_runs_out_while_bytes_arrive() {
    explore_bounded("readiness, in time", 3, || {
        let socket = Socket::new();
        let reads = socket.clone();
        let reader = thread::spawn(move || reads.read(SOON));
        socket.arrive(1);
        let read = reader.join().unwrap();
        let left = socket.bytes.load(Ordering::Acquire);
        match read {
            Ok(()) => assert_eq!(left, 0),
            Err(refused) => assert_eq!((refused, left), (Refused::TimedOut, 1)),
        }
        deadlock::nobody_waits();
    });
}
