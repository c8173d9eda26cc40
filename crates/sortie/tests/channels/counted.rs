//! Messages that are counted: none is lost, none comes twice, none is leaked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// How often each message has been dropped.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<HashMap<u64, u64>>>);

/// A message of which a ledger knows.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) number: u64,
    ledger: Ledger,
}

impl Ledger {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    #[track_caller]
    pub(crate) fn message(&self, number: u64) -> Counted {
        let before = self.0.lock().unwrap().insert(number, 0);
        assert_eq!(before, None, "made twice: {number}");
        Counted {
            number,
            ledger: self.clone(),
        }
    }

    /// How many have been made and not dropped.
    pub(crate) fn alive(&self) -> usize {
        let counts = self.0.lock().unwrap();
        counts.values().filter(|&&count| count == 0).count()
    }

    /// How many have been made.
    pub(crate) fn made(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// All that were made were dropped, once.
    #[track_caller]
    pub(crate) fn is_settled(&self) {
        for (number, count) in &*self.0.lock().unwrap() {
            assert_eq!(*count, 1, "message {number} was dropped {count} times");
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        *self
            .ledger
            .0
            .lock()
            .unwrap()
            .get_mut(&self.number)
            .expect("a message that was made") += 1;
    }
}
