//! Who runs: a number for each of loom's threads.

use std::cell::Cell;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity(u64);

thread_local! {
    /// How many threads have asked. loom's threads all run on the OS thread of their
    /// model.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

loom::thread_local! {
    static OWN: Cell<u64> = Cell::new(0);
}

/// Forgets the threads of an earlier execution.
pub(crate) fn forget() {
    COUNT.set(0);
}

impl Identity {
    pub(crate) const NOBODY: Identity = Identity(0);

    pub(crate) fn current() -> Self {
        OWN.with(|own| {
            if own.get() == 0 {
                COUNT.set(COUNT.get() + 1);
                own.set(63 + COUNT.get());
            }
            Identity(own.get())
        })
    }

    pub(crate) fn number(self) -> u64 {
        self.0
    }
}
