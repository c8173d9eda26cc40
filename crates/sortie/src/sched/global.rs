//! The global queue: runnable goroutines that are on no processor's queue.
//!
//! What a processor's queue spills comes as a batch, and is taken as one, so the
//! lock is held for a few instructions whatever the number. Goroutines that come
//! alone gather in batches too.

use super::processor::{P, RUN_QUEUE};
use crate::base::atomic::{AtomicUsize, Ordering};
use crate::base::lock::Lock;
use crate::goroutine::{GRef, List};
use std::collections::VecDeque;

/// The queue.
#[derive(Debug)]
pub(crate) struct GlobalQueue {
    batches: Lock<VecDeque<List>>,
    /// Number of goroutines, for a look without the lock.
    len: AtomicUsize,
}

/// So many goroutines may a processor take at once: its queue has room for them.
const SHARE: usize = RUN_QUEUE / 2 + 1;

impl GlobalQueue {
    pub(super) const fn new() -> Self {
        GlobalQueue {
            batches: Lock::new(VecDeque::new()),
            len: AtomicUsize::new(0),
        }
    }

    /// How many goroutines are in it.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// Adds one at the end.
    pub(super) fn push(&self, g: GRef) {
        let mut batches = self.batches.lock();
        match batches.back_mut() {
            Some(last) if last.len() < SHARE => last.push_back(g),
            _ => {
                let mut batch = List::new();
                batch.push_back(g);
                batches.push_back(batch);
            }
        }
        self.add(1);
    }

    /// Adds many at the end.
    pub(super) fn append(&self, mut list: List) {
        let mut batches = self.batches.lock();
        self.add(list.len());
        while list.len() > SHARE {
            let mut batch = List::new();
            for g in list.by_ref().take(SHARE) {
                batch.push_back(g);
            }
            batches.push_back(batch);
        }
        if !list.is_empty() {
            batches.push_back(list);
        }
    }

    /// Changes the number. The lock is held.
    fn add(&self, count: usize) {
        let len = self.len.load(Ordering::Relaxed) + count;
        self.len.store(len, Ordering::Release);
    }

    /// Takes the first.
    pub(super) fn pop(&self) -> Option<GRef> {
        if self.len() == 0 {
            return None;
        }
        let mut batches = self.batches.lock();
        let first = batches.front_mut()?.pop_front();
        if batches.front().is_some_and(List::is_empty) {
            batches.pop_front();
        }
        self.len
            .store(self.len.load(Ordering::Relaxed) - 1, Ordering::Release);
        first
    }

    /// Takes a fair share for one of `processors`: returns the first and puts the
    /// others into the queue of `p`, which is empty.
    ///
    /// # Safety
    /// The caller has the processor.
    pub(super) unsafe fn take_share(&self, p: &P, processors: usize) -> Option<GRef> {
        if self.len() == 0 {
            return None;
        }
        let mut share = List::new();
        {
            let mut batches = self.batches.lock();
            let len = self.len.load(Ordering::Relaxed);
            let limit = (len / processors + 1).min(SHARE);
            let first = batches.front_mut()?;
            if first.len() <= limit {
                share = batches.pop_front()?;
            } else {
                for g in first.by_ref().take(limit) {
                    share.push_back(g);
                }
            }
            self.len.store(len - share.len(), Ordering::Release);
        }
        let first = share.pop_front();
        for g in share {
            // SAFETY: as this function's. There is room: the queue was empty.
            let pushed = unsafe {
                g.prefetch();
                p.queue.push(g.into())
            };
            debug_assert!(pushed.is_ok(), "an empty queue has room for a share");
            if pushed.is_err() {
                self.push(g);
            }
        }
        first
    }
}
