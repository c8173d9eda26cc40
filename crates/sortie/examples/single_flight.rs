//! A cache without stampedes: when an entry is missing, a hundred who want it cause
//! one request.
//!
//! A map alone does not do that: until the first answer is in it, everybody misses,
//! and everybody asks. With a single flight, who misses while somebody else asks waits
//! for that answer.

use sortie::sync::SingleFlight;
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// Answers, by questions.
#[derive(Default)]
pub(crate) struct Cache {
    entries: Mutex<HashMap<u32, String>>,
    flights: SingleFlight<u32, String>,
    /// How often it was not enough to look.
    pub(crate) requests: AtomicUsize,
}

impl Cache {
    pub(crate) fn get(&self, key: u32) -> String {
        if let Some(entry) = self.look(key) {
            return entry;
        }
        let (value, _shared) = self.flights.call(key, || {
            // Somebody may have got it since we looked.
            self.look(key).unwrap_or_else(|| {
                let value = self.request(key);
                self.entries.lock().unwrap().insert(key, value.clone());
                value
            })
        });
        value
    }

    fn look(&self, key: u32) -> Option<String> {
        self.entries.lock().unwrap().get(&key).cloned()
    }

    /// Stands for a database.
    fn request(&self, key: u32) -> String {
        self.requests.fetch_add(1, Relaxed);
        sortie::sleep(Duration::from_millis(20));
        format!("row {key}")
    }
}

/// So many goroutines want each of so many rows. Returns the number of requests.
pub(crate) fn stampede(goroutines: usize, rows: u32) -> usize {
    let cache = Cache::default();
    sortie::scope(|s| {
        for row in 0..rows {
            for _ in 0..goroutines {
                let cache = &cache;
                s.go(move || assert_eq!(cache.get(row), format!("row {row}")));
            }
        }
    });
    cache.requests.into_inner()
}

#[sortie::main]
pub(crate) fn main() {
    let requests = stampede(100, 3);
    println!("300 goroutines got their rows by {requests} requests");
}
