//! Panic messages that name the goroutine.

use crate::goroutine::{GRef, current};
use std::fmt::Write;
use std::panic::{self, PanicHookInfo};
use std::sync::Once;

/// Lets panic messages name the goroutine.
pub(crate) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            if let Some(g) = current::current() {
                announce(g);
            }
            previous(info);
        }));
    });
}

/// Prints who panics, before the usual message.
fn announce(g: GRef) {
    let mut line = g.to_string();
    if let Some(place) = g.created_at() {
        let _ = write!(line, ", created at {place}");
    }
    eprintln!("\n{line}, panics:");
}
