//! What two samples tell: rates, latency, parallelism.

use crate::live::Sample;
use crate::live::sample::{Proc, WaitPlace};
use std::collections::HashMap;

/// A sample, and the one before.
#[derive(Debug, Clone)]
pub struct Figures {
    /// The newer one.
    pub now: Sample,
    before: Sample,
}

/// How places are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Most goroutines first.
    Count,
    /// Those that had the most to come first.
    Growth,
    /// By name.
    Place,
}

impl Order {
    /// The one after this.
    pub fn next(self) -> Self {
        match self {
            Order::Count => Order::Growth,
            Order::Growth => Order::Place,
            Order::Place => Order::Count,
        }
    }

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Order::Count => "count",
            Order::Growth => "growth",
            Order::Place => "place",
        }
    }
}

/// A place where goroutines wait, and how many more than before.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The place.
    pub place: WaitPlace,
    /// How many more than at the time before.
    pub growth: i64,
}

impl Figures {
    /// Of two samples, the older first.
    pub fn new(before: Sample, now: Sample) -> Self {
        Figures { now, before }
    }

    /// The seconds between the two.
    pub fn seconds(&self) -> f64 {
        self.now.time.saturating_sub(self.before.time).max(1) as f64 / 1e9
    }

    /// How many times a second something was counted.
    pub fn rate(&self, count: fn(&Sample) -> u64) -> f64 {
        count(&self.now).saturating_sub(count(&self.before)) as f64 / self.seconds()
    }

    /// The same on one processor.
    pub fn proc_rate(&self, index: usize, count: fn(&Proc) -> u64) -> f64 {
        let of = |sample: &Sample| sample.procs.get(index).map_or(0, count);
        of(&self.now).saturating_sub(of(&self.before)) as f64 / self.seconds()
    }

    /// How many CPUs the program used, on average.
    pub fn parallelism(&self) -> f64 {
        self.now.cpu_time.saturating_sub(self.before.cpu_time) as f64 / 1e9 / self.seconds()
    }

    /// How many ready goroutines began to run meanwhile, by the sample of latencies.
    pub fn latencies(&self) -> u64 {
        self.latency().map(|(_, _, count)| count).sum()
    }

    /// What was counted meanwhile, by bucket.
    fn latency(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        let before: HashMap<u64, u64> = self
            .before
            .sched_latency
            .iter()
            .map(|&(start, _, count)| (start, count))
            .collect();
        self.now
            .sched_latency
            .iter()
            .map(move |&(start, end, count)| {
                let old = before.get(&start).copied().unwrap_or(0);
                (start, end, count.saturating_sub(old))
            })
    }

    /// The nanoseconds within which this share of ready goroutines ran.
    pub fn latency_quantile(&self, quantile: f64) -> Option<u64> {
        let total = self.latencies();
        let wanted = (quantile * total as f64).ceil().max(1.0) as u64;
        let mut sum = 0;
        let found = self.latency().find(|&(_, _, count)| {
            sum += count;
            sum >= wanted
        });
        // The last bucket has no end to speak of.
        found.map(|(start, end, _)| if end > 2 * start.max(64) { start } else { end })
    }

    /// Where goroutines wait.
    pub fn places(&self, order: Order) -> Vec<Waiting> {
        type Key<'a> = (&'a str, &'a str, Option<&'a str>);
        fn key(place: &WaitPlace) -> Key<'_> {
            (&place.reason, &place.place, place.origin.as_deref())
        }
        let before: HashMap<Key<'_>, u64> = self
            .before
            .wait_places
            .iter()
            .map(|place| (key(place), place.count))
            .collect();
        let mut places: Vec<Waiting> = self
            .now
            .wait_places
            .iter()
            .map(|place| {
                let old = before.get(&key(place)).copied().unwrap_or(0);
                Waiting {
                    growth: place.count as i64 - old as i64,
                    place: place.clone(),
                }
            })
            .collect();
        match order {
            // As they come.
            Order::Count => {}
            Order::Growth => places.sort_by_key(|waiting| -waiting.growth),
            Order::Place => places.sort_by(|a, b| key(&a.place).1.cmp(key(&b.place).1)),
        }
        places
    }
}

/// A number with a unit that keeps it short.
pub fn short(number: f64) -> String {
    let (number, unit) = match number {
        n if n >= 1e10 => (n / 1e9, "G"),
        n if n >= 1e7 => (n / 1e6, "M"),
        n if n >= 1e4 => (n / 1e3, "k"),
        n => (n, ""),
    };
    match unit {
        "" => format!("{number:.0}"),
        unit if number < 100.0 => format!("{number:.1}{unit}"),
        unit => format!("{number:.0}{unit}"),
    }
}

/// Bytes.
pub fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut number = number as f64;
    let mut unit = 0;
    while number >= 1024.0 && unit + 1 < UNITS.len() {
        number /= 1024.0;
        unit += 1;
    }
    match unit {
        0 => format!("{number:.0} B"),
        _ => format!("{number:.1} {}", UNITS[unit]),
    }
}

/// A time.
pub fn time(nanoseconds: u64) -> String {
    match nanoseconds {
        n @ 0..1_000 => format!("{n} ns"),
        n @ 1_000..1_000_000 => format!("{:.1} µs", n as f64 / 1e3),
        n @ 1_000_000..1_000_000_000 => format!("{:.1} ms", n as f64 / 1e6),
        n => format!("{:.1} s", n as f64 / 1e9),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Two samples, a second apart.
    pub(in crate::top) fn figures() -> Figures {
        let parse = |text| Sample::parse(text).unwrap();
        let before = parse(
            r#"{"version":1,"pid":42,"time":1000000000,"cpu_time":500000000,"turns":1000,
            "steals":5,"sched_latency":[[256,320,10]],
            "procs":[{"in_use":true,"turns":900},{"in_use":false,"turns":100}],
            "wait_places":[{"reason":"sleep","place":"src/b.rs:2:1","count":4}]}"#,
        );
        let now = parse(
            r#"{"version":1,"pid":42,"time":2000000000,"cpu_time":2250000000,"turns":51000,
            "resident_memory":1572864,"goroutines":11,"running":1,"runnable":3,"waiting":7,
            "max_procs":2,"threads":4,"idle_threads":1,"goroutines_created":12,
            "steals":15,"sched_latency":[[256,320,100],[1024,1280,9],[1000000,1250000,1]],
            "procs":[{"in_use":true,"turns":50900,"queue":2,"has_next":true},
                     {"in_use":false,"turns":100}],
            "waits":[{"reason":"chan receive","count":5},{"reason":"sleep","count":2}],
            "wait_places":[
              {"reason":"chan receive","place":"src/c.rs:9:1","origin":"src/a.rs:1:1","count":5},
              {"reason":"sleep","place":"src/b.rs:2:1","count":2}]}"#,
        );
        Figures::new(before, now)
    }

    #[test]
    fn differences_become_rates() {
        let figures = figures();
        assert_eq!(figures.rate(|sample| sample.turns), 50_000.0);
        assert_eq!(figures.rate(|sample| sample.handoffs), 0.0);
        assert_eq!(figures.proc_rate(0, |p| p.turns), 50_000.0);
        assert_eq!(figures.proc_rate(1, |p| p.turns), 0.0);
        assert_eq!(figures.proc_rate(7, |p| p.turns), 0.0);
        assert_eq!(figures.parallelism(), 1.75);
    }

    #[test]
    fn latencies_are_of_the_time_between() {
        let figures = figures();
        assert_eq!(figures.latencies(), 100);
        assert_eq!(figures.latency_quantile(0.5), Some(320));
        assert_eq!(figures.latency_quantile(0.9), Some(320));
        assert_eq!(figures.latency_quantile(0.99), Some(1280));
        assert_eq!(figures.latency_quantile(1.0), Some(1_250_000));
        let none = Figures::new(figures.now.clone(), figures.now);
        assert_eq!(none.latency_quantile(0.5), None);
    }

    #[test]
    fn places_are_in_order() {
        let figures = figures();
        let order = |order| -> Vec<(String, i64)> {
            let places = figures.places(order).into_iter();
            places.map(|w| (w.place.place, w.growth)).collect()
        };
        let (b, c) = (("src/b.rs:2:1".into(), -2), ("src/c.rs:9:1".into(), 5));
        assert_eq!(order(Order::Count), [c.clone(), b.clone()]);
        assert_eq!(order(Order::Growth), [c.clone(), b.clone()]);
        assert_eq!(order(Order::Place), [b, c]);
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!(short(9_999.0), "9999");
        assert_eq!(short(12_345.0), "12.3k");
        assert_eq!(short(123_456.0), "123k");
        assert_eq!(short(12_345_678.0), "12.3M");
        assert_eq!(bytes(1_023), "1023 B");
        assert_eq!(bytes(1_572_864), "1.5 MiB");
        assert_eq!(time(320), "320 ns");
        assert_eq!(time(1_280), "1.3 µs");
        assert_eq!(time(1_250_000), "1.2 ms");
        assert_eq!(time(2_000_000_000), "2.0 s");
    }
}
