//! Rooms, of which each execution has a few of its own. Who takes and gives them is no
//! step of a model; which of the free ones he gets is his luck, so a model is run with
//! either.

use super::room::Room;
use crate::base::atomic::known;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

/// Which of the free rooms is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Luck {
    /// The one that was given last.
    Last,
    /// The one that was given first, so mostly another than the lock had before.
    First,
}

/// Rooms from the beginning on.
const ROOMS: usize = 3;

thread_local! {
    static LUCK: Cell<Luck> = const { Cell::new(Luck::Last) };
    /// loom's threads all run on the OS thread of their model.
    static ALL: RefCell<Vec<*mut Room>> = RefCell::default();
    static FREE: RefCell<VecDeque<u32>> = RefCell::default();
}

/// Runs a model with rooms, and with such luck. In the end all rooms are free.
pub(crate) fn with_rooms(luck: Luck, model: impl FnOnce()) {
    LUCK.set(luck);
    // What an execution that failed has left.
    FREE.take();
    ALL.take();
    let numbers = 1..=ROOMS as u32;
    FREE.with_borrow_mut(|free| free.extend(numbers.clone()));
    let new = |number| Box::into_raw(Box::new(known(Room::new(number, 0))));
    ALL.with_borrow_mut(|all| all.extend(numbers.map(new)));
    model();
    assert_eq!(FREE.with_borrow(VecDeque::len), ROOMS, "rooms in use");
    for room in ALL.take() {
        // SAFETY: made by a box, and free.
        drop(unsafe { Box::from_raw(room) });
    }
}

pub(super) fn room(number: u32) -> &'static Room {
    let room = ALL.with_borrow(|all| all[number as usize - 1]);
    // SAFETY: it stays until this execution is over.
    unsafe { &*room }
}

pub(super) fn take() -> &'static Room {
    let number = FREE.with_borrow_mut(|free| match LUCK.get() {
        Luck::Last => free.pop_back(),
        Luck::First => free.pop_front(),
    });
    room(number.expect("a model needs few rooms"))
}

pub(super) fn give(room: &'static Room) {
    FREE.with_borrow_mut(|free| free.push_back(room.number));
}
