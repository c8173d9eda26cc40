//! Contexts and signals.

#[path = "../../examples/context_pipeline.rs"]
mod context_pipeline;
#[path = "../../examples/graceful_shutdown.rs"]
mod graceful_shutdown;

use crate::program::programs;
use sortie::context::{Context, ContextError, RecvContextError};
use std::time::Duration;

programs! {
    examples {
        context_pipeline: ["above 1000 is 1024", "not found: context deadline exceeded"],
        graceful_shutdown: ["terminated signal received: no more", "at least 99: true"],
    }
    checks {
        a_pipeline_finds_what_is_wanted,
        a_pipeline_leaves_nothing_behind,
        a_pipeline_ends_with_its_context,
        a_server_answers_all_it_has_taken,
    }
}

fn a_pipeline_finds_what_is_wanted() {
    let context = Context::background();
    for (limit, square) in [
        (0, 1),
        (1, 4),
        (99, 100),
        (100, 121),
        (1_000_000, 1_002_001),
    ] {
        let found = context_pipeline::first_square_above(&context, limit, Duration::ZERO);
        assert_eq!(found, Ok(square));
    }
}

fn a_pipeline_leaves_nothing_behind() {
    let before = sortie::runtime::num_goroutines();
    let context = Context::background();
    for _ in 0..100 {
        let found = context_pipeline::first_square_above(&context, 5, Duration::ZERO);
        assert_eq!(found, Ok(9));
    }
    // Cancelled, they have only to notice.
    while sortie::runtime::num_goroutines() > before {
        sortie::yield_now();
    }
}

fn a_pipeline_ends_with_its_context() {
    let (context, cancel) = Context::background().with_cancel();
    sortie::go(move || cancel.cancel());
    let hour = Duration::from_secs(3600);
    let ended = RecvContextError::Ended(ContextError::Canceled);
    let found = context_pipeline::first_square_above(&context, 0, hour);
    assert_eq!(found, Err(ended));
}

fn a_server_answers_all_it_has_taken() {
    for workers in [1, 10] {
        let (why, answers) = graceful_shutdown::serve(workers);
        assert_eq!(why, "terminated signal received");
        assert!(answers >= 99);
    }
}
