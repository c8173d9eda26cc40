//! The benchmark workloads on sortie: `bench-sortie WORKLOAD` prints nanoseconds
//! per operation. What each does is said in `bench/README.md`.

mod channels;
mod locks;
mod memory;
mod parallel;
mod skynet;
mod spawn;
mod ticker;
mod timers;
mod yields;

pub(crate) use bench_program::{scaled, timed};

fn main() {
    let name = std::env::args().nth(1).unwrap_or_default();
    let run = match name.as_str() {
        "spawn" => spawn::run,
        "yield" => yields::run,
        "pingpong" => channels::pingpong,
        "ring" => channels::ring,
        "spsc" => channels::spsc,
        "mpmc" => channels::mpmc,
        "select" => channels::selects,
        "sieve" => channels::sieve,
        "sleepers" => timers::sleepers,
        "timer-func" => timers::functions,
        "timer-stop" => timers::stop,
        "timer-reset" => timers::reset,
        "timer-pending" => timers::pending,
        "timer-select" => timers::timeouts,
        "mutex" => locks::mutex,
        "uncontended" => locks::uncontended,
        "r100" => locks::rwmutex_100,
        "r10" => locks::rwmutex_10,
        "ronly" => locks::rwmutex_only,
        "uncr" => locks::uncr,
        "uncw" => locks::uncw,
        "skynet" => skynet::run,
        "memory" => memory::run,
        "parallel" => parallel::run,
        "ticker" => ticker::alone,
        "blockers-ticker" => ticker::beside_blockers,
        "hogs" => ticker::beside_hogs,
        _ => {
            eprintln!("bench-sortie: no workload `{name}`");
            std::process::exit(1);
        }
    };
    bench_program::report(sortie::run(run));
}
