//! Everything at once, from goroutines and threads.

use crate::procs::Procs;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sortie::context::{CancelFn, Context, ContextError, StopFn};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What several have in their hands at the same time.
#[derive(Default)]
struct Table {
    contexts: Mutex<Vec<Context>>,
    cancels: Mutex<Vec<Arc<CancelFn>>>,
    stops: Mutex<Vec<StopFn>>,
}

struct Player<'a> {
    table: &'a Table,
    random: StdRng,
    /// Functions that were passed, and that were called or stopped.
    passed: &'a AtomicUsize,
    settled: &'static AtomicUsize,
}

impl Player<'_> {
    fn pick<T: Clone>(&mut self, list: &Mutex<Vec<T>>) -> Option<T> {
        let list = list.lock().unwrap();
        (!list.is_empty()).then(|| list[self.random.random_range(0..list.len())].clone())
    }

    /// Takes one away, if there are many.
    fn take<T>(&mut self, list: &Mutex<Vec<T>>, many: usize) -> Option<T> {
        let mut list = list.lock().unwrap();
        (list.len() > many).then(|| {
            let index = self.random.random_range(0..list.len());
            list.swap_remove(index)
        })
    }

    fn turn(&mut self) {
        let table = self.table;
        let root = Context::background();
        let context = self.pick(&table.contexts).unwrap_or(root);
        let child = match self.random.random_range(0..9) {
            0 | 1 => Some(context.with_cancel()),
            2 => {
                let timeout = Duration::from_micros(self.random.random_range(1..500));
                Some(context.with_timeout(timeout))
            }
            3 => Some(context.with_value(1).with_cancel()),
            4 => {
                if let Some(cancel) = self.pick(&table.cancels) {
                    cancel.cancel();
                }
                None
            }
            5 => {
                let settled = self.settled;
                self.passed.fetch_add(1, SeqCst);
                let stop = context.after_func(move || {
                    settled.fetch_add(1, SeqCst);
                });
                table.stops.lock().unwrap().push(stop);
                None
            }
            6 => {
                if let Some(stop) = self.take(&table.stops, 10) {
                    self.settled.fetch_add(usize::from(stop.stop()), SeqCst);
                }
                None
            }
            7 => {
                if let Some(error) = context.err() {
                    assert!(context.done().is_closed());
                    assert_eq!(context.err(), Some(error));
                    assert!(context.cause().is_some());
                    let (child, _cancel) = context.with_cancel();
                    assert_eq!(child.err(), Some(error));
                }
                None
            }
            _ => {
                // The last owner of some, perhaps while its parent ends.
                drop(self.take(&table.contexts, 20));
                drop(self.take(&table.cancels, 20));
                None
            }
        };
        if let Some((child, cancel)) = child {
            table.contexts.lock().unwrap().push(child);
            table.cancels.lock().unwrap().push(Arc::new(cancel));
        }
    }
}

/// Makes, ends, drops and asks contexts in random order. In the end all functions were
/// called or stopped.
#[test]
fn a_bazaar() {
    for procs in [1, 2, 8] {
        let _procs = Procs::set(procs);
        let settled: &'static AtomicUsize = Box::leak(Box::default());
        let passed = AtomicUsize::new(0);
        let table = Table::default();
        let play = |seed: u64| {
            let mut player = Player {
                table: &table,
                random: StdRng::seed_from_u64(seed),
                passed: &passed,
                settled,
            };
            (0..5000).for_each(|_| player.turn());
        };
        thread::scope(|threads| {
            threads.spawn(|| play(1));
            threads.spawn(|| play(2));
            sortie::scope(|goroutines| {
                (3..6).for_each(|seed| drop(goroutines.go(move || play(seed))));
            });
        });
        let cancels = table.cancels.into_inner().unwrap();
        cancels.iter().for_each(|cancel| cancel.cancel());
        drop(cancels);
        // A function on the background is never called: it is stopped.
        for stop in table.stops.into_inner().unwrap() {
            settled.fetch_add(usize::from(stop.stop()), SeqCst);
        }
        while settled.load(SeqCst) != passed.load(SeqCst) {
            thread::yield_now();
        }
    }
}

/// Children come and go while their parent ends; none is forgotten.
#[test]
fn children_are_made_while_the_parent_ends() {
    for procs in [1, 2, 8] {
        let _procs = Procs::set(procs);
        for _ in 0..100 {
            let (parent, cancel) = Context::background().with_cancel();
            let go_on = AtomicBool::new(true);
            thread::scope(|threads| {
                let makers = [(); 3].map(|()| {
                    threads.spawn(|| {
                        let mut all = Vec::new();
                        while go_on.load(SeqCst) {
                            let (child, cancel) = parent.with_cancel();
                            cancel.disarm();
                            let (grandchild, cancel) = child.with_cancel();
                            cancel.disarm();
                            all.push(grandchild);
                            if all.len() > 50 {
                                all.clear();
                            }
                        }
                        all
                    })
                });
                thread::yield_now();
                cancel.cancel();
                go_on.store(false, SeqCst);
                for maker in makers {
                    for child in maker.join().unwrap() {
                        assert_eq!(child.err(), Some(ContextError::Canceled));
                    }
                }
            });
        }
    }
}

/// Owners of the same contexts drop them at the same time, at both ends of a chain, while
/// it is cancelled from above.
#[test]
fn a_chain_is_dropped_while_it_ends() {
    for _ in 0..500 {
        let (root, cancel) = Context::background().with_cancel();
        let mut chain = vec![root];
        for _ in 0..50 {
            let (next, cancel) = chain.last().unwrap().with_cancel();
            cancel.disarm();
            chain.push(next.with_value(1));
        }
        let [one, other] = [chain.clone(), chain];
        thread::scope(|threads| {
            threads.spawn(move || drop(one));
            threads.spawn(move || other.into_iter().rev().for_each(drop));
            cancel.cancel();
        });
    }
}
