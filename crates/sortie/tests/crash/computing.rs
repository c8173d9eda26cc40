//! GOMAXPROCS for goroutines that compute: how many CPUs they use, on which they may run, and
//! that all are free again afterwards. Nobody is ever confined where there is one CPU only.

use crate::program::{Case, Outcome};
use sortie::runtime;
use std::collections::BTreeMap;
use std::hint::spin_loop;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// For what must happen sooner or later.
const DEADLINE: Duration = Duration::from_secs(120);
/// So many that they get more than one CPU's time also beside others.
const CROWD: usize = 24;

type Mask = Vec<usize>;

fn now(clock: libc::clockid_t) -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: writes the time.
    assert_eq!(unsafe { libc::clock_gettime(clock, &mut time) }, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Uses so much CPU time, and never enters the runtime.
fn compute(time: Duration) {
    let start = now(libc::CLOCK_THREAD_CPUTIME_ID);
    while now(libc::CLOCK_THREAD_CPUTIME_ID) - start < time {
        for _ in 0..1_000 {
            spin_loop();
        }
    }
}

/// The CPUs on which a thread may run, 0 for the caller.
fn mask(tid: u32) -> Option<Mask> {
    // SAFETY: fills the set it is given.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        let result = libc::sched_getaffinity(tid as i32, size_of_val(&set), &mut set);
        let is_member = |cpu: &usize| libc::CPU_ISSET(*cpu, &set);
        (result == 0).then(|| (0..1024).filter(is_member).collect())
    }
}

/// Lets the calling thread run on one CPU only.
fn pin(cpu: usize) {
    // SAFETY: reads the set.
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        assert_eq!(libc::sched_setaffinity(0, size_of_val(&set), &set), 0);
    }
}

fn tid() -> u32 {
    // SAFETY: cannot fail.
    unsafe { libc::gettid() as u32 }
}

/// The names of all threads, and where they may run.
fn threads() -> BTreeMap<u32, (String, Mask)> {
    let mut threads = BTreeMap::new();
    for entry in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        let tid: u32 = entry.file_name().to_str().unwrap().parse().unwrap();
        // It may have ended meanwhile.
        if let Ok(name) = std::fs::read_to_string(entry.path().join("comm"))
            && let Some(mask) = mask(tid)
        {
            threads.insert(tid, (name.trim().to_string(), mask));
        }
    }
    threads
}

/// The masks of the runtime's threads that run goroutines.
fn machines() -> Vec<Mask> {
    let threads = threads().into_values();
    let machines = threads.filter(|(name, _)| name.starts_with("sortie-m"));
    machines.map(|(_, mask)| mask).collect()
}

/// Looks until it is so.
#[track_caller]
fn until(what: &str, mut is: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is() {
        let late = start.elapsed() > DEADLINE;
        assert!(!late, "never: {what}; {:#?}", threads());
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn until_confined(count: usize) {
    until("machines are confined", || {
        let machines = machines();
        machines.len() > count && machines.iter().all(|mask| mask.len() == count)
    });
}

fn until_free(whole: &Mask) {
    until("all threads are free", || {
        threads().values().all(|(_, mask)| mask == whole)
    });
}

/// Goroutines that compute until they are told to end.
struct Hogs {
    stop: Arc<AtomicBool>,
    handles: Vec<sortie::task::JoinHandle<()>>,
}

impl Hogs {
    fn start() -> Hogs {
        let stop = Arc::new(AtomicBool::new(false));
        let hog = |stop: Arc<AtomicBool>| {
            move || {
                while !stop.load(SeqCst) {
                    spin_loop();
                }
            }
        };
        Hogs {
            handles: (0..CROWD).map(|_| sortie::go(hog(stop.clone()))).collect(),
            stop,
        }
    }

    fn end(self) {
        self.stop.store(true, SeqCst);
        for hog in self.handles {
            hog.join().unwrap();
        }
    }
}

/// Runs a case, one at a time: two that have half of the CPUs each are within their limits.
fn run(case: Case, change: impl FnOnce(&mut Command) -> &mut Command) -> Outcome {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    case.run_with(change)
}

/// Runs a case on one processor, where that is not all.
fn on_one(case: Case) -> Outcome {
    run(case, |command| command.env("SORTIE_MAXPROCS", "1"))
}

/// All CPUs, if there are more than one. Without them there is nothing to see.
fn cpus() -> Option<Mask> {
    let whole = mask(0).unwrap();
    (whole.len() > 1).then_some(whole)
}

/// Lets goroutines compute, and returns by how much they used more CPU time than so many
/// processors have.
fn excess(processors: usize, body: impl Fn() + Clone + Send + 'static) -> Duration {
    runtime::set_max_procs(processors);
    let before = now(libc::CLOCK_PROCESS_CPUTIME_ID);
    let start = Instant::now();
    let workers: Vec<_> = (0..8).map(|_| sortie::go(body.clone())).collect();
    workers
        .into_iter()
        .for_each(|worker| worker.join().unwrap());
    let used = now(libc::CLOCK_PROCESS_CPUTIME_ID) - before;
    used.saturating_sub(start.elapsed() * processors as u32)
}

pub(crate) const CASES: &[Case] = &[
    Case {
        // Beside load they use less; without, twice as much if nobody kept them from it.
        name: "computing::uses_no_more_cpu_time_than_there_are_processors",
        program: || {
            let cpus = cpus().map_or(1, |whole| whole.len());
            for processors in 1..cpus.min(4) {
                let excess = excess(processors, || compute(Duration::from_millis(200)));
                // What is not noticed at first, and what the runtime itself uses.
                assert!(excess < Duration::from_millis(150), "{excess:?}");
            }
        },
        check: |case| {
            run(case, |command| command).status(0);
        },
    },
    Case {
        name: "computing::announced_or_after_a_blocking_call_counts_as_well",
        program: || {
            if cpus().is_some() {
                let announced = || runtime::blocking(|| compute(Duration::from_millis(200)));
                let after_a_call = || {
                    std::thread::sleep(Duration::from_millis(300));
                    compute(Duration::from_millis(200));
                };
                assert!(excess(1, announced) < Duration::from_millis(300));
                assert!(excess(1, after_a_call) < Duration::from_millis(300));
            }
        },
        check: |case| {
            run(case, |command| command).status(0);
        },
    },
    Case {
        name: "computing::machines_are_confined_and_set_free_again",
        program: || {
            let Some(whole) = cpus() else { return };
            for _ in 0..3 {
                let hogs = Hogs::start();
                until_confined(1);
                for (name, mask) in threads().values() {
                    assert!(name.starts_with("sortie-m") || *mask == whole, "{name}");
                }
                let seen = sortie::go(|| (runtime::num_cpu(), runtime::max_procs()));
                assert_eq!(seen.join().unwrap(), (whole.len(), 1));
                assert_eq!(runtime::num_cpu(), whole.len());
                hogs.end();
                until_free(&whole);
            }
        },
        check: |case| {
            on_one(case).status(0);
        },
    },
    Case {
        name: "computing::the_number_of_processors_changes_meanwhile",
        program: || {
            let Some(whole) = cpus() else { return };
            let hogs = Hogs::start();
            for _ in 0..3 {
                for count in (1..whole.len().min(5)).rev() {
                    runtime::set_max_procs(count);
                    until_confined(count);
                }
                runtime::set_max_procs(whole.len());
                until_free(&whole);
            }
            hogs.end();
        },
        check: |case| {
            run(case, |command| command).status(0);
        },
    },
    Case {
        name: "computing::by_default_nobody_is_confined",
        program: || {
            let whole = mask(0).unwrap();
            let left = Arc::new(AtomicUsize::new(CROWD));
            for _ in 0..CROWD {
                let left = left.clone();
                sortie::go(move || {
                    compute(Duration::from_millis(30));
                    left.fetch_sub(1, SeqCst);
                });
            }
            while left.load(SeqCst) > 0 {
                assert!(threads().values().all(|(_, mask)| *mask == whole));
            }
        },
        check: |case| {
            run(case, |command| command.env_remove("SORTIE_MAXPROCS")).status(0);
            // Nor if as many are asked for as there are, or more.
            for more in [0, 1] {
                let count = (mask(0).unwrap().len() + more).to_string();
                run(case, |command| command.env("SORTIE_MAXPROCS", &count)).status(0);
            }
        },
    },
    Case {
        name: "computing::whoever_is_locked_to_his_thread_is_left_alone",
        program: || {
            let Some(whole) = cpus() else { return };
            let (inside, done) = (
                Arc::new(AtomicUsize::new(0)),
                Arc::new(AtomicBool::new(false)),
            );
            // One for each CPU, so that one has just what a confinement may choose.
            let pinned = whole.iter().take(16).map(|&cpu| {
                let (inside, done) = (inside.clone(), done.clone());
                sortie::go(move || {
                    let _lock = runtime::lock_os_thread();
                    pin(cpu);
                    inside.fetch_add(1, SeqCst);
                    while !done.load(SeqCst) {
                        assert_eq!(mask(0), Some(vec![cpu]));
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    // Where the process may run, for who has the thread next.
                    assert_eq!(mask(0), Some(vec![cpu]));
                })
            });
            let pinned: Vec<_> = pinned.collect();
            until("they are pinned", || inside.load(SeqCst) == pinned.len());
            let hogs = Hogs::start();
            let is_confined = || {
                let narrow = machines().into_iter().filter(|mask| mask.len() == 1);
                narrow.count() > CROWD / 2 + pinned.len()
            };
            until("the others are confined", is_confined);
            // Whoever locks himself now is set free, and may do as he likes.
            let (cpus, all) = (whole.clone(), whole.clone());
            let late = sortie::go(move || {
                compute(Duration::from_millis(1));
                let _lock = runtime::lock_os_thread();
                assert_eq!(mask(0), Some(all));
                for cpu in cpus {
                    pin(cpu);
                    compute(Duration::from_millis(100));
                    assert_eq!(mask(0), Some(vec![cpu]));
                }
            });
            late.join().unwrap();
            hogs.end();
            done.store(true, SeqCst);
            pinned.into_iter().for_each(|pinned| pinned.join().unwrap());
        },
        check: |case| {
            on_one(case).status(0);
        },
    },
    Case {
        name: "computing::threads_that_are_started_meanwhile_get_all_cpus",
        program: || {
            let Some(whole) = cpus() else { return };
            let done = Arc::new(AtomicBool::new(false));
            // Those that were there before keep what they have asked for.
            let before = whole.iter().take(16).map(|&cpu| {
                let done = done.clone();
                std::thread::spawn(move || {
                    pin(cpu);
                    while !done.load(SeqCst) {
                        assert_eq!(mask(0), Some(vec![cpu]));
                        std::thread::sleep(Duration::from_millis(1));
                    }
                })
            });
            let before: Vec<_> = before.collect();
            let hogs = Hogs::start();
            until_confined(1);
            let all = whole.clone();
            let starts = sortie::go(move || {
                let thread = std::thread::spawn(move || {
                    let child = std::thread::spawn(tid);
                    child.join().unwrap();
                    until("it gets all CPUs", || mask(0).as_ref() == Some(&all));
                    assert_eq!(runtime::num_cpu(), all.len());
                });
                runtime::blocking(|| thread.join().unwrap());
            });
            starts.join().unwrap();
            // One that is there when the confinement ends.
            let (all, over) = (whole.clone(), done.clone());
            let starts = sortie::go(move || {
                std::thread::spawn(move || {
                    assert_eq!(runtime::num_cpu(), all.len());
                    until("it gets all CPUs", || mask(0).as_ref() == Some(&all));
                    while !over.load(SeqCst) {
                        assert_eq!(mask(0).as_ref(), Some(&all));
                        std::thread::sleep(Duration::from_millis(1));
                    }
                })
            });
            hogs.end();
            let started = starts.join().unwrap();
            until("machines are free", || {
                machines().iter().all(|mask| *mask == whole)
            });
            done.store(true, SeqCst);
            started.join().unwrap();
            before.into_iter().for_each(|thread| thread.join().unwrap());
        },
        check: |case| {
            on_one(case).status(0);
        },
    },
    Case {
        // Machines retire after five seconds, and others come.
        name: "computing::threads_that_retire_and_new_ones",
        program: || {
            let Some(whole) = cpus() else { return };
            for round in 0..2 {
                let hogs = Hogs::start();
                until_confined(1);
                hogs.end();
                until_free(&whole);
                if round == 0 {
                    until("threads retire", || machines().len() <= 2);
                }
            }
        },
        check: |case| {
            on_one(case).status(0);
        },
    },
    Case {
        name: "computing::a_deadlock_is_found_afterwards",
        program: || {
            sortie::run(|| {
                let hogs: Vec<_> = (0..CROWD)
                    .map(|_| sortie::go(|| compute(Duration::from_millis(30))))
                    .collect();
                hogs.into_iter().for_each(|hog| hog.join().unwrap());
                let (_sender, receiver) = sortie::chan::bounded::<()>(0);
                let _ = receiver.recv();
            });
        },
        check: |case| {
            on_one(case)
                .status(2)
                .says(&["all goroutines are asleep - deadlock!", "chan receive"]);
        },
    },
    Case {
        name: "computing::endless_loops_do_not_stop_the_others",
        program: || {
            let hogs = Hogs::start();
            if cpus().is_some() {
                until_confined(1);
            }
            sortie::run(|| {
                for _ in 0..20 {
                    sortie::sleep(Duration::from_millis(1));
                    sortie::go(sortie::yield_now).join().unwrap();
                }
            });
            hogs.end();
        },
        check: |case| {
            on_one(case).status(0);
        },
    },
];
