//! `thread_local!`: one set a fiber, at one address for all its life.

use crate::threads::{Worker, os_thread};
use sortie_fiber::{Fiber, Progress, Suspender};
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

thread_local! {
    static INITIALISED: Cell<u64> = const { Cell::new(0x1234_5678_9abc_def0) };
    static LIST: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
    static LAZY: String = {
        MADE.fetch_add(1, Ordering::SeqCst);
        format!("made {}", "lazily")
    };
    static LARGE: RefCell<[u8; 40_000]> = const { RefCell::new([3; 40_000]) };
}

/// Asks for more than a control block does.
#[repr(align(512))]
struct Aligned(Cell<u8>);

thread_local! {
    static ALIGNED: Aligned = const { Aligned(Cell::new(5)) };
}

static MADE: AtomicUsize = AtomicUsize::new(0);

#[test]
fn a_fiber_begins_with_initial_values() {
    INITIALISED.set(1);
    LIST.with_borrow_mut(|list| list.push(1));
    LARGE.with_borrow_mut(|large| large.fill(9));
    let mut fiber = Fiber::<(), (), ()>::new(|_, ()| {
        assert_eq!(INITIALISED.get(), 0x1234_5678_9abc_def0);
        LIST.with_borrow(|list| assert!(list.is_empty()));
        LARGE.with_borrow(|large| assert!(large.iter().all(|&byte| byte == 3)));
        INITIALISED.set(2);
        LIST.with_borrow_mut(|list| list.push(2));
        LARGE.with_borrow_mut(|large| large.fill(8));
    })
    .unwrap();
    assert_eq!(fiber.resume(()), Progress::Returned(()));
    assert_eq!(INITIALISED.get(), 1);
    assert_eq!(LIST.take(), [1]);
    LARGE.with_borrow(|large| assert!(large.iter().all(|&byte| byte == 9)));
}

#[test]
fn the_next_fiber_on_a_stack_begins_with_initial_values() {
    for round in 0..1000 {
        let mut fiber = Fiber::<(), (), ()>::new(move |_, ()| {
            assert_eq!(INITIALISED.replace(round), 0x1234_5678_9abc_def0);
            LIST.with_borrow_mut(|list| {
                assert!(list.is_empty());
                list.push(round);
            });
            LARGE.with_borrow_mut(|large| assert_eq!(std::mem::take(&mut large[39_999]), 3));
        })
        .unwrap();
        assert_eq!(fiber.resume(()), Progress::Returned(()));
    }
}

#[test]
fn fibers_side_by_side_have_variables_of_their_own() {
    let mut addresses = HashSet::new();
    let mut fibers: Vec<_> = (0..100u64)
        .map(|number| {
            Fiber::new(move |suspender: &Suspender<(), usize>, ()| {
                let address = INITIALISED.with(|value| std::ptr::from_ref(value).addr());
                INITIALISED.set(number);
                for round in 0..3 {
                    LIST.with_borrow_mut(|list| list.push(number * 10 + round));
                    suspender.suspend(address);
                    assert_eq!(INITIALISED.get(), number);
                }
                LIST.take()
            })
            .unwrap()
        })
        .collect();
    for round in 0..3 {
        for fiber in &mut fibers {
            let Progress::Suspended(address) = fiber.resume(()) else {
                panic!("it suspends three times");
            };
            assert_eq!(addresses.insert(address), round == 0);
        }
    }
    for (number, fiber) in (0..).zip(&mut fibers) {
        let list: Vec<u64> = (0..3).map(|round| number * 10 + round).collect();
        assert_eq!(fiber.resume(()), Progress::Returned(list));
    }
}

#[test]
fn a_borrow_is_held_while_the_fiber_moves() {
    let workers: Vec<Worker> = (0..4).map(|_| Worker::start()).collect();
    let mut fiber = Fiber::<u64, i32, Vec<u64>>::new(|suspender, first| {
        LIST.with(|list| {
            let mut held = list.borrow_mut();
            held.push(first);
            for _ in 0..11 {
                let input = suspender.suspend(os_thread());
                assert!(list.try_borrow().is_err(), "the borrow is lost");
                held.push(input);
            }
            std::mem::take(&mut *held)
        })
    })
    .unwrap();
    let mut seen = HashSet::new();
    for round in 0..11 {
        let worker = &workers[round % workers.len()];
        // The thread's own is not what is borrowed.
        worker.run(|| LIST.with_borrow_mut(|list| list.push(77)));
        let (moved, progress) = worker.resume(fiber, round as u64);
        fiber = moved;
        let thread = worker.run(os_thread);
        assert_eq!(progress, Progress::Suspended(thread));
        seen.insert(thread);
    }
    assert_eq!(seen.len(), workers.len(), "it did not move");
    let expected: Vec<u64> = (0..12).collect();
    assert_eq!(fiber.resume(11), Progress::Returned(expected));
}

#[test]
fn lazy_variables_are_made_once_a_fiber() {
    let workers = [Worker::start(), Worker::start()];
    let before = MADE.load(Ordering::SeqCst);
    for _ in 0..10 {
        let mut fiber = Fiber::<(), usize, usize>::new(|suspender, ()| {
            let here = || LAZY.with(|text| text.as_ptr().addr());
            let first = here();
            suspender.suspend(first);
            assert_eq!(here(), first);
            suspender.suspend(here());
            here()
        })
        .unwrap();
        let (mut seen, mut round) = (HashSet::new(), 0);
        loop {
            let progress;
            (fiber, progress) = workers[round % 2].resume(fiber, ());
            round += 1;
            match progress {
                Progress::Suspended(address) => seen.insert(address),
                Progress::Returned(address) => break assert!(seen.contains(&address)),
            };
        }
        assert_eq!((seen.len(), round), (1, 3));
    }
    assert_eq!(MADE.load(Ordering::SeqCst), before + 10);
}

#[test]
fn variables_are_aligned_as_they_ask() {
    let mut fibers: Vec<_> = (0..20)
        .map(|number| {
            Fiber::<(), (), ()>::with_stack_size(number * 5000, |suspender, ()| {
                ALIGNED.with(|aligned| {
                    assert!(std::ptr::from_ref(aligned).addr().is_multiple_of(512));
                    assert_eq!(aligned.0.replace(6), 5);
                    suspender.suspend(());
                    assert_eq!(aligned.0.get(), 6);
                });
            })
            .unwrap()
        })
        .collect();
    for progress in [Progress::Suspended(()), Progress::Returned(())] {
        for fiber in &mut fibers {
            assert_eq!(fiber.resume(()), progress);
        }
    }
}
