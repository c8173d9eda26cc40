//! GOMAXPROCS for goroutines that compute.
//!
//! # Purpose
//! A goroutine that computes for long loses its processor and runs on (see [`sysmon`]), so
//! that others have their turn. With it and whoever has the processor now, more goroutines
//! run at once than there are processors. As long as there are as many of those as CPUs, the
//! kernel shares the CPUs out, and all is well. But whoever asks for fewer, explicitly, wants
//! no more parallelism than that: to leave CPUs to others, or to measure what parallelism
//! brings.
//!
//! So when machines use more CPU time than GOMAXPROCS allows, and some of them run without a
//! processor, sysmon *confines* all of them to as many CPUs as there are processors, by their
//! affinity masks ([`confine`]), until that is no longer so. No signal, no cost for who runs.
//!
//! # Begin, and end
//! Every 10 milliseconds while there are machines in user code without a processor, and
//! enough of them, the CPU time of all machines is compared with what it was. If it is more
//! than that of GOMAXPROCS CPUs, and one of those without a processor has had a part in it,
//! the confinement begins. A ticker beside an endless loop needs no more than one CPU and a
//! little, so that stays as it is.
//!
//! During a confinement time says nothing. Instead the machines are counted that computed
//! without a processor in the last period, and the busy processors, on average: so many CPUs
//! *would* be used. When that is no more than GOMAXPROCS for four periods, of 25 milliseconds
//! and a little at random, the confinement ends.
//!
//! # Which CPUs
//! Any, at random. If the machines get less time there than they could use, somebody else wants
//! the same CPUs, while others may be idle. It may be a process that is confined too, and about
//! to try other CPUs itself; so after two periods in a row a coin decides whether they are moved
//! to others or wait for one more. If they get it all they stay.
//!
//! # What it does not do
//! * The first 15 milliseconds of a burst of computing are not confined, nor are bursts that
//!   are shorter: one time slice, and the time to notice. If nobody had to lose a processor for
//!   it, since the goroutines had been stuck in the kernel until then, up to 160 milliseconds.
//! * Goroutines that are locked to their thread are not: whoever does that may have set the
//!   thread's affinity himself. Nor are threads without goroutines.
//! * The default of GOMAXPROCS is never enforced. It may be less than the CPUs if a cgroup has
//!   a quota, which the kernel enforces.
//!
//! # Time slices
//! Confined to one CPU with many others, who has the processor hardly runs. Were he to lose it
//! after 10 milliseconds all the same, one goroutine after the other would come to a thread,
//! to no avail. So it is 10 milliseconds of CPU time then, within limits.
//!
//! # Roads not taken
//! * *A signal to stop whoever computes*: see [`seat`](super::seat).
//! * *Letting nobody have the processor*: those that wait could wait for ever.
//! * *Confinement of those without a processor only*: together with those who have one they
//!   would still be twice as many.
//!
//! [`confine`]: super::confine
//! [`sysmon`]: super::sysmon

use super::machine::M;
use super::scheduler::Scheduler;
use super::sysmon::cpu_time;
use crate::base::affinity::CpuSet;
use crate::base::atomic::Ordering;
use crate::base::clock::NEVER;
use crate::base::rng::Rng;

/// Time between two looks at CPU times, in nanoseconds.
const PACE: u64 = 10_000_000;
/// The longest, if they stand still; and the first, if a goroutine is known to compute.
const LONGEST: u64 = 80_000_000;
const FIRST: u64 = 3_000_000;
/// Between two looks during a confinement, and how much more at random.
const PERIOD: u64 = 25_000_000;
const JITTER: u32 = 10_000_000;
/// Periods without need until a confinement ends.
const PATIENCE: u32 = 4;
/// Periods in a row with too little CPU time until others are tried.
const HUNGRY: u32 = 2;
/// After so many periods all threads are looked through.
const REVIEW: u32 = 4;
/// CPUs more than there are processors that are not worth the trouble.
const SLACK: f64 = 0.1;
/// The part of its CPUs' time that a confinement should get.
const FAIR: f64 = 0.85;
/// Less CPU time than this between two looks is standing still.
const STANDSTILL: u64 = 100_000;
/// So much longer than its own length a look has to wait, so that it costs little.
const RARITY: u64 = 50;

/// What sysmon knows about it.
pub(super) struct Overtime {
    /// The time of the next look, and the time to the one after it.
    next: u64,
    pace: u64,
    /// The CPU times of all machines at the last look, by index, with their thread ids.
    notes: Vec<(u32, u64)>,
    /// When that was; 0 if long ago.
    noted: u64,
    confined: Option<Confined>,
    rng: Rng,
}

/// A confinement, and the current period of it.
struct Confined {
    count: usize,
    whole: CpuSet,
    /// The time of the last look at processors, and the sum of the busy ones, times time.
    last: u64,
    busy: u64,
    /// Periods in a row without need, and with too little CPU time; and all.
    calm: u32,
    hungry: u32,
    periods: u32,
}

/// What happened between two looks.
struct Spent {
    /// CPUs used, on average.
    cpus: f64,
    /// Machines that computed without a processor, and still do.
    computing: usize,
    time: u64,
}

impl Overtime {
    pub(super) fn new(seed: u64) -> Self {
        Overtime {
            next: 0,
            pace: PACE,
            notes: Vec::new(),
            noted: 0,
            confined: None,
            rng: Rng::new(seed),
        }
    }

    /// Whether machines are confined.
    pub(super) fn is_confined(&self) -> bool {
        self.confined.is_some()
    }

    /// How long sysmon may sleep without looking here, if no processor is in use.
    pub(super) fn patience(&self, scheduler: &Scheduler) -> u64 {
        match scheduler.may_use_too_much(scheduler.processors().len(), 0) {
            true => self.pace,
            false => NEVER,
        }
    }

    /// A goroutine that computes has just lost its processor.
    pub(super) fn expect(&mut self) {
        self.pace = FIRST;
        if self.confined.is_none() && self.noted == 0 {
            self.next = 0;
        }
    }

    /// To be called at each of sysmon's looks.
    pub(super) fn look(&mut self, scheduler: &Scheduler, now: u64) {
        let processors = scheduler.processors().len();
        let busy = processors - (scheduler.gate.idle() as usize).min(processors);
        if let Some(confined) = &mut self.confined {
            confined.busy += busy as u64 * now.saturating_sub(confined.last);
            confined.last = now;
            // By the time of this look there may be as many processors as before, but the
            // machines are free, since there were more in between.
            if confined.count != processors || !scheduler.confinement.is_in_force() {
                self.end(scheduler);
                self.begin(scheduler, processors, now);
            }
        }
        if now < self.next {
            return;
        }
        match self.confined.take() {
            None => self.look_for_need(scheduler, processors, busy, now),
            Some(confined) => self.look_for_calm(scheduler, confined, now),
        }
        // Where there are thousands of machines it takes long.
        let length = crate::base::clock::now().saturating_sub(now);
        self.next = self.next.max(now + RARITY * length);
    }

    /// Whether machines are to be confined.
    fn look_for_need(&mut self, scheduler: &Scheduler, processors: usize, busy: usize, now: u64) {
        self.next = now + PACE;
        if !scheduler.may_use_too_much(processors, busy) {
            self.noted = 0;
            return;
        }
        let spent = self.compare(&scheduler.all_machines(), now);
        if let Some(spent) = spent.filter(|spent| spent.time < 2 * LONGEST) {
            if spent.computing == 0 {
                self.pace = (2 * self.pace).min(LONGEST);
            } else {
                self.pace = PACE;
                if spent.cpus > processors as f64 + SLACK {
                    self.begin(scheduler, processors, now);
                    return;
                }
            }
        }
        self.next = now + self.pace;
    }

    /// Confines the machines, or anew. Returns whether that was possible.
    fn begin(&mut self, scheduler: &Scheduler, count: usize, now: u64) -> bool {
        let machines = scheduler.all_machines();
        let confinement = &scheduler.confinement;
        let Some(whole) = confinement.whole() else {
            return false;
        };
        if !confinement.confine(&machines, &whole, count, &self.rng) {
            return false;
        }
        self.confined = Some(Confined {
            count,
            whole,
            last: now,
            busy: 0,
            calm: 0,
            hungry: 0,
            periods: 0,
        });
        self.compare(&machines, now);
        self.begin_period(now);
        true
    }

    fn begin_period(&mut self, now: u64) {
        self.next = now + PERIOD + u64::from(self.rng.below(JITTER));
    }

    /// Whether they still have to be.
    fn look_for_calm(&mut self, scheduler: &Scheduler, mut confined: Confined, now: u64) {
        let machines = scheduler.all_machines();
        let count = confined.count as f64;
        if let Some(spent) = self.compare(&machines, now) {
            let busy = confined.busy as f64 / spent.time as f64;
            let needs = spent.computing as f64 + busy;
            confined.periods += 1;
            let stays = !confined.periods.is_multiple_of(REVIEW)
                || scheduler.confinement.keep(&machines, &confined.whole);
            confined.calm = match needs > count + SLACK {
                true => 0,
                false => confined.calm + 1,
            };
            confined.hungry = match needs > count && spent.cpus < FAIR * count {
                true => confined.hungry + 1,
                false => 0,
            };
            let starves = confined.hungry >= HUNGRY && self.rng.below(2) == 0;
            let over = confined.calm == PATIENCE;
            if over || ((!stays || starves) && !self.begin(scheduler, confined.count, now)) {
                return self.end(scheduler);
            }
            if self.confined.is_some() {
                return; // begun anew
            }
        }
        confined.busy = 0;
        self.confined = Some(confined);
        self.begin_period(now);
    }

    fn end(&mut self, scheduler: &Scheduler) {
        scheduler.confinement.release(&scheduler.all_machines());
        self.confined = None;
        self.noted = 0;
        self.pace = PACE;
    }

    /// Takes note of all machines' CPU times. Returns how they have changed since the last
    /// time, if there was one.
    fn compare(&mut self, machines: &[&'static M], now: u64) -> Option<Spent> {
        let time = now.saturating_sub(std::mem::replace(&mut self.noted, now));
        let first = time == now;
        self.notes.resize(machines.len(), (0, 0));
        let (mut sum, mut computing) = (0, 0);
        for (m, note) in machines.iter().zip(&mut self.notes) {
            let tid = m.tid.load(Ordering::Acquire);
            if tid == 0 || m.is_locked.load(Ordering::Relaxed) {
                *note = (0, 0);
                continue;
            }
            let after = cpu_time(tid).unwrap_or(0);
            let (before, since) = std::mem::replace(note, (tid, after));
            // A new thread has begun with nothing.
            let used = match before == tid {
                true => after.saturating_sub(since),
                false => after,
            };
            sum += used;
            computing += usize::from(used > STANDSTILL && m.is_without_processor());
        }
        (!first && time > 0).then(|| Spent {
            cpus: sum as f64 / time as f64,
            computing,
            time,
        })
    }
}

impl M {
    /// Whether it runs a goroutine's code, and has no processor, as far as others can tell.
    fn is_without_processor(&self) -> bool {
        self.tid.load(Ordering::Relaxed) != 0
            && !self.is_locked.load(Ordering::Relaxed)
            && !self.seat.is_inside()
            && self.seat.peek().is_null()
    }
}

impl Scheduler {
    /// All machines that there ever were.
    pub(super) fn all_machines(&self) -> Vec<&'static M> {
        self.machines.lock().clone()
    }

    /// Whether the number of processors is to be enforced, and those that are `busy` and
    /// machines without are so many that it may have to be.
    fn may_use_too_much(&self, processors: usize, busy: usize) -> bool {
        if self.follows_cpus.load(Ordering::Relaxed) {
            return false;
        }
        let without = {
            let machines = self.machines.lock();
            machines.iter().filter(|m| m.is_without_processor()).count()
        };
        without != 0
            && busy + without > processors
            && CpuSet::of(0).is_some_and(|whole| whole.len() > processors)
    }
}
