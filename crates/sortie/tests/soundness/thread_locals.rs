//! `thread_local!` variables: one per goroutine, with an address that stays.

use crate::common::{move_about, on_goroutines};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

thread_local! {
    static LIST: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    static NUMBER: Cell<usize> = const { Cell::new(7) };
    static LAZY: RefCell<String> = RefCell::new("fresh".to_string());
    static LARGE: RefCell<[u64; 600]> = const { RefCell::new([3; 600]) };
    static SHARED: Rc<Cell<usize>> = Rc::new(Cell::new(0));
}

#[test]
fn a_borrow_is_held_across_parks_on_many_threads() {
    on_goroutines(100, |index| {
        LIST.with(|list| {
            let mut list = list.borrow_mut();
            let address = std::ptr::from_ref(&*list).addr();
            for round in 0..5 {
                list.push(index * 10 + round);
                move_about(2);
                assert_eq!(std::ptr::from_ref(&*list).addr(), address);
            }
            let expected: Vec<_> = (0..5).map(|round| index * 10 + round).collect();
            assert_eq!(*list, expected);
        });
        LIST.with_borrow(|list| assert_eq!(list.len(), 5));
    });
}

#[test]
fn every_goroutine_starts_with_initial_values() {
    // More goroutines than stacks are cached, so that stacks are used again.
    on_goroutines(2000, |index| {
        assert_eq!(NUMBER.get(), 7);
        LAZY.with_borrow(|text| assert_eq!(text, "fresh"));
        LARGE.with_borrow(|array| assert!(array.iter().all(|&value| value == 3)));
        NUMBER.set(index);
        LAZY.with_borrow_mut(|text| *text = index.to_string());
        LARGE.with_borrow_mut(|array| array.fill(index as u64));
        sortie::yield_now();
        assert_eq!(NUMBER.get(), index);
        LAZY.with_borrow(|text| assert_eq!(*text, index.to_string()));
        LARGE.with_borrow(|array| assert!(array.iter().all(|&value| value == index as u64)));
    });
}

#[test]
fn an_rc_from_a_thread_local_stays_with_its_goroutine() {
    on_goroutines(50, |_| {
        let mine = SHARED.with(Rc::clone);
        for _ in 0..5 {
            mine.set(mine.get() + 1);
            move_about(1);
            let again = SHARED.with(Rc::clone);
            assert!(Rc::ptr_eq(&mine, &again));
            assert_eq!(Rc::strong_count(&mine), 3);
        }
        assert_eq!(SHARED.with(|shared| shared.get()), 5);
    });
}

#[test]
fn the_thread_that_calls_run_keeps_its_own() {
    NUMBER.set(1);
    sortie::run(|| {
        assert_eq!(NUMBER.get(), 7);
        NUMBER.set(2);
        move_about(1);
        assert_eq!(NUMBER.get(), 2);
    });
    assert_eq!(NUMBER.get(), 1);
}
