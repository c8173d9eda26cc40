//! A million goroutines alive at once, on a stock kernel: what each costs, and that
//! all of it is given back.
//!
//! A program of its own, so that the memory it measures is theirs alone.

use libtest_mimic::{Arguments, Failed, Trial};
use sortie::runtime::metrics;
use sortie::task::{Builder, JoinHandle};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::time::{Duration, Instant};

const GOROUTINES: usize = 1_000_000;
/// Resident bytes that a waiting goroutine may cost.
const BYTES_EACH: usize = 8_300;
/// Resident bytes that may be left when all have ended.
const LEFT_OVER: usize = 200 << 20;
/// Memory the machine must have to spare: twice what is expected, with page tables.
const NEEDED: usize = 8 << 30;
/// Far longer than anything here takes; then a wait was in vain.
const PATIENCE: Duration = Duration::from_secs(120);

fn main() {
    let trial = Trial::test("a_million_goroutines_wait_and_end", million);
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit();
}

fn million() -> Result<(), Failed> {
    let available = kilobytes("/proc/meminfo", "MemAvailable:") << 10;
    if available < NEEDED {
        eprintln!(
            "not tested: {} MiB of memory are available, {} MiB are needed",
            available >> 20,
            NEEDED >> 20
        );
        return Ok(());
    }
    sortie::run(wait_and_end)
}

/// Each goroutine joins the one before it, the first waits for a message: when that
/// comes, they end one after the other.
fn wait_and_end() -> Result<(), Failed> {
    static STARTED: AtomicUsize = AtomicUsize::new(0);
    let (end, wait_for_end) = mpsc::channel::<()>();
    let before = resident();
    let start = Instant::now();
    let mut last: JoinHandle<()> = sortie::go(move || {
        STARTED.fetch_add(1, SeqCst);
        // The sender is dropped for it.
        wait_for_end.recv().unwrap_err();
    });
    for made in 1..GOROUTINES {
        let waits = move || {
            STARTED.fetch_add(1, SeqCst);
            last.join().unwrap();
        };
        last = match Builder::new().spawn(waits) {
            Ok(handle) => handle,
            Err(error) if error.to_string().contains("MADV_GUARD_INSTALL") => {
                // `waits` is gone, and with it the handle; all end by themselves.
                eprintln!("not tested: after {made} goroutines: {error}");
                return Ok(());
            }
            Err(error) => return Err(format!("after {made} goroutines: {error}").into()),
        };
    }
    // Nothing is ready, and nothing runs but this goroutine and the first, which
    // holds its thread: all others are parked.
    until("all to wait", || {
        let now = metrics();
        STARTED.load(SeqCst) == GOROUTINES
            && now.runnable == 0
            && now.threads - now.idle_threads <= 2
    })?;
    let alive = sortie::runtime::num_goroutines();
    assert_eq!(alive, GOROUTINES + 1, "and the main goroutine");
    let each = resident().saturating_sub(before) / GOROUTINES;
    println!(
        "{GOROUTINES} goroutines wait after {:.2?}: {each} bytes each, {} more of page tables",
        start.elapsed(),
        (kilobytes("/proc/self/status", "VmPTE:") << 10) / GOROUTINES
    );

    let start = Instant::now();
    drop(end);
    last.join().unwrap();
    println!("all ended after {:.2?}", start.elapsed());
    until("all to be gone", || sortie::runtime::num_goroutines() == 1)?;
    // The watcher gives back what nobody needed for a second or two.
    until("memory to be given back", || resident() < LEFT_OVER)?;
    println!(
        "{} MiB are left after {:.2?}",
        resident() >> 20,
        start.elapsed()
    );
    assert!(each <= BYTES_EACH, "{each} bytes each are too many");
    Ok(())
}

/// Looks, now and then, whether something has happened.
fn until(what: &str, mut happened: impl FnMut() -> bool) -> Result<(), Failed> {
    let start = Instant::now();
    while !happened() {
        if start.elapsed() > PATIENCE {
            return Err(format!("waited in vain for {what}: {:?}", metrics()).into());
        }
        sortie::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// Resident memory of this process, in bytes.
fn resident() -> usize {
    const PAGE: usize = 4096;
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages = statm.split_whitespace().nth(1).unwrap();
    pages.parse::<usize>().unwrap() * PAGE
}

/// A number that a file of the kernel's tells in kilobytes.
fn kilobytes(file: &str, name: &str) -> usize {
    let text = std::fs::read_to_string(file).unwrap();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
