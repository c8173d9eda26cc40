//! What `done` returns of a context that ended before anybody asked.

use crate::chan::{Receiver, bounded};
use std::convert::Infallible;
use std::sync::LazyLock;

/// A receiver whose channel is closed: the same for all.
#[cold]
pub(super) fn closed() -> &'static Receiver<Infallible> {
    static CLOSED: LazyLock<Receiver<Infallible>> = LazyLock::new(|| {
        let (sender, receiver) = bounded(0);
        drop(sender);
        receiver
    });
    &CLOSED
}
