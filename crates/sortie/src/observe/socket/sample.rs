//! The figures that a client gets. `docs/socket.md` tells what they are.

use super::json::Json;
use crate::base::clock;
use crate::observe::histogram::Histogram;
use crate::observe::metrics::{Metrics, ProcMetrics};
use crate::observe::profile::{GoroutineProfile, WaitPlace};
use crate::sched::Scheduler;
use std::time::Duration;

/// The version of the document. New fields do not change it.
const VERSION: u32 = 1;
/// Places that are told.
const PLACES: usize = 200;

/// All figures, in one line.
pub(super) fn take(scheduler: &'static Scheduler) -> String {
    let metrics = Metrics::of(scheduler);
    let profile = GoroutineProfile::take(scheduler);
    let mut json = Json::default();
    json.object(|json| {
        json.key("version").number(VERSION);
        json.key("pid").number(std::process::id());
        json.key("time").number(clock::now());
        json.key("cpu_time").number(metrics.cpu_time.as_nanos());
        json.key("resident_memory")
            .number(resident_memory().unwrap_or(0));
        states(json, &profile);
        numbers(json, &metrics);
        json.key("sched_latency")
            .array(|json| histogram(json, &metrics.sched_latency));
        json.key("procs").array(|json| {
            for p in &metrics.procs {
                json.object(|json| processor(json, p));
            }
        });
    });
    let mut text = json.into_text();
    text.push('\n');
    text
}

fn states(json: &mut Json, profile: &GoroutineProfile) {
    for (key, number) in [
        ("goroutines", profile.len()),
        ("running", profile.running),
        ("without_proc", profile.without_proc),
        ("runnable", profile.runnable),
        ("waiting", profile.waiting),
        ("places", profile.places.len()),
    ] {
        json.key(key).number(number);
    }
    json.key("waits").array(|json| {
        for (reason, count) in profile.reasons() {
            json.object(|json| {
                json.key("reason").text(reason.as_str());
                json.key("count").number(count);
            });
        }
    });
    json.key("wait_places").array(|json| {
        for place in profile.places.iter().take(PLACES) {
            json.object(|json| wait_place(json, place));
        }
    });
}

fn wait_place(json: &mut Json, place: &WaitPlace) {
    json.key("reason").text(place.reason.as_str());
    json.key("place").text(&place.place.to_string());
    if let Some(origin) = place.origin {
        json.key("origin").text(&origin.to_string());
    }
    json.key("count").number(place.count);
}

fn numbers(json: &mut Json, metrics: &Metrics) {
    for (key, number) in [
        ("max_procs", metrics.max_procs),
        ("idle_procs", metrics.idle_procs),
        ("threads", metrics.threads),
        ("idle_threads", metrics.idle_threads),
        ("searching_threads", metrics.searching_threads),
        ("global_queue", metrics.global_queue),
        ("timers", metrics.timers),
        ("sockets", metrics.sockets),
        ("socket_waits", metrics.socket_waits),
        ("stack_size", metrics.stack_size),
        ("stacks", metrics.stacks),
        ("pooled_stacks", metrics.pooled_stacks),
        ("stack_space", metrics.stack_space),
        ("header_memory", metrics.header_memory),
    ] {
        json.key(key).number(number);
    }
    for (key, number) in [
        ("goroutines_created", metrics.goroutines_created),
        ("turns", metrics.turns),
        ("steals", metrics.steals),
        ("handoffs", metrics.handoffs),
        ("wakeups", metrics.wakeups),
    ] {
        json.key(key).number(number);
    }
}

/// Each bucket as an array: its start, its end, how many.
fn histogram(json: &mut Json, histogram: &Histogram) {
    let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    for (range, count) in histogram.buckets() {
        json.array(|json| {
            json.number(nanoseconds(range.start));
            json.number(nanoseconds(range.end));
            json.number(count);
        });
    }
}

fn processor(json: &mut Json, p: &ProcMetrics) {
    json.key("in_use").truth(p.in_use);
    json.key("queue").number(p.queue);
    json.key("has_next").truth(p.has_next);
    json.key("turns").number(p.turns);
    json.key("goroutines_created").number(p.goroutines_created);
    json.key("steals").number(p.steals);
    json.key("handoffs").number(p.handoffs);
    json.key("timers").number(p.timers);
}

/// Bytes of memory that the process has.
fn resident_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}
