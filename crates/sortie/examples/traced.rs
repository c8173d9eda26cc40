//! Writes a trace of a small program: two workers that compute, a pair that talks,
//! and somebody who sleeps.
//!
//! ```text
//! cargo run --release --example traced -- out.trace
//! sortie report out.trace --window 5ms
//! ```

use sortie::chan::bounded;
use sortie::trace;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

fn main() -> io::Result<()> {
    let given = std::env::args_os().nth(1).map(PathBuf::from);
    let path = given.clone().unwrap_or_else(|| {
        std::env::temp_dir().join(format!("traced-{}.trace", std::process::id()))
    });
    trace::start_file(&path)?;
    let primes = sortie::run(program);
    trace::stop()?;
    println!(
        "{primes} primes, {} bytes of trace",
        std::fs::metadata(&path)?.len()
    );
    if given.is_none() {
        std::fs::remove_file(&path)?;
    }
    Ok(())
}

fn program() -> usize {
    let task = trace::Task::new("primes");
    let (ping, pinged) = bounded(0);
    sortie::go(move || (0..1000).try_for_each(|i| ping.send(i)));
    sortie::scope(|s| {
        s.go(|| sortie::sleep(Duration::from_millis(5)));
        let halves = [2..100_000u64, 100_000..150_000].map(|range| {
            let task = &task;
            s.go(move || {
                let _region = task.region("count");
                let is_prime = |n: &u64| {
                    (2..)
                        .take_while(|d| d * d <= *n)
                        .all(|d| !n.is_multiple_of(d))
                };
                range.filter(is_prime).count()
            })
        });
        assert_eq!(pinged.iter().sum::<i32>(), 499_500);
        trace::log("pings", "all there");
        halves.into_iter().map(|half| half.join().unwrap()).sum()
    })
}
