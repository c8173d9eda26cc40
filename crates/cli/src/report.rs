//! What there is to say about a trace, in plain text.
//!
//! *Concurrency* is how many goroutines there are that have something to do at the same
//! time, *parallelism* how many of them really run. The two need not have much to do
//! with each other.
//!
//! Goroutines without a processor, stuck in the kernel or computing for long, are told apart
//! by their CPU time only, and that by all of the process: it is what the kernel gave, be it
//! to whoever has a processor or not.

use crate::file::Trace;
use crate::model::{Model, Span, State, reason};
pub use crate::windows::{Window, windows};
use hdrhistogram::Histogram;
use std::collections::{BTreeMap, HashSet};
use std::fmt::{self, Write};

/// Lines of a table at most.
const ROWS: usize = 10;

/// Processors that are told about one by one.
const MOST_PROCESSORS: usize = 256;

/// Figures about a run.
#[derive(Debug, Clone)]
pub struct Figures {
    /// When the first goroutine that is known began, in nanoseconds of the trace.
    pub start: u64,
    /// Nanoseconds from there to the end, or to the last that happened to goroutines if
    /// the main goroutine had returned by then. What is on average is so over this time.
    pub duration: u64,
    /// Goroutines that were alive, ready, and waiting, on average.
    pub alive: f64,
    /// See [`alive`](Self::alive).
    pub runnable: f64,
    /// See [`alive`](Self::alive).
    pub waiting: f64,
    /// Alive at the same time, at most.
    pub most_alive: u64,
    /// Running without a processor, on average: stuck in the kernel, or computing for
    /// long.
    pub outside: f64,
    /// Processors that ran a goroutine, on average.
    pub parallelism: f64,
    /// Nanoseconds during which so many processors ran a goroutine, by that number.
    pub busy: Vec<u64>,
    /// The share of time that each processor ran a goroutine.
    pub utilisation: Vec<f64>,
    /// From ready to running, in nanoseconds.
    pub latency: Histogram<u64>,
}

impl Figures {
    /// Works them out.
    pub fn of(model: &Model) -> Figures {
        let (start, end) = active(model);
        let duration = (end - start).max(1);
        let turns = model.turns();
        let processors = turns.iter().map(|turn| turn.processor as usize + 1).max();
        let processors = processors.unwrap_or(0).max(model.processors() as usize);
        let mut utilisation = vec![0; processors];
        let mut edges = Vec::with_capacity(2 * turns.len());
        for turn in &turns {
            add(
                &mut utilisation[turn.processor as usize],
                turn.end - turn.start,
            );
            edges.push((turn.start.saturating_sub(start), 1i64));
            edges.push((turn.end.saturating_sub(start), -1));
        }
        let mut busy = vec![0; processors + 1];
        sweep(edges, duration, |level, time| {
            add(&mut busy[(level.max(0) as usize).min(processors)], time);
        });
        let mut latency = Histogram::new(3).expect("three digits are allowed");
        let mut lives = Vec::new();
        let (mut alive, mut runnable, mut waiting, mut outside) = (0u64, 0u64, 0u64, 0u64);
        for g in &model.goroutines {
            if let (Some(first), Some(last)) = (g.spans.first(), g.spans.last()) {
                lives.push((first.start.max(start) - start, 1));
                lives.push((last.end.clamp(start, end) - start, -1));
            }
            for (index, span) in g.spans.iter().enumerate() {
                let time = span.end.clamp(start, end) - span.start.clamp(start, end);
                add(&mut alive, time);
                match span.state {
                    State::Runnable { .. } => {
                        add(&mut runnable, time);
                        // Not those that the trace's end cut off.
                        if g.spans.len() > index + 1 {
                            let _ = latency.record(span.end.saturating_sub(span.start));
                        }
                    }
                    State::Waiting { .. } => add(&mut waiting, time),
                    State::Running {
                        processor: None, ..
                    } => add(&mut outside, time),
                    State::Running { .. } => {}
                }
            }
        }
        let mut most_alive = 0;
        sweep(lives, duration, |level, _| {
            most_alive = most_alive.max(level)
        });
        let share = |time: u64| time as f64 / duration as f64;
        Figures {
            start,
            duration,
            alive: share(alive),
            runnable: share(runnable),
            waiting: share(waiting),
            most_alive: most_alive.max(0) as u64,
            outside: share(outside),
            parallelism: share(total(&utilisation)),
            busy,
            utilisation: utilisation.into_iter().map(share).collect(),
            latency,
        }
    }
}

/// Adds time to time. In a damaged trace any event may seem to last for ever.
fn add(sum: &mut u64, time: u64) {
    *sum = sum.saturating_add(time);
}

fn total<'a>(times: impl IntoIterator<Item = &'a u64>) -> u64 {
    times
        .into_iter()
        .fold(0, |sum, time| sum.saturating_add(*time))
}

/// When there was something to see: from the main goroutine's first step, or the begin of
/// the recording if that was later, to the end, or to the last that happened if main was
/// over and nobody else did anything. What a process needs to start and to end would make
/// short programs look idle.
fn active(model: &Model) -> (u64, u64) {
    let spans = || model.goroutines.iter().flat_map(|g| &g.spans);
    let main = model.goroutine(1).filter(|main| main.created.is_some());
    let started = spans().filter(|span| {
        // Only if its creation was recorded it had not begun before.
        main.is_none() || matches!(span.state, State::Running { .. })
    });
    let start = started.map(|span| span.start).min().unwrap_or(0);
    let waits = |span: &Span| matches!(span.state, State::Waiting { .. });
    let last = model.goroutines.iter().filter_map(|g| {
        let last = g.spans.last()?;
        Some(match g.ended {
            Some(ended) => ended,
            None if waits(last) => last.start,
            None => last.end,
        })
    });
    let over = model.goroutine(1).is_some_and(|main| main.ended.is_some());
    let end = last.max().filter(|_| over).unwrap_or(model.end);
    (start, end.clamp(start, model.end.max(start)))
}

/// Tells how long each level lasts between the edges.
fn sweep(mut edges: Vec<(u64, i64)>, end: u64, mut tell: impl FnMut(i64, u64)) {
    edges.sort_unstable();
    let (mut level, mut last) = (0, 0);
    for (time, change) in edges {
        if time > last {
            tell(level, time - last);
            last = time;
        }
        level += change;
    }
    tell(level, end.saturating_sub(last));
}

/// Where the time between the begin and the end went, seen from the end: along what
/// had to happen before the last thing could.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CriticalPath {
    /// Nanoseconds of computing, by the site where the goroutine was made.
    pub running: BTreeMap<u32, u64>,
    /// Of being ready, without a processor.
    pub runnable: u64,
    /// Of waiting for time or for the world outside, by the site.
    pub waiting: BTreeMap<u32, u64>,
    /// Goroutines along the path.
    pub goroutines: usize,
}

impl CriticalPath {
    /// Follows it back from whoever ran last, the main goroutine if it did.
    pub fn of(model: &Model) -> CriticalPath {
        let mut path = CriticalPath::default();
        let last_turn = |g: &&crate::model::Goroutine| {
            let mut spans = g.spans.iter().rev();
            let last = spans.find(|span| matches!(span.state, State::Running { .. }));
            last.map_or(0, |span| span.end)
        };
        let Some(mut g) = model.goroutines.iter().max_by_key(last_turn) else {
            return path;
        };
        let mut now = last_turn(&g);
        let mut seen = HashSet::new();
        // Each step goes back in time, or through one of the spans that end now.
        let mut steps = 0;
        while now > 0 && steps < 100_000_000 {
            steps += 1;
            seen.insert(g.id);
            let index = g.spans.partition_point(|span| span.start < now);
            let Some(span) = index.checked_sub(1).and_then(|index| g.spans.get(index)) else {
                break;
            };
            let time = now.min(span.end) - span.start;
            now = span.start;
            let by = match span.state {
                State::Running { .. } => {
                    add(path.running.entry(g.site).or_default(), time);
                    0
                }
                State::Waiting { site } => {
                    add(path.waiting.entry(site).or_default(), time);
                    0
                }
                State::Runnable { by } => {
                    add(&mut path.runnable, time);
                    by
                }
            };
            if by != 0
                && by != g.id
                && let Some(other) = model.goroutine(by)
                && other.spans.first().is_some_and(|first| first.start < now)
            {
                g = other;
            }
        }
        path.goroutines = seen.len();
        path
    }
}

/// Time in a unit that suits it.
pub fn duration(nanoseconds: u64) -> String {
    let value = nanoseconds as f64;
    match nanoseconds {
        0..1_000 => format!("{nanoseconds} ns"),
        1_000..1_000_000 => format!("{:.1} µs", value / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} ms", value / 1e6),
        _ => format!("{:.2} s", value / 1e9),
    }
}

fn bar(share: f64) -> String {
    "█".repeat((share.clamp(0.0, 1.0) * 30.0).round() as usize)
}

/// The report. With a window it also tells what is seen through that.
///
/// # Errors
/// Those of the writer.
pub fn write(
    out: &mut impl Write,
    trace: &Trace,
    model: &Model,
    window: Option<u64>,
) -> fmt::Result {
    let figures = Figures::of(model);
    head(out, trace, model, &figures)?;
    concurrency(out, model, &figures)?;
    parallelism(out, trace, &figures)?;
    latency(out, &figures)?;
    waits(out, trace, model)?;
    channels(out, trace, model)?;
    critical_path(out, trace, model)?;
    match window {
        Some(size) => through_windows(out, model, size),
        None => Ok(()),
    }
}

fn head(out: &mut impl Write, trace: &Trace, model: &Model, figures: &Figures) -> fmt::Result {
    let information = |key| trace.information.get(key).map_or("", String::as_str);
    writeln!(
        out,
        "{} {}\n{} from the first step to the last, {} events, {} threads",
        information("program"),
        information("arguments"),
        duration(figures.duration),
        model.events,
        model.machines,
    )?;
    if !trace.complete {
        writeln!(
            out,
            "The trace is incomplete: the program was killed, or still runs."
        )?;
    }
    if trace.unread > 0 {
        writeln!(out, "{} bytes could not be read.", trace.unread)?;
    }
    if trace.lost > 0 {
        writeln!(
            out,
            "{} events were dropped, since they came faster than they could be written: \
             the figures are too low.",
            trace.lost
        )?;
    }
    Ok(())
}

fn concurrency(out: &mut impl Write, model: &Model, figures: &Figures) -> fmt::Result {
    let made = model.goroutines.iter().filter(|g| g.created.is_some());
    let able = figures.parallelism + figures.outside + figures.runnable;
    writeln!(
        out,
        "\nConcurrency of the program: {:.2} goroutines alive on average, {able:.2} of them able to run\n  \
         goroutines        {} made, {} alive at most\n  \
         running           {:.2} on average\n  \
         ready to run      {:.2}\n  \
         waiting           {:.2}\n  \
         made ready        {} times, {} of them by another goroutine",
        figures.alive,
        made.count(),
        figures.most_alive,
        figures.parallelism + figures.outside,
        figures.runnable,
        figures.waiting,
        model.wakes.len(),
        model.wakes.iter().filter(|wake| wake.from != 0).count(),
    )
}

fn parallelism(out: &mut impl Write, trace: &Trace, figures: &Figures) -> fmt::Result {
    writeln!(
        out,
        "\nParallelism of the run: {:.2} of {} processors busy on average",
        figures.parallelism,
        figures.utilisation.len(),
    )?;
    if figures.outside >= 0.005 {
        writeln!(
            out,
            "  {:.2} goroutines ran on none, in the kernel or computing for long",
            figures.outside
        )?;
    }
    if let Some(cpu_time) = trace.cpu_time {
        writeln!(
            out,
            "  CPU time          {:.2} CPUs on average, by all threads",
            cpu_time as f64 / figures.duration as f64
        )?;
    }
    let used = figures
        .utilisation
        .iter()
        .filter(|share| **share > 0.0)
        .count();
    for (count, time) in figures.busy.iter().enumerate().take(used + 1) {
        let share = *time as f64 / figures.duration as f64;
        let name = match count {
            0 => "all idle".to_string(),
            count => format!("{count} at once"),
        };
        writeln!(out, "  {name:<16} {:5.1} % {}", 100.0 * share, bar(share))?;
    }
    for (index, share) in figures.utilisation.iter().enumerate().take(MOST_PROCESSORS) {
        writeln!(
            out,
            "  P{index:<15} {:5.1} % {}",
            100.0 * share,
            bar(*share)
        )?;
    }
    Ok(())
}

fn latency(out: &mut impl Write, figures: &Figures) -> fmt::Result {
    let latency = &figures.latency;
    if latency.is_empty() {
        return Ok(());
    }
    let at = |percentile| duration(latency.value_at_percentile(percentile));
    writeln!(
        out,
        "\nFrom ready to running (scheduling latency)\n  median {}, 90 % {}, 99 % {}, 99.9 % {}, most {}",
        at(50.0),
        at(90.0),
        at(99.0),
        at(99.9),
        duration(latency.max()),
    )
}

/// Time and number by something, most first.
fn most<K: Ord>(sums: BTreeMap<K, (u64, u64)>) -> Vec<(K, (u64, u64))> {
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, (time, _))| std::cmp::Reverse(*time));
    sums
}

fn waits(out: &mut impl Write, trace: &Trace, model: &Model) -> fmt::Result {
    let mut reasons: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut places: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for span in model.goroutines.iter().flat_map(|g| &g.spans) {
        if let State::Waiting { site } = span.state {
            let site = trace.site(site);
            let place = match &site.place {
                Some(place) => format!("{} at {place}", reason(site)),
                None => reason(site).to_string(),
            };
            for sum in [
                reasons.entry(reason(site).to_string()).or_default(),
                places.entry(place).or_default(),
            ] {
                add(&mut sum.0, span.end - span.start);
                sum.1 += 1;
            }
        }
    }
    if reasons.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nWhat goroutines waited for       time         times")?;
    for (name, (time, count)) in most(reasons).iter().take(ROWS) {
        writeln!(out, "  {name:<24} {:>12} {count:>10}", duration(*time))?;
    }
    writeln!(out, "\nWhere they waited\n          time      times")?;
    for (name, (time, count)) in most(places).iter().take(ROWS) {
        writeln!(out, "  {:>12} {count:>10}  {name}", duration(*time))?;
    }
    Ok(())
}

fn channels(out: &mut impl Write, trace: &Trace, model: &Model) -> fmt::Result {
    let mut channels: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut locks: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for wake in &model.wakes {
        let site = trace.site(wake.site);
        if let Some(origin) = &site.origin {
            channels.entry(origin.to_string()).or_default().1 += 1;
        }
    }
    for span in model.goroutines.iter().flat_map(|g| &g.spans) {
        let State::Waiting { site } = span.state else {
            continue;
        };
        let site = trace.site(site);
        if let Some(origin) = &site.origin {
            let sum = &mut channels.entry(origin.to_string()).or_default().0;
            add(sum, span.end - span.start);
        } else if let Some(place) = &site.place
            && (site.reason.contains("Mutex") || site.reason == "semacquire")
        {
            let sum = locks
                .entry(format!("{} at {place}", site.reason))
                .or_default();
            add(&mut sum.0, span.end - span.start);
            sum.1 += 1;
        }
    }
    if !channels.is_empty() {
        writeln!(
            out,
            "\nBusiest channels, by where they were made\n    messages  time waited"
        )?;
        let mut all: Vec<_> = channels.into_iter().collect();
        all.sort_by_key(|(_, (_, count))| std::cmp::Reverse(*count));
        for (name, (time, count)) in all.iter().take(ROWS) {
            writeln!(out, "  {count:>10} {:>12}  {name}", duration(*time))?;
        }
    }
    if !locks.is_empty() {
        writeln!(
            out,
            "\nBusiest locks, by where they were waited for\n       times  time waited"
        )?;
        for (name, (time, count)) in most(locks).iter().take(ROWS) {
            writeln!(out, "  {count:>10} {:>12}  {name}", duration(*time))?;
        }
    }
    Ok(())
}

fn critical_path(out: &mut impl Write, trace: &Trace, model: &Model) -> fmt::Result {
    let path = CriticalPath::of(model);
    let (running, waiting) = (total(path.running.values()), total(path.waiting.values()));
    let all = total(&[running, waiting, path.runnable]).max(1);
    let percent = |time: u64| 100.0 * time as f64 / all as f64;
    writeln!(
        out,
        "\nCritical path, what the end had to wait for: {} through {} goroutines\n  \
         running {:.1} %, ready {:.1} %, waiting for time or others outside {:.1} %",
        duration(all),
        path.goroutines,
        percent(running),
        percent(path.runnable),
        percent(waiting),
    )?;
    let with_count = |(site, time): (&u32, &u64)| (*site, (*time, 0));
    for (site, (time, _)) in most(path.running.iter().map(with_count).collect())
        .iter()
        .take(ROWS)
    {
        let place = trace.site(*site).place.as_ref();
        let place = place.map_or("unknown".to_string(), ToString::to_string);
        writeln!(
            out,
            "  {:5.1} %  running goroutines made at {place}",
            percent(*time)
        )?;
    }
    for (site, (time, _)) in most(path.waiting.iter().map(with_count).collect())
        .iter()
        .take(ROWS)
    {
        let site = trace.site(*site);
        let place = site.place.as_ref();
        let place = place.map_or(String::new(), |place| format!(" at {place}"));
        writeln!(out, "  {:5.1} %  {}{place}", percent(*time), reason(site))?;
    }
    Ok(())
}

fn through_windows(out: &mut impl Write, model: &Model, size: u64) -> fmt::Result {
    let all = windows(model, size);
    writeln!(
        out,
        "\nThrough windows of {}: pairs of goroutines that both ran in a window ran in parallel\n\
         as far as one can see through it. So many of them really ran at the same instant.\n\
         {:>14} {:>12} {:>16} {:>16}",
        duration(size),
        "from",
        "goroutines",
        "pairs together",
        "pairs at once",
    )?;
    for window in all.iter().take(2 * ROWS) {
        writeln!(
            out,
            "{:>14} {:>12} {:>16} {:>16}",
            duration(window.start),
            window.ran,
            window.together,
            window.overlapped
        )?;
    }
    if all.len() > 2 * ROWS {
        writeln!(out, "  and {} more", all.len() - 2 * ROWS)?;
    }
    let together: u64 = all.iter().map(|window| window.together).sum();
    let overlapped: u64 = all.iter().map(|window| window.overlapped).sum();
    if together > 0 {
        writeln!(
            out,
            "In all {:.1} % of the pairs that seem parallel were.",
            100.0 * overlapped as f64 / together as f64
        )?;
    }
    Ok(())
}
