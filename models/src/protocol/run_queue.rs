//! The run queue: its owner against thieves.
//!
//! * *The owner* pushes at the tail, pops at the head, and takes half out when the
//!   ring is full.
//! * *A thief* copies half of the entries into its own ring, and then moves the head
//!   past them. If it has moved meanwhile, what was copied is void.
//!
//! Checked: every entry is taken once, by somebody who sees what was written to it
//! before it was pushed; also when slots are used again while a thief reads them.
//!
//! Seen to fail: with a `Relaxed` store of the tail; when `steal_into` reads the
//! tail `Relaxed`; when `pop` stores the head instead of exchanging it; when the
//! owner pushes into a full ring; when `spill` does not care whether its exchange
//! succeeded. Not to be seen with loom: that `push` must read the
//! head with `Acquire`, lest a thief reads what is only pushed later.

use super::{Watched, explore, explore_bounded};
use crate::base::atomic::known;
use crate::base::run_queue::RunQueue;
use loom::thread;
use std::ptr::NonNull;
use std::sync::Arc;

/// What is queued.
type Entry = Watched<u32>;

const PUSHED: u32 = 1;
const TAKEN: u32 = 2;

/// A queue of which entries are taken, and entries for it.
struct Model<const N: usize> {
    queue: RunQueue<Entry, N>,
    entries: Vec<Entry>,
}

impl<const N: usize> Model<N> {
    fn new(entries: usize) -> Arc<Self> {
        Arc::new(Model {
            queue: known(RunQueue::new()),
            entries: (0..entries).map(|_| Watched::new(0)).collect(),
        })
    }

    /// Pushes an entry, as the owner. If there is no room takes half out first.
    fn push(&self, index: usize) {
        let entry = &self.entries[index];
        entry.change(|state| *state = PUSHED);
        let mut refused = Some(NonNull::from(entry));
        while let Some(entry) = refused {
            // SAFETY: called by the owner, here and below.
            refused = unsafe { self.queue.push(entry) }.err();
            if refused.is_some() {
                // SAFETY: as above.
                unsafe { self.queue.spill(take) };
            }
        }
    }

    /// Pops an entry, as the owner.
    fn pop(&self) -> bool {
        // SAFETY: called by the owner.
        unsafe { self.queue.pop() }.map(take).is_some()
    }

    /// Steals, and takes all that was stolen.
    fn steal(&self) {
        let own = known(RunQueue::<Entry, N>::new());
        // SAFETY: our own queue, and empty, here and below.
        if let Some(entry) = unsafe { self.queue.steal_into(&own) } {
            take(entry);
            // SAFETY: as above.
            while let Some(entry) = unsafe { own.pop() } {
                take(entry);
            }
        }
    }

    /// Takes what is left, and checks that nothing was lost.
    fn finish(&self) {
        while let Some(first) = self.queue.first_index() {
            assert!(self.pop(), "there is a first entry");
            assert_ne!(self.queue.first_index(), Some(first), "it was taken");
        }
        assert!(!self.pop());
        assert!(self.queue.is_empty());
        for entry in &self.entries {
            entry.look(|state| assert_eq!(*state, TAKEN, "lost"));
        }
    }
}

fn take(entry: NonNull<Entry>) {
    // SAFETY: entries live as long as the model.
    let entry = unsafe { entry.as_ref() };
    let before = entry.change(|state| std::mem::replace(state, TAKEN));
    assert_eq!(before, PUSHED, "taken twice");
}

#[test]
fn owner_against_thief() {
    explore("run queue, owner against thief", || {
        let model = Model::<4>::new(3);
        model.push(0);
        let thief = {
            let model = model.clone();
            thread::spawn(move || model.steal())
        };
        model.push(1);
        model.push(2);
        model.pop();
        thief.join().unwrap();
        model.finish();
    });
}

#[test]
fn owner_against_two_thieves() {
    explore_bounded("run queue, two thieves", 2, || {
        let model = Model::<4>::new(4);
        for index in 0..3 {
            model.push(index);
        }
        let thieves = [(); 2].map(|()| {
            let model = model.clone();
            thread::spawn(move || model.steal())
        });
        model.pop();
        model.push(3);
        for thief in thieves {
            thief.join().unwrap();
        }
        model.finish();
    });
}

#[test]
fn slots_are_used_again() {
    explore("run queue, slots used again", || {
        let model = Model::<2>::new(4);
        model.push(0);
        model.push(1);
        let thief = {
            let model = model.clone();
            thread::spawn(move || model.steal())
        };
        model.pop();
        model.push(2);
        model.pop();
        model.push(3);
        thief.join().unwrap();
        model.finish();
    });
}

#[test]
fn a_full_queue_spills() {
    explore("run queue, overflow", || {
        let model = Model::<2>::new(4);
        let thief = {
            let model = model.clone();
            thread::spawn(move || model.steal())
        };
        for index in 0..4 {
            model.push(index);
        }
        thief.join().unwrap();
        model.finish();
    });
}
