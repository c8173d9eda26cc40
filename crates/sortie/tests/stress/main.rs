//! Everything at once, on 1 to 16 processors, until something gives.
//!
//! `SORTIE_STRESS_ROUNDS=1000` makes it long. A scenario that makes no progress for
//! two minutes is a hang: all goroutines are dumped, and the process aborts.

mod channels;
mod groups;
mod lanes;
mod random;
mod scenarios;
mod sockets;

use libtest_mimic::{Arguments, Trial};
use random::Random;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Scenarios set the number of processors, so they take turns.
static ONE: Mutex<()> = Mutex::new(());
/// Counts rounds, for the watchdog.
static PROGRESS: AtomicU64 = AtomicU64::new(0);

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1);
    if !arguments.list {
        std::thread::spawn(watch);
    }
    let trials = scenarios::ALL
        .iter()
        .chain(channels::ALL)
        .chain(groups::ALL)
        .chain(lanes::ALL)
        .chain(sockets::ALL)
        .flat_map(|&(name, scenario)| {
            [1, 2, 4, 16].map(|procs| {
                Trial::test(format!("{name}::on_{procs}"), move || {
                    stress(procs, scenario);
                    Ok(())
                })
            })
        })
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}

fn stress(procs: usize, scenario: fn(&mut Random)) {
    let _one = ONE.lock().unwrap();
    let rounds = std::env::var("SORTIE_STRESS_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(5);
    sortie::runtime::set_max_procs(procs);
    for round in 0..rounds {
        let mut random = Random::new(round * 31 + procs as u64);
        sortie::run(|| scenario(&mut random));
        PROGRESS.fetch_add(1, Ordering::Relaxed);
    }
}

/// Ends the process, with a dump, if nothing gets on.
fn watch() {
    let mut seen = 0;
    loop {
        std::thread::sleep(Duration::from_secs(120));
        let now = PROGRESS.load(Ordering::Relaxed);
        if now == seen {
            eprintln!("no progress: {:?}", sortie::runtime::metrics());
            // SAFETY: asks for a dump of all goroutines, which ends the process.
            unsafe { libc::raise(libc::SIGQUIT) };
        }
        seen = now;
    }
}
