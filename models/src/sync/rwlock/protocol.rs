//! The reader-writer lock: a word, shards for readers, and a room for those who wait.
//!
//! What is modelled is told in the lock's own files. Checked: a writer is alone inside and
//! sees what others did, readers see what writers did, nobody writes while somebody
//! upgrades or downgrades, and nobody waits for ever, whoever gives up; in the end the
//! lock is free and has no room, whichever rooms there were.
//!
//! Seen to fail: when a flag is cleared after the room was detached, or not at all; when a
//! reader, or a writer who leaves in either way, uses `Relaxed`; when who leaves last
//! cannot see the room; when a reader in a shard does not look whether there are shards still.

use super::super::pool::{self, Luck};
use super::super::raw_mutex::Afterwards;
use super::super::room::Role;
use super::raw::{CROWDED, READER, RawRwLock, SHARDED};
use super::writers::Keep;
use crate::base::atomic::{Ordering, known};
use crate::base::clock::NEVER;
use crate::park::wait_queue::Until;
use crate::protocol::{Watched, explore_bounded, explore_consistent};
use crate::sched::deadlock;
use loom::thread::{self, JoinHandle};
use std::panic::Location;
use std::sync::Arc;

/// A deadline that is not now.
const SOON: u64 = 1_000;

/// A lock, and what it protects.
#[derive(Debug)]
struct Library {
    lock: RawRwLock,
    books: Watched<u32>,
}

impl Library {
    fn new() -> Arc<Self> {
        Arc::new(known(Library {
            lock: RawRwLock::new(),
            books: Watched::default(),
        }))
    }

    /// Readers are counted in shards from now on.
    fn shard(&self) {
        self.lock.take_up_shards();
    }

    /// So many have come by the word and left by a shard that the next leaves by the
    /// word.
    fn crowd(&self) {
        self.shard();
        self.lock.word.fetch_add(CROWDED, Ordering::AcqRel);
        let readers = (CROWDED / READER) as usize;
        self.lock.shards.own().many_leave(readers);
    }

    fn come_to_read(&self, recursive: bool, deadline: u64) -> bool {
        let until = Until::deadline(deadline);
        let slow = || self.lock.read_slow(recursive, until, Location::caller());
        self.lock.try_read() || slow().is_ok()
    }

    fn look_and_leave(&self) -> u32 {
        let books = self.books.look(|books| *books);
        // SAFETY: the caller has come in.
        unsafe { self.lock.read_release() };
        books
    }

    fn read(&self, deadline: u64) -> bool {
        let inside = self.come_to_read(false, deadline);
        if inside {
            self.look_and_leave();
        }
        inside
    }

    fn come_to_write(&self, deadline: u64) -> bool {
        let until = Until::deadline(deadline);
        self.lock.try_write() || self.lock.write_slow(until, Location::caller()).is_ok()
    }

    fn add(&self) {
        self.books.change(|books| *books += 1);
    }

    fn write(&self, deadline: u64) -> bool {
        let inside = self.come_to_write(deadline);
        if inside {
            self.add();
            // SAFETY: the caller has come in.
            unsafe { self.lock.write_release() };
        }
        inside
    }

    /// As [`write`](Self::write), and hands it over.
    fn write_fairly(&self) {
        assert!(self.come_to_write(NEVER));
        self.add();
        self.lock.end_claim(Keep::Nothing, true, Afterwards::GoOn);
    }

    fn come_as_upgradable(&self) {
        let (until, place) = (Until::GRANTED, Location::caller());
        let claimed = self.lock.claim_slow(Role::Upgradable, until, place);
        assert!(claimed.is_ok());
    }

    fn upgrade(&self, deadline: u64) -> bool {
        let (until, place) = (Until::deadline(deadline), Location::caller());
        // SAFETY: the caller is the upgradable reader.
        unsafe { self.lock.upgrade_slow(until, place) }.is_ok()
    }

    fn end(&self, keep: Keep) {
        self.lock.end_claim(keep, false, Afterwards::GoOn);
    }

    fn start<R: 'static>(
        self: &Arc<Self>,
        f: impl FnOnce(&Self) -> R + Send + 'static,
    ) -> JoinHandle<R> {
        let library = self.clone();
        thread::spawn(move || f(&library))
    }

    /// Reads twice at the same time, while somebody wants to write.
    fn read_twice(self: &Arc<Self>) {
        let writer = self.start(|library| library.write(NEVER));
        assert!(self.come_to_read(false, NEVER));
        assert!(self.come_to_read(true, NEVER));
        let first = self.look_and_leave();
        assert_eq!(self.look_and_leave(), first);
        assert!(writer.join().unwrap());
        self.is_settled(1);
    }

    /// All is as in the beginning, but for so many books.
    fn is_settled(&self, books: u32) {
        let word = self.lock.word.load(Ordering::Relaxed);
        if word & SHARDED == 0 {
            assert_eq!(word, 0);
        }
        // This looks at the flags too.
        assert!(self.lock.try_write(), "somebody seems to be inside");
        self.books.look(|seen| assert_eq!(*seen, books));
        // SAFETY: it was locked just now.
        unsafe { self.lock.write_release() };
        deadlock::nobody_waits();
    }
}

/// Explores with either luck. Without shards all that matters happens to one word.
fn explore(name: &str, preemptions: usize, model: impl Fn() + Copy + Send + Sync + 'static) {
    for luck in [Luck::Last, Luck::First] {
        let name = format!("rwlock, {name}, {luck:?}");
        explore_bounded(&name, preemptions, move || pool::with_rooms(luck, model));
    }
}

/// The same with shards.
fn explore_shards(name: &str, preemptions: usize, model: impl Fn() + Copy + Send + Sync + 'static) {
    for luck in [Luck::Last, Luck::First] {
        let name = format!("rwlock, {name}, {luck:?}");
        explore_consistent(&name, preemptions, move || pool::with_rooms(luck, model));
    }
}

#[test]
fn one_reads_and_one_writes() {
    explore("one reads, one writes", 3, || {
        let library = Library::new();
        let other = library.start(|library| library.read(NEVER) && library.write(NEVER));
        assert!(library.write(NEVER) && library.read(NEVER));
        assert!(other.join().unwrap());
        library.is_settled(2);
    });
}

#[test]
fn two_read_and_one_writes() {
    explore("two read, one writes", 1, || {
        let library = Library::new();
        let others = [(); 2].map(|()| library.start(|library| library.read(NEVER)));
        assert!(library.write(NEVER));
        let _ = others.map(|other| assert!(other.join().unwrap()));
        library.is_settled(1);
    });
}

#[test]
fn two_write_and_one_reads() {
    explore("two write, one reads", 2, || {
        let library = Library::new();
        let others = [(); 2].map(|()| library.start(|library| library.write(NEVER)));
        assert!(library.read(NEVER));
        let _ = others.map(|other| assert!(other.join().unwrap()));
        library.is_settled(2);
    });
}

#[test]
fn in_shards() {
    explore_shards("in shards", 3, || {
        let library = Library::new();
        library.shard();
        let other = library.start(|library| library.read(NEVER));
        assert!(library.write(NEVER));
        assert!(other.join().unwrap());
        library.is_settled(1);
    });
}

/// Somebody comes by himself, after another was sent to try.
#[test]
fn one_comes_by_himself() {
    explore("by himself", 2, || {
        let library = Library::new();
        assert!(library.come_to_write(NEVER));
        let waits = library.start(|library| library.write(NEVER));
        let comes = library.start(|library| {
            if library.lock.try_read() {
                library.look_and_leave();
            }
        });
        library.add();
        library.end(Keep::Nothing);
        comes.join().unwrap();
        assert!(waits.join().unwrap());
        library.is_settled(2);
    });
}

/// Somebody comes in by the word, and leaves by a shard.
#[test]
fn in_shards_from_now_on() {
    explore_shards("in shards from now on", 3, || {
        let library = Library::new();
        let writer = library.start(|library| library.write(NEVER));
        assert!(library.come_to_read(false, NEVER));
        library.shard();
        library.look_and_leave();
        assert!(writer.join().unwrap());
        library.is_settled(1);
    });
}

/// A writer gives up the shards, while readers come and leave by either way. A reader takes
/// them up, so that he comes by the word and leaves by a shard.
#[test]
fn given_up() {
    explore_shards("given up", 2, || {
        let library = Library::new();
        library.lock.shards.shun();
        let other = library.start(|library| library.read(NEVER) && library.read(NEVER));
        assert!(library.come_to_read(false, NEVER));
        library.shard();
        library.look_and_leave();
        assert!(library.write(NEVER));
        assert!(other.join().unwrap());
        library.is_settled(1);
        assert!(!library.lock.shards.are_used());
        assert_eq!(library.lock.word.load(Ordering::Relaxed), 0);
    });
}

/// The same, and they are taken up again at once.
#[test]
fn given_up_and_taken_up() {
    explore_shards("given up and taken up", 1, || {
        let library = Library::new();
        library.shard();
        library.lock.shards.shun();
        let reader = library.start(|library| library.read(NEVER));
        let again = library.start(|library| {
            assert!(library.come_to_read(false, NEVER));
            library.shard();
            library.look_and_leave();
            library.write(NEVER)
        });
        assert!(library.write(NEVER));
        assert!(reader.join().unwrap() && again.join().unwrap());
        library.is_settled(2);
    });
}

/// A reader reads again while a writer who waits for him will give up the shards.
#[test]
fn given_up_beside_who_reads_again() {
    explore_shards("given up, reading again", 2, || {
        let library = Library::new();
        library.shard();
        library.lock.shards.shun();
        library.read_twice();
    });
}

/// Who comes by a shard leaves by the word, or the other way round.
#[test]
fn leaving_by_the_word() {
    explore_shards("leaving by the word", 3, || {
        let library = Library::new();
        library.crowd();
        library.read_twice();
    });
}

/// A reader reads again, whoever waits.
#[test]
fn reading_again() {
    explore("reading again", 3, || {
        Library::new().read_twice();
    });
}

/// Writers hand it over, while somebody reads.
#[test]
fn handed_over() {
    explore("handed over", 2, || {
        let library = Library::new();
        let others = [(); 2].map(|()| library.start(Library::write_fairly));
        assert!(library.read(NEVER));
        let _ = others.map(|other| other.join().unwrap());
        library.is_settled(2);
    });
}

/// It is handed over to an upgradable reader, and somebody comes for it then.
#[test]
fn handed_over_to_an_upgradable_reader() {
    explore("handed over, upgradable", 2, || {
        let library = Library::new();
        let upgradable = library.start(|library| {
            library.come_as_upgradable();
            library.books.look(|_| ());
            library.end(Keep::Nothing);
        });
        let writer = library.start(Library::write_fairly);
        library.write_fairly();
        upgradable.join().unwrap();
        writer.join().unwrap();
        library.is_settled(2);
    });
}

#[test]
fn upgrading() {
    explore("upgrading", 1, || {
        let library = Library::new();
        let upgradable = library.start(|library| {
            library.come_as_upgradable();
            let before = library.books.look(|books| *books);
            assert!(library.upgrade(NEVER));
            // Nobody has written in between.
            library.books.look(|books| assert_eq!(*books, before));
            library.add();
            library.end(Keep::Nothing);
        });
        let reader = library.start(|library| library.read(NEVER));
        assert!(library.write(NEVER));
        upgradable.join().unwrap();
        assert!(reader.join().unwrap());
        library.is_settled(2);
    });
}

/// Time runs out for who upgrades: he is an upgradable reader still.
#[test]
fn upgrading_in_time() {
    explore("upgrading in time", 1, || {
        let library = Library::new();
        let upgradable = library.start(|library| {
            library.come_as_upgradable();
            let upgraded = library.upgrade(SOON);
            if upgraded {
                library.add();
            }
            library.end(Keep::Nothing);
            upgraded
        });
        let reader = library.start(|library| library.read(NEVER));
        assert!(library.read(NEVER));
        assert!(reader.join().unwrap());
        let books = u32::from(upgradable.join().unwrap());
        library.is_settled(books);
    });
}

#[test]
fn downgrading() {
    for keep in [Keep::Reader, Keep::Upgradable] {
        for writes in [false, true] {
            let other = if writes { "writes" } else { "reads" };
            let name = format!("downgrading, {keep:?}, another {other}");
            explore(&name, 3, move || {
                let library = Library::new();
                let other = library.start(move |library| {
                    if writes {
                        library.write(NEVER)
                    } else {
                        library.read(NEVER)
                    }
                });
                assert!(library.come_to_write(NEVER));
                library.add();
                let books = library.books.look(|books| *books);
                library.end(keep);
                // Nobody has written in between.
                if keep == Keep::Reader {
                    assert_eq!(library.look_and_leave(), books);
                } else {
                    library.books.look(|seen| assert_eq!(*seen, books));
                    library.end(Keep::Nothing);
                }
                assert!(other.join().unwrap());
                library.is_settled(1 + u32::from(writes));
            });
        }
    }
}

/// Time runs out for a writer, who may have claimed it.
#[test]
fn a_writer_gives_up() {
    explore("a writer gives up", 1, || {
        let library = Library::new();
        let hasty = library.start(|library| library.write(SOON));
        let reader = library.start(|library| library.read(NEVER));
        assert!(library.read(NEVER));
        assert!(reader.join().unwrap());
        let books = u32::from(hasty.join().unwrap());
        library.is_settled(books);
    });
}

/// Time runs out for one of two writers.
#[test]
fn one_of_two_writers_gives_up() {
    explore("one of two writers gives up", 2, || {
        let library = Library::new();
        let hasty = library.start(|library| library.write(SOON));
        let patient = library.start(|library| library.write(NEVER));
        library.write_fairly();
        assert!(patient.join().unwrap());
        let books = 2 + u32::from(hasty.join().unwrap());
        library.is_settled(books);
    });
}

#[test]
fn a_reader_gives_up() {
    explore("a reader gives up", 1, || {
        let library = Library::new();
        let hasty = library.start(|library| library.read(SOON));
        let patient = library.start(|library| library.read(NEVER));
        assert!(library.write(NEVER));
        assert!(patient.join().unwrap());
        hasty.join().unwrap();
        library.is_settled(1);
    });
}
