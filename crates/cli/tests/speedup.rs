//! `sortie speedup` on a program whose serial fraction is known.
//!
//! The program is this executable, run again. Its work is CPU time, so it is the same however
//! fast the CPU is; but how long it takes depends on what else there is to do. So the figure
//! is asked for several times, and if it was never right although others left the CPUs alone,
//! it is wrong.

use std::process::Command;
use std::time::{Duration, Instant};

const VARIABLE: &str = "SORTIE_SPEEDUP_PROGRAM";
/// The serial part of the work, and all of it.
const SERIAL: Duration = Duration::from_millis(480);
const ALL: Duration = Duration::from_millis(1600);
const WORKERS: u32 = 8;
/// How wrong the fraction may be: what a burst computes until it is noticed, and starting and
/// ending the process.
const ERROR: f64 = 0.05;
const ATTEMPTS: u32 = 6;

fn time(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: writes the time.
    assert_eq!(unsafe { libc::clock_gettime(clock, &mut time) }, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Uses so much CPU time, and never enters the runtime.
fn compute(work: Duration) {
    let start = time(libc::CLOCK_THREAD_CPUTIME_ID);
    while time(libc::CLOCK_THREAD_CPUTIME_ID) - start < work {
        for _ in 0..1_000 {
            std::hint::spin_loop();
        }
    }
}

/// The program.
#[test]
fn program() {
    if std::env::var_os(VARIABLE).is_some() {
        sortie::run(|| {
            compute(SERIAL);
            let work = || compute((ALL - SERIAL) / WORKERS);
            let workers: Vec<_> = (0..WORKERS).map(|_| sortie::go(work)).collect();
            workers
                .into_iter()
                .for_each(|worker| worker.join().unwrap());
        });
    }
}

/// CPU time that this process's children have used.
fn of_children() -> f64 {
    // SAFETY: fills what it is given.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_CHILDREN, &mut usage);
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// CPU time that was used on the whole machine, or by whoever lends it its CPUs.
fn of_all() -> f64 {
    let stat = std::fs::read_to_string("/proc/stat").unwrap();
    let fields = stat.lines().next().unwrap().split_whitespace().skip(1);
    let fields: Vec<f64> = fields.map(|field| field.parse().unwrap()).collect();
    // SAFETY: cannot fail.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) } as f64;
    // Neither idle nor waiting for a disk; guests are in the user time.
    fields[..8].iter().sum::<f64>() / ticks - (fields[3] + fields[4]) / ticks
}

/// What `sortie speedup` says.
fn fraction() -> f64 {
    let output = Command::new(env!("CARGO_BIN_EXE_sortie"))
        .args(["speedup", "--max", "2", "--rounds", "2", "--"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "program"])
        .env(VARIABLE, "1")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let (_, after) = text.split_once("Serial fraction ").expect(&text);
    let (percent, _) = after.split_once(" %").expect(&text);
    percent.parse::<f64>().unwrap() / 100.0
}

#[test]
fn the_serial_fraction_is_found() {
    let cpus = std::thread::available_parallelism().unwrap().get();
    if std::env::var_os(VARIABLE).is_some() || cpus < 2 {
        return;
    }
    let expected = SERIAL.as_secs_f64() / ALL.as_secs_f64();
    let mut wrong = Vec::new();
    for _ in 0..ATTEMPTS {
        let (start, all, own) = (Instant::now(), of_all(), of_children());
        let found = fraction();
        let others = (of_all() - all) - (of_children() - own);
        println!("found {found}, others used {others:.2} s");
        if (found - expected).abs() <= ERROR {
            return;
        }
        if others / start.elapsed().as_secs_f64() < 0.1 {
            wrong.push(found);
        }
    }
    assert!(wrong.len() < 3, "{expected}, but found {wrong:?}");
}
