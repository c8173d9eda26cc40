//! Choosing the number of processors in a test.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many processors, while the guard lives. One test at a time may choose.
pub(crate) struct Procs {
    old: usize,
    _one: MutexGuard<'static, ()>,
}

impl Procs {
    pub(crate) fn set(count: usize) -> Self {
        static ONE: Mutex<()> = Mutex::new(());
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        Procs {
            old: sortie::runtime::set_max_procs(count),
            _one: one,
        }
    }
}

impl Drop for Procs {
    fn drop(&mut self) {
        sortie::runtime::set_max_procs(self.old);
    }
}
