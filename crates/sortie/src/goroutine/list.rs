//! Lists of goroutines, linked through their headers.

use super::header::GRef;

/// A queue of goroutines. Whoever owns the list owns the headers in it.
#[derive(Debug, Default)]
pub(crate) struct List {
    first: Option<GRef>,
    last: Option<GRef>,
    len: usize,
}

impl List {
    pub(crate) const fn new() -> Self {
        List {
            first: None,
            last: None,
            len: 0,
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Adds at the end.
    #[inline]
    pub(crate) fn push_back(&mut self, g: GRef) {
        g.link.set(None);
        match self.last {
            Some(last) => last.link.set(Some(g)),
            None => self.first = Some(g),
        }
        self.last = Some(g);
        self.len += 1;
    }

    /// Adds at the front.
    #[inline]
    pub(crate) fn push_front(&mut self, g: GRef) {
        g.link.set(self.first);
        if self.first.is_none() {
            self.last = Some(g);
        }
        self.first = Some(g);
        self.len += 1;
    }

    /// Takes from the front.
    #[inline]
    pub(crate) fn pop_front(&mut self) -> Option<GRef> {
        let g = self.first?;
        self.first = g.link.take();
        if self.first.is_none() {
            self.last = None;
        }
        self.len -= 1;
        Some(g)
    }

    /// Adds all of `other` at the end.
    pub(crate) fn append(&mut self, other: List) {
        match (self.last, other.first) {
            (_, None) => {}
            (None, Some(_)) => *self = other,
            (Some(last), Some(_)) => {
                last.link.set(other.first);
                self.last = other.last;
                self.len += other.len;
            }
        }
    }
}

impl Iterator for List {
    type Item = GRef;

    fn next(&mut self) -> Option<GRef> {
        self.pop_front()
    }
}
