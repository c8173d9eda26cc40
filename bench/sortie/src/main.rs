//! The benchmark workloads on sortie: `bench-sortie WORKLOAD` prints nanoseconds
//! per operation. What each does is said in `bench/README.md`.

mod channels;
mod locks;
mod net;
mod spawn;
mod ticker;
mod timers;
mod yields;

use std::time::Instant;

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
        "ticker" => ticker::alone,
        "blockers-ticker" => ticker::beside_blockers,
        "hogs" => ticker::beside_hogs,
        "echo" => net::echo,
        "blockers" => net::blockers,
        _ => {
            eprintln!("bench-sortie: no workload `{name}`");
            std::process::exit(1);
        }
    };
    println!("{:.2}", sortie::run(run));
}

/// Measures `f`, which makes so many operations: nanoseconds for each.
fn timed(operations: u64, f: impl FnOnce()) -> f64 {
    let start = Instant::now();
    f();
    start.elapsed().as_nanos() as f64 / operations as f64
}
