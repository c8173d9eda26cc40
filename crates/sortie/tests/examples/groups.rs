//! Groups of goroutines.

#[path = "../../examples/err_group.rs"]
mod err_group;
#[path = "../../examples/semaphore.rs"]
mod semaphore;
#[path = "../../examples/single_flight.rs"]
mod single_flight;
#[path = "../../examples/wait_group.rs"]
mod wait_group;

use crate::program::programs;
use sortie::context::Context;
use std::time::{Duration, Instant};

programs! {
    examples {
        err_group: ["Ok([\"words\", \"a cat\", \"first!\"])", "pictures is let go", "Err(\"text has nothing\")"],
        semaphore: ["takes", "8 of 8 MB in use at most"],
        single_flight: ["300 goroutines got their rows by 3 requests"],
        wait_group: ["<title>go.dev</title>", "<title>docs.rs</title>", "4 pages in "],
    }
    checks {
        pages_keep_their_order,
        no_more_memory_than_there_is,
        parts_keep_their_order,
        the_first_error_lets_the_others_go,
        one_request_for_each_row,
    }
}

fn pages_keep_their_order() {
    let pages = wait_group::fetch_urls(&["a", "b", "c"]);
    let expected = ["a", "b", "c"].map(|url| format!("<title>{url}</title>"));
    assert_eq!(pages, expected);
    assert!(wait_group::fetch_urls(&[]).is_empty());
}

fn no_more_memory_than_there_is() {
    let job = |megabytes| semaphore::Job {
        name: "job",
        megabytes,
    };
    let jobs: Vec<_> = (0..50).map(|i| job(1 + i % 7)).collect();
    assert_eq!(semaphore::convert(&jobs[..1], 7), 1);
    assert!(semaphore::convert(&jobs, 7) <= 7);
}

fn source(name: &'static str, after: Duration, part: Option<&'static str>) -> err_group::Source {
    err_group::Source { name, after, part }
}

fn parts_keep_their_order() {
    let after = |milliseconds| Duration::from_millis(milliseconds);
    let sources = [
        source("a", after(20), Some("A")),
        source("b", after(0), Some("B")),
        source("c", after(10), Some("C")),
    ];
    let parts = err_group::fetch_all(&Context::background(), &sources);
    assert_eq!(parts.unwrap(), ["A", "B", "C"]);
}

fn the_first_error_lets_the_others_go() {
    let hour = Duration::from_secs(3600);
    let sources = [
        source("slow", hour, Some("late")),
        source("bad", Duration::from_millis(1), None),
    ];
    let start = Instant::now();
    let parts = err_group::fetch_all(&Context::background(), &sources);
    assert_eq!(parts.unwrap_err(), "bad has nothing");
    assert!(start.elapsed() < hour);
    let (context, cancel) = Context::background().with_cancel();
    cancel.cancel();
    let parts = err_group::fetch_all(&context, &sources[..1]);
    assert_eq!(parts.unwrap_err(), "slow was let go");
}

fn one_request_for_each_row() {
    assert_eq!(single_flight::stampede(50, 20), 20);
}
