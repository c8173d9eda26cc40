//! Figures as text, for who has no terminal.

use super::figures::{Figures, Order, bytes, short, time};
use std::fmt::{self, Write};

/// Places that are shown.
const PLACES: usize = 20;

/// All of it.
pub fn block(out: &mut impl Write, figures: &Figures) -> fmt::Result {
    let now = &figures.now;
    writeln!(out, "process {}", now.pid)?;
    writeln!(
        out,
        "goroutines   {}: {} running, {} without a processor, {} runnable, {} waiting",
        now.goroutines, now.running, now.without_proc, now.runnable, now.waiting
    )?;
    writeln!(
        out,
        "parallelism  {:.2} CPUs, on {} processors, {} of them in use now",
        figures.parallelism(),
        now.max_procs,
        now.max_procs.saturating_sub(now.idle_procs)
    )?;
    writeln!(
        out,
        "threads      {}: {} asleep, {} searching",
        now.threads, now.idle_threads, now.searching_threads
    )?;
    writeln!(out, "latency      {}", latency(figures))?;
    writeln!(
        out,
        "per second   {} turns, {} made, {} steals, {} hand-offs, {} wake-ups",
        short(figures.rate(|sample| sample.turns)),
        short(figures.rate(|sample| sample.goroutines_created)),
        short(figures.rate(|sample| sample.steals)),
        short(figures.rate(|sample| sample.handoffs)),
        short(figures.rate(|sample| sample.wakeups)),
    )?;
    writeln!(
        out,
        "network      {} sockets, {} waits; {} timers",
        now.sockets, now.socket_waits, now.timers
    )?;
    writeln!(
        out,
        "memory       {} resident; {} stacks of {}, {} pooled; {} of headers",
        bytes(now.resident_memory),
        now.stacks,
        bytes(now.stack_size),
        now.pooled_stacks,
        bytes(now.header_memory)
    )?;
    writeln!(out, "\n  P   queue   turns/s  steals/s  hand-offs/s")?;
    for (index, p) in now.procs.iter().enumerate() {
        writeln!(
            out,
            "{index:>3}  {:>6}  {:>8}  {:>8}  {:>11}{}",
            p.runnable(),
            short(figures.proc_rate(index, |p| p.turns)),
            short(figures.proc_rate(index, |p| p.steals)),
            short(figures.proc_rate(index, |p| p.handoffs)),
            if p.in_use { "" } else { "  idle" },
        )?;
    }
    writeln!(out, "all  {:>6}  in the global queue", now.global_queue)?;
    if !now.waits.is_empty() {
        writeln!(out, "\n  count  waiting for")?;
    }
    for wait in &now.waits {
        writeln!(out, "{:>7}  {}", wait.count, wait.reason)?;
    }
    if !now.wait_places.is_empty() {
        writeln!(out, "\n  count  at")?;
    }
    for waiting in figures.places(Order::Count).iter().take(PLACES) {
        let place = &waiting.place;
        write!(out, "{:>7}  {} ({}", place.count, place.place, place.reason)?;
        match &place.origin {
            Some(origin) => writeln!(out, ", made at {origin})")?,
            None => writeln!(out, ")")?,
        }
    }
    let more = now.places.saturating_sub(PLACES as u64);
    if more > 0 {
        writeln!(out, "         and {more} more places")?;
    }
    Ok(())
}

/// The most important in one line.
pub fn line(figures: &Figures) -> String {
    let now = &figures.now;
    let waits: Vec<String> = now
        .waits
        .iter()
        .map(|wait| format!("{} {}", wait.count, wait.reason))
        .collect();
    let waits = match waits.is_empty() {
        true => String::new(),
        false => format!(" ({})", waits.join(", ")),
    };
    format!(
        "goroutines {}: {} running, {} without a processor, {} runnable, {} waiting{waits}; \
         parallelism {:.2}; {} turns/s, {} steals/s, {} hand-offs/s; latency {}",
        now.goroutines,
        now.running,
        now.without_proc,
        now.runnable,
        now.waiting,
        figures.parallelism(),
        short(figures.rate(|sample| sample.turns)),
        short(figures.rate(|sample| sample.steals)),
        short(figures.rate(|sample| sample.handoffs)),
        latency(figures),
    )
}

/// Percentiles of the scheduling latency.
pub(super) fn latency(figures: &Figures) -> String {
    let percentiles = [(0.5, "p50"), (0.9, "p90"), (0.99, "p99"), (1.0, "max")];
    let parts: Option<Vec<String>> = percentiles
        .iter()
        .map(|&(quantile, name)| {
            let found = figures.latency_quantile(quantile)?;
            Some(format!("{name} {}", time(found)))
        })
        .collect();
    match parts {
        Some(parts) => parts.join(", "),
        None => "nothing was scheduled".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::figures::tests::figures;
    use super::*;

    #[test]
    fn tells_all_there_is() {
        let mut text = String::new();
        block(&mut text, &figures()).unwrap();
        for part in [
            "goroutines   11: 1 running, 0 without a processor, 3 runnable, 7 waiting\n",
            "parallelism  1.75 CPUs, on 2 processors",
            "latency      p50 320 ns, p90 320 ns, p99 1.3 µs, max 1.2 ms\n",
            "per second   50.0k turns, 12 made, 10 steals, 0 hand-offs",
            "  0       3     50.0k",
            "  1       0         0         0            0  idle\n",
            "      5  chan receive\n      2  sleep\n",
            "      5  src/c.rs:9:1 (chan receive, made at src/a.rs:1:1)\n",
        ] {
            assert!(text.contains(part), "`{part}` is not in:\n{text}");
        }
    }

    #[test]
    fn a_line_is_a_line() {
        let text = line(&figures());
        assert!(!text.contains('\n'));
        assert!(text.contains("7 waiting (5 chan receive, 2 sleep); parallelism 1.75; "));
    }
}
