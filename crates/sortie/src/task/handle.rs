//! Who a goroutine is.

use crate::base::atomic::Ordering;
use crate::goroutine::{G, current as this};
use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;

/// A goroutine's id: unique in the process, never used again. The main goroutine
/// of [`run`](crate::run) is 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoId(NonZeroU64);

impl GoId {
    /// The id as a number.
    pub fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Debug for GoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GoId({self})")
    }
}

impl fmt::Display for GoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A goroutine's identity: its id and, if it was given one, its name. Outlives
/// the goroutine.
///
/// # Examples
/// ```
/// # sortie::run(|| {
/// let handle = sortie::task::Builder::new()
///     .name("worker")
///     .spawn(|| sortie::task::current().unwrap().id())?;
/// let id = handle.goroutine().id();
/// assert_eq!(handle.goroutine().name(), Some("worker"));
/// assert_eq!(handle.join().unwrap(), id);
/// # std::io::Result::Ok(()) }).unwrap();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Goroutine {
    id: GoId,
    name: Option<Arc<str>>,
}

impl Goroutine {
    /// Its id.
    pub fn id(&self) -> GoId {
        self.id
    }

    /// Its name, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// An identity just made.
    pub(crate) fn new(id: u64, name: Option<Arc<str>>) -> Self {
        Goroutine {
            id: GoId(NonZeroU64::new(id).expect("ids start at 1")),
            name,
        }
    }

    /// The identity in a header that is in use.
    pub(crate) fn of(g: &G) -> Self {
        Goroutine::new(g.id.load(Ordering::Relaxed), g.name())
    }
}

impl fmt::Display for Goroutine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "goroutine {}", self.id)?;
        match &self.name {
            Some(name) => write!(f, " ({name})"),
            None => Ok(()),
        }
    }
}

/// The goroutine that calls, or `None` on an OS thread that is not running one.
///
/// Go keeps goroutine ids to itself.
///
/// # Examples
/// ```
/// assert!(sortie::task::current().is_none());
/// sortie::run(|| {
///     assert_eq!(sortie::task::current().unwrap().id().get(), 1);
/// });
/// ```
pub fn current() -> Option<Goroutine> {
    this::current().map(Goroutine::of)
}
