//! Readiness: whoever has tried in vain hears of the next event.
//!
//! * *Who reads* notes the number of events, tries, and waits if it has not changed, which
//!   is looked at with the lock held before standing in the queue.
//! * *The poller* counts an event and ends the first wait, with the lock held: that gives
//!   him the turn. Who was done, or failed but for want of something, passes it on.
//! * *Who changes the limit* ends all waits; closing is such a change.
//!
//! The descriptor is a number of bytes, which are there before the event comes. At its end
//! all have something to read.
//!
//! Checked: nobody waits for ever for what is there, or when it was closed; all bytes are
//! read; the end is told to all, by one event; a turn that comes together with a time-out
//! or a new limit is not lost.
//!
//! Seen to fail: when the turn is not passed on; when who waits does not look at the number
//! of events with the lock held.

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
    /// 1 when there will be no more.
    ended: AtomicUsize,
    readiness: Readiness,
}

impl Socket {
    fn new() -> Arc<Self> {
        Arc::new(known(Socket {
            bytes: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
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

    /// Reads one byte, or finds the end.
    fn read(&self, deadline: u64) -> Result<(), Refused> {
        let place = Place {
            reason: WaitReason::IoWait,
            location: Location::caller(),
            origin: None,
        };
        let mut turn = self.readiness.turn();
        loop {
            let seen = self.readiness.begin()?;
            if self.try_read() || self.ended.load(Ordering::Acquire) == 1 {
                return Ok(());
            }
            turn.end();
            let until = Until::deadline(deadline);
            turn.begin(self.readiness.wait((seen, turn.place()), until, place)?);
        }
    }

    /// Bytes arrive, and the poller tells.
    fn arrive(&self, bytes: usize) {
        self.bytes.fetch_add(bytes, Ordering::AcqRel);
        self.tell();
    }

    /// No more bytes will come.
    fn end(&self) {
        self.ended.store(1, Ordering::Release);
        self.tell();
    }

    fn tell(&self) {
        let mut ready = ToReady::new();
        self.readiness.notify(&mut ready);
        drop(ready);
    }
}

#[test]
fn two_read_what_arrives_at_once() {
    explore_bounded("readiness, two readers", 2, || {
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

#[test]
fn the_end_concerns_all() {
    explore_bounded("readiness, the end", 2, || {
        let socket = Socket::new();
        let readers = [(); 2].map(|()| {
            let socket = socket.clone();
            thread::spawn(move || socket.read(NEVER).unwrap())
        });
        socket.end();
        let _ = readers.map(|reader| reader.join().unwrap());
        deadlock::nobody_waits();
    });
}

/// One gives up while the event comes, which is about what the other waits for.
#[test]
fn who_gives_up_does_not_take_the_turn_along() {
    explore_bounded("readiness, one gives up", 2, || {
        let socket = Socket::new();
        let reads = socket.clone();
        let hasty = thread::spawn(move || reads.read(SOON));
        let reads = socket.clone();
        let patient = thread::spawn(move || reads.read(NEVER));
        // One byte for each who reads: the hasty one may leave his.
        socket.arrive(2);
        patient.join().unwrap().unwrap();
        let gave_up = hasty.join().unwrap().is_err();
        let left = socket.bytes.load(Ordering::Acquire);
        assert_eq!(left, usize::from(gave_up));
        deadlock::nobody_waits();
    });
}

/// Changing the limit ends the waits of all, also of who has the turn.
#[test]
fn a_new_limit_while_bytes_arrive() {
    explore_bounded("readiness, a new limit", 2, || {
        let socket = Socket::new();
        let readers = [(); 2].map(|()| {
            let socket = socket.clone();
            thread::spawn(move || socket.read(NEVER))
        });
        let changes = socket.clone();
        let changer = thread::spawn(move || changes.readiness.set_limit(SOON));
        socket.arrive(2);
        changer.join().unwrap();
        let mut left = 0;
        for reader in readers {
            // In a model time passes when somebody waits for it.
            if let Err(refused) = reader.join().unwrap() {
                assert_eq!(refused, Refused::Expired);
                left += 1;
            }
        }
        assert_eq!(socket.bytes.load(Ordering::Acquire), left);
        deadlock::nobody_waits();
    });
}
