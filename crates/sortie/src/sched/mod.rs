//! The scheduler: G, M and P, as in Go.
//!
//! # Purpose
//! *G* is a goroutine, *M* a machine (an OS thread), *P* a processor (the right to
//! run goroutines; there are GOMAXPROCS of them). An M with a P runs Gs. A G that
//! blocks in the runtime costs nothing but its memory; one that blocks in the
//! kernel, or computes for long, costs its M, but never a P: that goes to another
//! M.
//!
//! # Where runnable goroutines are
//! * [`P::next`](processor::P): made ready by the goroutine that runs; runs next
//!   and inherits the time slice, so a pair that talks over a channel costs two
//!   switches a round and no queue;
//! * [`P::queue`](processor::P): 256 entries, first in first out; others steal half;
//! * the global queue, under a lock: overflow, yields, and whatever is made ready
//!   by threads without a processor. Looked at every other round of at most 61
//!   turns, and whenever the own queue is empty.
//!
//! # The protocols, each with both its halves
//! * [`run_queue`](crate::base::run_queue): owner against thieves;
//! * [`seat`]: a machine in user code against whoever wants its processor;
//! * [`wake_gate`]: who submits work against who goes to sleep;
//! * [`run`]: a goroutine that parks against whoever makes it ready.
//!
//! # Parking
//! A goroutine that parks first puts itself where a waker finds it, with the
//! queue locked, then leaves its stack, and only then is the lock released, by a
//! *commit* function on the machine's stack. So a waker that finds it can be sure
//! that it is off its stack. No state word is needed for that.
//!
//! # GOMAXPROCS
//! Processors limit how many goroutines run at once, but for those that lost theirs and
//! compute on. Where fewer processors than CPUs were asked for, [`overtime`] notices when
//! that makes a difference, and [`confine`] keeps all machines to as many CPUs as there are
//! processors, by affinity masks. Else nothing is done.
//!
//! # Work conservation
//! If a processor is idle while a goroutine waits, a machine is woken, one at a
//! time (see [`wake_gate`]). One exception saves most futile wake-ups: goroutines
//! that are made ready by one that is about to park usually run here in a moment,
//! and another machine would only drag what they use to its own CPU. So they are
//! left to their processor if
//! * there are so few that all of them will have had their turn within
//!   3 microseconds, as turns went in the last round; and
//! * a counter predicts it, like a branch predictor: it goes up when a goroutine was
//!   stolen after having waited, and down with each that ran here.
//!
//! Whoever searches for work follows the same rule: from a queue that is as short
//! as that it takes only what has been there for a while. When the prediction is
//! wrong sysmon notices, within half a millisecond, and corrects it.
//!
//! # Roads not taken
//! * *Preemption by signal*: interrupts system calls of code that never expected
//!   it, and a goroutine stopped anywhere cannot be moved from its thread's
//!   kernel state. Instead a goroutine that computes on keeps its thread and
//!   loses its processor: the kernel shares the CPUs between the two threads, few
//!   of them if need be (see above).
//! * *Per-machine queues*: with a blocked machine its queue would be stuck.
//! * *LIFO slot without stealing*: a goroutine in it could wait for ever.

pub(crate) mod alarm;
pub(crate) mod blocking;
pub(crate) mod config;
pub(crate) mod confine;
pub(crate) mod deadlock;
pub(crate) mod entry;
pub(crate) mod fatal;
pub(crate) mod fibers;
pub(crate) mod find;
pub(crate) mod global;
pub(crate) mod hint;
pub(crate) mod idle;
pub(crate) mod latency;
pub(crate) mod locked;
pub(crate) mod machine;
pub(crate) mod overtime;
pub(crate) mod poll;
pub(crate) mod processor;
pub(crate) mod procs;
pub(crate) mod run;
pub(crate) mod scheduler;
pub(crate) mod seat;
pub(crate) mod spawn;
pub(crate) mod stop;
pub(crate) mod submit;
pub(crate) mod sysmon;
pub(crate) mod trace;
pub(crate) mod upkeep;
pub(crate) mod wake_gate;

pub(crate) use machine::M;
pub(crate) use processor::P;
pub(crate) use run::{Commit, Wish};
pub(crate) use scheduler::Scheduler;

/// Bytes of stack of a machine's thread: only the scheduler runs there.
const STACK_OF_MACHINE: usize = 256 * 1024;

/// Lets other goroutines run first, if any are ready. The caller goes to the end
/// of the global queue.
///
/// Go's `runtime.Gosched`. On an OS thread that runs no goroutine, yields the
/// thread.
///
/// # Examples
/// ```
/// sortie::run(|| {
///     sortie::yield_now();
/// });
/// ```
pub fn yield_now() {
    submit::yield_now();
}
