//! A 4-ary min-heap with the key beside the value: half as deep as a binary one,
//! and the four children of an entry share two cache lines.

/// Entries ordered by a time.
#[derive(Debug)]
pub(crate) struct Heap<T> {
    entries: Vec<(u64, T)>,
}

const ARITY: usize = 4;

impl<T: Copy> Heap<T> {
    pub(crate) const fn new() -> Self {
        Heap {
            entries: Vec::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The smallest key.
    #[inline]
    pub(crate) fn first(&self) -> Option<u64> {
        self.entries.first().map(|entry| entry.0)
    }

    /// The value with the smallest key.
    #[inline]
    pub(crate) fn first_value(&self) -> Option<T> {
        self.entries.first().map(|entry| entry.1)
    }

    pub(crate) fn push(&mut self, key: u64, value: T) {
        self.entries.push((key, value));
        self.up(self.entries.len() - 1);
    }

    /// Takes the entry with the smallest key.
    pub(crate) fn pop(&mut self) -> Option<(u64, T)> {
        let last = self.entries.pop()?;
        let Some(first) = self.entries.first_mut() else {
            return Some(last);
        };
        let first = std::mem::replace(first, last);
        self.down(0);
        Some(first)
    }

    /// Drops the entries that `keep` refuses.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(u64, &T) -> bool) {
        self.entries.retain(|entry| keep(entry.0, &entry.1));
        if self.entries.len() * 4 < self.entries.capacity() {
            self.entries.shrink_to(self.entries.len() * 2);
        }
        self.order();
    }

    /// Adds many.
    pub(crate) fn extend(&mut self, entries: Vec<(u64, T)>) {
        self.entries.extend(entries);
        self.order();
    }

    /// Makes a heap of what is there.
    fn order(&mut self) {
        if self.entries.len() > 1 {
            for index in (0..=(self.entries.len() - 2) / ARITY).rev() {
                self.down(index);
            }
        }
    }

    /// Takes all entries, in no order.
    pub(crate) fn take(&mut self) -> Vec<(u64, T)> {
        std::mem::take(&mut self.entries)
    }

    fn up(&mut self, mut index: usize) {
        let entry = self.entries[index];
        while index > 0 {
            let parent = (index - 1) / ARITY;
            if self.entries[parent].0 <= entry.0 {
                break;
            }
            self.entries[index] = self.entries[parent];
            index = parent;
        }
        self.entries[index] = entry;
    }

    fn down(&mut self, mut index: usize) {
        let entry = self.entries[index];
        loop {
            let first = index * ARITY + 1;
            let end = (first + ARITY).min(self.entries.len());
            let Some(child) = (first..end).min_by_key(|&child| self.entries[child].0) else {
                break;
            };
            if entry.0 <= self.entries[child].0 {
                break;
            }
            self.entries[index] = self.entries[child];
            index = child;
        }
        self.entries[index] = entry;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    #[test]
    fn pops_in_order_whatever_was_pushed_and_dropped() {
        for size in [0usize, 1, 2, 3, 4, 5, 6, 17, 64, 1000] {
            let rng = Rng::new(size as u64);
            let mut heap = Heap::new();
            let mut expected: Vec<(u64, u32)> = Vec::new();
            for value in 0..size as u32 {
                let key = u64::from(rng.below(50));
                heap.push(key, value);
                expected.push((key, value));
            }
            heap.retain(|key, value| key != 7 && value % 3 != 0);
            expected.retain(|(key, value)| *key != 7 && value % 3 != 0);
            let all = heap.take();
            assert_eq!(heap.pop(), None);
            heap.push(25, u32::MAX);
            heap.extend(all);
            expected.push((25, u32::MAX));
            let mut popped = Vec::new();
            while let Some(entry) = heap.pop() {
                assert!(popped.last().is_none_or(|&(key, _)| key <= entry.0));
                popped.push(entry);
            }
            popped.sort_unstable();
            expected.sort_unstable();
            assert_eq!(popped, expected, "size {size}");
        }
    }
}
