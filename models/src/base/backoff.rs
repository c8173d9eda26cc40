//! Waiting a moment: by letting others run, which is how loom gets out of a loop
//! that waits for them. Where one may sleep instead, one does at once.

#[derive(Debug)]
pub(crate) struct Backoff;

impl Backoff {
    pub(crate) fn new() -> Self {
        Backoff
    }

    pub(crate) fn snooze(&mut self) {
        loom::thread::yield_now();
    }

    pub(crate) fn is_over(&self) -> bool {
        true
    }
}
