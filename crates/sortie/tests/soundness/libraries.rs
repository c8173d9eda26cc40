//! Crates that keep state in thread-locals, unmodified.

use crate::common::{move_about, on_goroutines};
use rand::Rng as _;
use std::sync::Mutex;
use tracing::subscriber::Subscriber as _;
use tracing_subscriber::registry::LookupSpan;

#[test]
fn the_thread_generator_of_rand_is_kept_across_parks() {
    let seen = Mutex::new(std::collections::HashSet::new());
    on_goroutines(100, |_| {
        let mut random = rand::rng();
        for _ in 0..5 {
            let number = random.next_u64();
            assert!(
                seen.lock().unwrap().insert(number),
                "two generators in one state"
            );
            move_about(1);
        }
    });
}

#[test]
fn an_entered_tracing_span_is_held_across_parks() {
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
    on_goroutines(100, |index| {
        let outer = tracing::info_span!("outer", index).entered();
        let id = outer.id();
        for _ in 0..3 {
            let inner = tracing::info_span!("inner").entered();
            move_about(1);
            assert_eq!(current_span(), inner.id());
            drop(inner);
            assert_eq!(current_span(), id);
            move_about(1);
            assert_eq!(current_span(), id);
        }
        drop(outer);
        assert_eq!(current_span(), None);
    });
}

fn current_span() -> Option<tracing::span::Id> {
    tracing::dispatcher::get_default(|dispatch| {
        let registry = dispatch.downcast_ref::<tracing_subscriber::Registry>()?;
        let current = registry.current_span();
        let id = current.id()?;
        registry.span(id).map(|span| span.id())
    })
}
