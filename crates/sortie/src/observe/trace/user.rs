//! What programs tell about themselves: regions, tasks, messages.

use crate::base::atomic::{AtomicU64, Ordering};
use crate::record::encode::Kind;
use crate::record::is_on;
use crate::record::log::{Field, LONGEST_TEXT, cut};
use crate::sched::trace::by_caller;
use sortie_fiber::race;
use std::marker::PhantomData;

/// A part of what a goroutine does; it ends when this is dropped.
#[derive(Debug)]
#[must_use = "the region ends when this is dropped"]
pub struct Region {
    begun: bool,
    /// It ends in the goroutine in which it began.
    _not_send: PhantomData<*mut ()>,
}

/// Begins a region of the calling goroutine, or thread. Regions nest.
///
/// Go's `trace.StartRegion`.
///
/// # Examples
/// ```
/// let sum: u32 = {
///     let _region = sortie::trace::region("adding");
///     (1..=100).sum()
/// };
/// # assert_eq!(sum, 5050);
/// ```
pub fn region(name: &str) -> Region {
    region_of(0, name)
}

fn region_of(task: u64, name: &str) -> Region {
    let begun = is_on();
    if begun {
        let _hidden = race::hide();
        let name = cut(name, LONGEST_TEXT);
        let fields = [task, name.len() as u64].map(Field::Number);
        by_caller(Kind::RegionBegin, fields, &[name]);
    }
    Region {
        begun,
        _not_send: PhantomData,
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        if self.begun && is_on() {
            let _hidden = race::hide();
            by_caller(Kind::RegionEnd, [], &[]);
        }
    }
}

/// Something that several goroutines work on, one after the other or at the same
/// time; it ends when this is dropped.
///
/// Go's `trace.Task`. There it is in a `context.Context`; here it is a value, to be
/// passed to whoever works on it.
///
/// # Examples
/// ```
/// use sortie::trace::Task;
///
/// sortie::run(|| {
///     let request = Task::new("request");
///     sortie::scope(|s| {
///         s.go(|| {
///             let _region = request.region("parse");
///             request.log("user", "gopher");
///         });
///     });
/// });
/// ```
#[derive(Debug)]
pub struct Task {
    id: u64,
}

impl Task {
    /// Begins a task.
    pub fn new(name: &str) -> Task {
        Task::begin(0, name)
    }

    /// Begins a task that is a part of this one.
    pub fn child(&self, name: &str) -> Task {
        Task::begin(self.id, name)
    }

    fn begin(parent: u64, name: &str) -> Task {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        if is_on() {
            let _hidden = race::hide();
            let name = cut(name, LONGEST_TEXT);
            let fields = [id, parent, name.len() as u64].map(Field::Number);
            by_caller(Kind::TaskBegin, fields, &[name]);
        }
        Task { id }
    }

    /// Begins a region of the calling goroutine that is about this task.
    pub fn region(&self, name: &str) -> Region {
        region_of(self.id, name)
    }

    /// Leaves a message about this task.
    pub fn log(&self, category: &str, message: &str) {
        log_about(self.id, category, message);
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if is_on() {
            let _hidden = race::hide();
            by_caller(Kind::TaskEnd, [Field::Number(self.id)], &[]);
        }
    }
}

/// Leaves a message.
///
/// Go's `trace.Log`.
///
/// # Examples
/// ```
/// sortie::trace::log("cache", "miss");
/// ```
pub fn log(category: &str, message: &str) {
    log_about(0, category, message);
}

fn log_about(task: u64, category: &str, message: &str) {
    if is_on() {
        let _hidden = race::hide();
        let category = cut(category, LONGEST_TEXT / 2);
        let message = cut(message, LONGEST_TEXT / 2);
        let lengths = [category.len(), category.len() + message.len()];
        let fields = [task, lengths[0] as u64, lengths[1] as u64].map(Field::Number);
        by_caller(Kind::Log, fields, &[category, message]);
    }
}
