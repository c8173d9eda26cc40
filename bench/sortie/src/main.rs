//! The benchmark workloads on sortie: `bench-sortie WORKLOAD` prints nanoseconds
//! per operation. What each does is said in `bench/README.md`.

mod channels;
mod contexts;
mod locks;
mod memory;
mod net;
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
        "chan-alone" => channels::alone,
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
        "mutex-alone" => locks::mutex_alone,
        "rwlock-100" => locks::read_mostly_100,
        "rwlock-10" => locks::read_mostly_10,
        "rwlock-read" => locks::read_only,
        "read-alone" => locks::read_alone,
        "write-alone" => locks::write_alone,
        "cancel-chain" => contexts::chain,
        "cancel-wide" => contexts::wide,
        "cancel-tree" => contexts::tree,
        "context-timeout" => contexts::timeouts,
        "skynet" => skynet::run,
        "memory" => memory::run,
        "parallel" => parallel::run,
        "ticker" => ticker::alone,
        "blockers-ticker" => ticker::beside_blockers,
        "hogs" => ticker::beside_hogs,
        "echo" => net::echo,
        "blockers" => net::blockers,
        _ => {
            eprintln!("not applicable: no workload `{name}`");
            std::process::exit(1);
        }
    };
    bench_program::report(sortie::run(run));
}
