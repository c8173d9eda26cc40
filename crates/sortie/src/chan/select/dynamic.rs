//! Selecting among cases that are known only at run time.

use super::super::errors::{ReadyTimeoutError, SelectTimeoutError, TryReadyError, TrySelectError};
use super::super::receiver::Receiver;
use super::super::sender::Sender;
use super::super::timer;
use super::case::Case;
use super::engine::{self, Manner};
use super::operation::SelectedOperation;
use crate::base::clock::{self, NEVER};
use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

/// Waits for one of a set of operations that is put together at run time. Where
/// it is known beforehand, [`select!`](crate::chan::select!) is shorter.
///
/// An operation is *ready* if it would not wait, also because the channel is
/// closed. If several are, one of them is chosen, each with the same chance.
///
/// To receive a message of more than 64 bytes it allocates.
///
/// # Examples
/// ```
/// use sortie::chan::{Select, bounded};
///
/// sortie::run(|| {
///     let channels: Vec<_> = (0..3).map(|_| bounded(0)).collect();
///     for (i, (sender, _)) in channels.iter().enumerate() {
///         let sender = sender.clone();
///         sortie::go(move || sender.send(i));
///     }
///     let mut select = Select::new();
///     for (_, receiver) in &channels {
///         select.recv(receiver);
///     }
///     for _ in 0..3 {
///         let operation = select.select();
///         let index = operation.index();
///         assert_eq!(operation.recv(&channels[index].1), Ok(index));
///     }
/// });
/// ```
pub struct Select<'a> {
    cases: Vec<Case<'a>>,
    next: usize,
    biased: bool,
}

// SAFETY: the cases refer to halves of channels, whose locks and queues may be
// used by any thread. If messages are not `Send`, so that the halves are not
// either, their bytes may pass through the thread that selects; but there it
// cannot name the half to get at them, and `SelectedOperation` does not drop them
// on another thread than the half's. The nodes are used only within a call that
// has the set by exclusive reference.
unsafe impl Send for Select<'_> {}
// SAFETY: as above; by shared reference a set can only be cloned.
unsafe impl Sync for Select<'_> {}

impl<'a> Select<'a> {
    /// An empty set.
    pub fn new() -> Self {
        Select {
            cases: Vec::new(),
            next: 0,
            biased: false,
        }
    }

    /// An empty set of which the first operation that is ready is chosen, in the
    /// order in which they were added.
    pub fn new_biased() -> Self {
        Select {
            biased: true,
            ..Self::new()
        }
    }

    /// Adds sending. Returns the operation's index.
    ///
    /// # Examples
    /// ```
    /// let (sender, _receiver) = sortie::chan::bounded::<i32>(1);
    /// assert_eq!(sortie::chan::Select::new().send(&sender), 0);
    /// ```
    #[inline]
    pub fn send<T>(&mut self, sender: &'a Sender<T>) -> usize {
        self.add(|index| Case::send(sender, index))
    }

    /// Adds receiving. Returns the operation's index.
    ///
    /// # Examples
    /// ```
    /// let (_sender, receiver) = sortie::chan::bounded::<i32>(1);
    /// assert_eq!(sortie::chan::Select::new().recv(&receiver), 0);
    /// ```
    #[inline]
    pub fn recv<T>(&mut self, receiver: &'a Receiver<T>) -> usize {
        self.add(|index| Case::receive(receiver, index))
    }

    #[inline]
    fn add(&mut self, case: impl FnOnce(usize) -> Case<'a>) -> usize {
        let index = self.next;
        self.cases.push(case(index));
        self.next += 1;
        index
    }

    /// Removes an operation, for instance because its channel is closed. The
    /// others keep their indices.
    ///
    /// # Panics
    /// If there is no operation with this index.
    pub fn remove(&mut self, index: usize) {
        assert!(
            index < self.next,
            "index out of bounds; {index} >= {}",
            self.next
        );
        let position = self.cases.iter().position(|case| case.index == index);
        self.cases
            .remove(position.expect("no operation with this index"));
    }

    /// Chooses an operation that is ready now. The answer "none" is true of all
    /// operations at the same instant.
    ///
    /// # Errors
    /// If none is.
    #[track_caller]
    pub fn try_select(&mut self) -> Result<SelectedOperation<'a>, TrySelectError> {
        self.choose(0).ok_or(TrySelectError)
    }

    /// Chooses an operation that is ready.
    ///
    /// # Blocking
    /// Waits until one is: parks the goroutine, or blocks the OS thread.
    ///
    /// # Panics
    /// If the set is empty.
    #[track_caller]
    pub fn select(&mut self) -> SelectedOperation<'a> {
        self.demand_cases();
        match self.choose(NEVER) {
            Some(operation) => operation,
            None => unreachable!("a select without a time-out does not time out"),
        }
    }

    /// As [`select`](Self::select), for `timeout` at most.
    ///
    /// # Errors
    /// If time ran out.
    #[track_caller]
    pub fn select_timeout(
        &mut self,
        timeout: Duration,
    ) -> Result<SelectedOperation<'a>, SelectTimeoutError> {
        self.choose(clock::after(timeout)).ok_or(SelectTimeoutError)
    }

    /// As [`select`](Self::select), until `deadline` at most.
    ///
    /// # Errors
    /// If time ran out.
    #[track_caller]
    pub fn select_deadline(
        &mut self,
        deadline: Instant,
    ) -> Result<SelectedOperation<'a>, SelectTimeoutError> {
        self.choose(timer::on_clock(deadline))
            .ok_or(SelectTimeoutError)
    }

    /// The index of an operation that is ready now; it is not begun, so somebody
    /// else may be faster.
    ///
    /// # Errors
    /// If none is.
    #[track_caller]
    pub fn try_ready(&mut self) -> Result<usize, TryReadyError> {
        self.observe(0).ok_or(TryReadyError)
    }

    /// Waits until an operation is ready, and returns its index. It is not begun,
    /// so somebody else may be faster; now and then none was ready in truth.
    ///
    /// # Blocking
    /// Parks the goroutine, or blocks the OS thread.
    ///
    /// # Panics
    /// If the set is empty.
    #[track_caller]
    pub fn ready(&mut self) -> usize {
        self.demand_cases();
        match self.observe(NEVER) {
            Some(index) => index,
            None => unreachable!("a wait without a time-out does not time out"),
        }
    }

    /// As [`ready`](Self::ready), for `timeout` at most.
    ///
    /// # Errors
    /// If time ran out.
    #[track_caller]
    pub fn ready_timeout(&mut self, timeout: Duration) -> Result<usize, ReadyTimeoutError> {
        self.observe(clock::after(timeout)).ok_or(ReadyTimeoutError)
    }

    /// As [`ready`](Self::ready), until `deadline` at most.
    ///
    /// # Errors
    /// If time ran out.
    #[track_caller]
    pub fn ready_deadline(&mut self, deadline: Instant) -> Result<usize, ReadyTimeoutError> {
        self.observe(timer::on_clock(deadline))
            .ok_or(ReadyTimeoutError)
    }

    #[track_caller]
    #[inline]
    fn demand_cases(&self) {
        assert!(
            !self.cases.is_empty(),
            "no operations have been added to `Select`"
        );
    }

    #[track_caller]
    #[inline]
    fn manner(&self, deadline: u64) -> Manner {
        Manner {
            deadline,
            biased: self.biased,
            location: Location::caller(),
        }
    }

    #[track_caller]
    #[inline]
    fn choose(&mut self, deadline: u64) -> Option<SelectedOperation<'a>> {
        let manner = self.manner(deadline);
        if self.cases.is_empty() {
            engine::wait_for_nothing(manner);
            return None;
        }
        SelectedOperation::choose(&self.cases, manner)
    }

    #[track_caller]
    fn observe(&mut self, deadline: u64) -> Option<usize> {
        let manner = self.manner(deadline);
        if self.cases.is_empty() {
            engine::wait_for_nothing(manner);
            return None;
        }
        let position = engine::observe(&self.cases, manner)?;
        Some(self.cases[position].index)
    }
}

impl Clone for Select<'_> {
    fn clone(&self) -> Self {
        Select {
            cases: self.cases.clone(),
            ..*self
        }
    }
}

impl Default for Select<'_> {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Select<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Select { .. }")
    }
}
