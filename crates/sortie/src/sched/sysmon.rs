//! Sysmon: the thread that watches, without a processor.
//!
//! Every 20 microseconds to 10 milliseconds, the more often the more it finds, it
//! looks for
//! * machines that are stuck in the kernel while goroutines wait, or compute for
//!   too long: it takes their processor away;
//! * the network, if nobody has looked at it for 10 milliseconds, or nobody watches it
//!   although a processor is idle;
//! * timers that are overdue, and goroutines that wait while a processor is idle:
//!   it makes somebody look;
//! * machines that use more CPUs than there are processors, if those were set: it confines
//!   them (see [`overtime`](super::overtime));
//!
//! and less often it follows the number of CPUs, gives memory back, and prints
//! what `schedtrace` asks for. When no processor is in use it sleeps, after making
//! sure that this is not a deadlock.
//!
//! # Stuck or computing
//! A machine whose CPU clock stands still from one look to the next is not
//! running: it sleeps in the kernel, or waits for a CPU, which the kernel's state
//! of the thread tells. In the first case its processor is better used by others
//! at once. In the second that would only make one more thread wait for a CPU; as
//! one whose clock moves on it is left alone for 10 milliseconds.

use super::overtime::Overtime;
use super::processor::{P, Status};
use super::scheduler::Scheduler;
use super::trace;
use crate::base::atomic::{AtomicBool, AtomicU32, Ordering};
use crate::base::clock::{self, NEVER};
use crate::base::futex;
use std::sync::OnceLock;

/// The shortest and longest time between two looks, in nanoseconds.
const SHORTEST: u64 = 20_000;
const LONGEST: u64 = 10_000_000;
/// The longest time if goroutines wait for a processor that may have been wrong in
/// keeping them, or for the network, which nobody watches although somebody could: while
/// another processor is idle, and while none is.
const LONGEST_WAIT: u64 = 500_000;
const LONGEST_WAIT_BUSY: u64 = 2_000_000;
/// Looks in vain before the pace slows down.
const PATIENCE: u32 = 50;
/// How long a goroutine may compute while others wait, in nanoseconds.
const TIME_SLICE: u64 = 10_000_000;
/// The longest time it may take to get that if machines are confined.
const STARVED: u64 = 10 * TIME_SLICE;
/// How long it may be stuck in the kernel although nobody waits.
const STUCK: u64 = 10_000_000;
/// How late a timer may be before sysmon interferes.
const OVERDUE: u64 = 100_000;
/// Time between two looks at rare matters.
const RARE: u64 = 1_000_000_000;
/// Less CPU time than this between two looks is standing still.
const STANDSTILL: u64 = 1_000;

/// What others share with the thread.
#[derive(Debug)]
pub(crate) struct Sysmon {
    /// Changes when it is to wake up.
    word: AtomicU32,
    /// Whether it sleeps until woken.
    sleeping: AtomicBool,
    /// Whether somebody wants a dump of all goroutines, and the end.
    quit: AtomicBool,
    /// Whether signals have come.
    signals: AtomicBool,
    /// What to do then.
    deliver: OnceLock<fn()>,
}

impl Sysmon {
    pub(super) const fn new() -> Self {
        Sysmon {
            word: AtomicU32::new(0),
            sleeping: AtomicBool::new(false),
            quit: AtomicBool::new(false),
            signals: AtomicBool::new(false),
            deliver: OnceLock::new(),
        }
    }

    /// To be called when a processor comes into use.
    #[inline(always)]
    pub(super) fn wake_if_sleeping(&self) {
        if self.sleeping.load(Ordering::Relaxed) {
            self.wake();
        }
    }

    /// Wakes the thread. Async-signal-safe.
    #[cold]
    pub(crate) fn wake(&self) {
        self.word.fetch_add(1, Ordering::Release);
        futex::wake_one(&self.word);
    }

    /// Sets what is to be done when signals have come, once for all. It must not wait.
    pub(crate) fn deliver_by(&self, deliver: fn()) {
        self.deliver.get_or_init(|| deliver);
    }

    /// Tells that signals have come. Async-signal-safe.
    pub(crate) fn request_delivery(&self) {
        self.signals.store(true, Ordering::Release);
        self.wake();
    }

    /// Whether somebody wants something of it at once.
    fn is_wanted(&self) -> bool {
        self.quit.load(Ordering::Acquire) || self.signals.load(Ordering::Acquire)
    }

    /// Asks for a dump of all goroutines, after which the process ends.
    /// Async-signal-safe.
    pub(crate) fn request_quit(&self) {
        self.quit.store(true, Ordering::Release);
        self.wake();
    }
}

/// What a look at something found, in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    Nothing,
    /// Two looks shortly after each other will tell.
    Suspicion,
    /// Something that was in need of it: there may soon be more.
    Reason,
}

impl Found {
    fn reason(yes: bool) -> Found {
        match yes {
            true => Found::Reason,
            false => Found::Nothing,
        }
    }
}

/// The thread's own state.
struct Watch {
    scheduler: &'static Scheduler,
    /// Time between two looks that find nothing.
    delay: u64,
    /// The last look left a suspicion.
    suspicious: bool,
    in_vain: u32,
    last_rare: u64,
    started: u64,
    last_trace: u64,
    overtime: Overtime,
}

/// The thread's main function.
pub(super) fn watch(scheduler: &'static Scheduler) {
    let _hidden = sortie_fiber::race::hide();
    scheduler.confinement.witness();
    // The usual 50 microseconds of slack would more than double the pace.
    // SAFETY: affects this thread's timers only.
    unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1_000u64) };
    let now = clock::now();
    let mut watch = Watch {
        scheduler,
        delay: SHORTEST,
        suspicious: false,
        in_vain: 0,
        last_rare: now,
        started: now,
        last_trace: now,
        overtime: Overtime::new(scheduler.config.seed ^ now),
    };
    loop {
        watch.look();
    }
}

impl Watch {
    fn look(&mut self) {
        let sysmon = &self.scheduler.sysmon;
        let word = sysmon.word.load(Ordering::Acquire);
        if !sysmon.is_wanted() {
            let delay = match self.suspicious {
                true => SHORTEST,
                false => self.delay,
            };
            futex::wait_until(&sysmon.word, word, clock::now() + delay);
        }
        if sysmon.quit.load(Ordering::Acquire) {
            (self.scheduler.config.hooks.quit)(self.scheduler);
        }
        if sysmon.signals.swap(false, Ordering::AcqRel)
            && let Some(deliver) = sysmon.deliver.get()
        {
            deliver();
        }
        let now = clock::now();
        self.scheduler.coarse_now.store(now, Ordering::Relaxed);
        let idle = self.scheduler.gate.idle() as usize == self.scheduler.processors().len();
        if idle && self.delay == LONGEST && !self.overtime.is_confined() {
            self.sleep();
            return;
        }
        let found = self
            .look_at_processors(now)
            .max(Found::reason(self.scheduler.look_if_overdue(now)));
        let timers_are_late = self.look_at_timers(now);
        self.overtime.look(self.scheduler, now);
        self.suspicious = found == Found::Suspicion;
        if found == Found::Reason {
            self.in_vain = 0;
            self.delay = SHORTEST;
        } else {
            self.in_vain += 1;
            if self.in_vain > PATIENCE {
                self.delay = (self.delay * 2).min(self.longest());
            }
        }
        if timers_are_late {
            // Where many are due all the time, looking more often would only take time
            // from those who see to them.
            self.delay = self.delay.min(OVERDUE);
        }
        self.rare(now);
    }

    /// The longest time until the next look.
    fn longest(&self) -> u64 {
        let mut processors = self.scheduler.processors().iter();
        let waits = processors.any(|p| p.seen.waiting.get()) || self.scheduler.could_watch();
        match waits {
            true if self.scheduler.gate.idle() != 0 => LONGEST_WAIT,
            true => LONGEST_WAIT_BUSY,
            false => LONGEST,
        }
    }

    /// Takes processors away where that helps.
    fn look_at_processors(&mut self, now: u64) -> Found {
        let mut found = Found::Nothing;
        for p in self.scheduler.processors() {
            if p.status() == Status::Running {
                found = found.max(self.look_at(p, now));
            } else {
                // Nothing waits for a processor that nobody has, and this would keep us
                // from going to sleep.
                p.seen.waiting.set(false);
            }
        }
        found
    }

    fn look_at(&mut self, p: &'static P, now: u64) -> Found {
        let scheduler = self.scheduler;
        let seen = &p.seen;
        let tick = p.tick.get();
        let had_waiting = seen.waiting.replace(p.has_work());
        if seen.tick.replace(tick) != tick {
            seen.since.set(now);
            seen.cpu_time.set(None);
            return Found::Nothing;
        }
        let waits = seen.waiting.get() || scheduler.global_len() != 0 || p.timers.next() <= now;
        if had_waiting && seen.waiting.get() && scheduler.gate.idle() != 0 {
            // Somebody predicted that it would run here at once.
            p.share();
            scheduler.wake_for_work();
        }
        let elapsed = now - seen.since.get();
        if !waits && elapsed < STUCK {
            return Found::Nothing;
        }
        // SAFETY: machines are never freed.
        let Some(m) = (unsafe { p.machine.load(Ordering::Acquire).as_ref() }) else {
            return Found::Nothing;
        };
        if m.seat.is_inside() {
            return Found::Nothing;
        }
        let tid = m.tid.load(Ordering::Acquire);
        let before = seen.cpu_time.replace(cpu_time(tid));
        let (Some(before), Some(after)) = (before, seen.cpu_time.get()) else {
            seen.cpu_since.set(seen.cpu_time.get().unwrap_or(0));
            return Found::Suspicion;
        };
        let stuck = after.saturating_sub(before) < STANDSTILL && !wants_cpu(tid);
        let computed = after.saturating_sub(seen.cpu_since.get());
        if !stuck && (!waits || !self.has_had_its_slice(elapsed, computed)) {
            return Found::Nothing;
        }
        if m.seat.retake(std::ptr::from_ref(p).cast_mut()) {
            seen.since.set(now);
            trace::retaken(p, m);
            scheduler.hand_off(p);
            if !stuck {
                self.overtime.expect();
            }
            return Found::Reason;
        }
        Found::Nothing
    }

    /// Whether a goroutine has computed for its time slice, having had a processor for
    /// `elapsed` nanoseconds and a CPU for `computed`.
    fn has_had_its_slice(&self, elapsed: u64, computed: u64) -> bool {
        match self.overtime.is_confined() {
            true => computed >= TIME_SLICE || elapsed >= STARVED,
            false => elapsed >= TIME_SLICE,
        }
    }

    /// Makes somebody look at timers that are overdue.
    fn look_at_timers(&self, now: u64) -> bool {
        let scheduler = self.scheduler;
        let mut found = false;
        for p in scheduler.processors() {
            if p.timers.next().saturating_add(OVERDUE) <= now {
                p.attention.store(true, Ordering::Relaxed);
                found = true;
            }
        }
        if found {
            scheduler.wake_for_work();
        }
        found
    }

    fn rare(&mut self, now: u64) {
        let config = &self.scheduler.config;
        if let Some(pace) = config.schedtrace
            && now - self.last_trace >= pace.as_nanos() as u64
        {
            self.last_trace = now;
            (config.hooks.trace)(self.scheduler, (now - self.started) / 1_000_000);
        }
        if now - self.last_rare < RARE {
            return;
        }
        self.last_rare = now;
        self.scheduler.trim();
        self.scheduler.follow_cpus();
    }

    /// Nobody runs: sleeps until somebody does. Meanwhile watches for a deadlock,
    /// and for memory to give back.
    fn sleep(&mut self) {
        let scheduler = self.scheduler;
        let sysmon = &scheduler.sysmon;
        let all_idle = || scheduler.gate.idle() as usize == scheduler.processors().len();
        sysmon.sleeping.store(true, Ordering::SeqCst);
        let mut rounds = 0u32;
        loop {
            let word = sysmon.word.load(Ordering::Acquire);
            if !all_idle() || sysmon.is_wanted() {
                break;
            }
            let now = clock::now();
            self.overtime.look(scheduler, now);
            if self.overtime.is_confined() {
                break;
            }
            self.rare(now);
            // A timer that was cancelled must not hide a deadlock.
            scheduler.purge_timers();
            // At first often: a deadlock should show at once, and trimming comes
            // a second or two after the last goroutine.
            let pause = match (scheduler.may_be_deadlocked(), rounds) {
                (true, 0..20) => LONGEST,
                (true, _) => 100 * LONGEST,
                (false, _) if !scheduler.is_trimmed() => RARE,
                (false, _) => NEVER,
            };
            let pause = config_pause(scheduler, pause).min(self.overtime.patience(scheduler));
            rounds += 1;
            futex::wait_until(&sysmon.word, word, now.saturating_add(pause));
            if rounds > 1 && all_idle() {
                scheduler.check_deadlock();
            }
        }
        sysmon.sleeping.store(false, Ordering::SeqCst);
        self.in_vain = 0;
        self.delay = SHORTEST;
    }
}

/// `schedtrace` wants its lines also when nothing happens.
fn config_pause(scheduler: &Scheduler, pause: u64) -> u64 {
    match scheduler.config.schedtrace {
        Some(pace) => pause.min(pace.as_nanos() as u64),
        None => pause,
    }
}

/// The CPU time that a thread of this process has used, in nanoseconds.
pub(super) fn cpu_time(tid: u32) -> Option<u64> {
    // The kernel's encoding of a thread's CPU clock (CPUCLOCK_SCHED of a single
    // thread), which pthread_getcpuclockid makes too.
    const THREAD_CLOCK: libc::clockid_t = 6;
    let clock = (!(tid as libc::clockid_t) << 3) | THREAD_CLOCK;
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: writes the time; fails if the thread is gone.
    match unsafe { libc::clock_gettime(clock, &mut time) } {
        0 => Some(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64),
        _ => None,
    }
}

/// Whether a thread of this process runs or waits for a CPU.
fn wants_cpu(tid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/self/task/{tid}/stat")) else {
        return false;
    };
    // The state follows the name, which is in parentheses and may hold any.
    let state = stat.rsplit_once(')').map(|(_, rest)| rest.trim_start());
    state.is_some_and(|state| state.starts_with('R'))
}

impl Scheduler {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub(crate) fn start_sysmon(&'static self) -> std::io::Result<()> {
        // As long as nobody is confined.
        super::hint::cpus();
        std::thread::Builder::new()
            .name("sortie-sysmon".into())
            .stack_size(1 << 20)
            .spawn(move || watch(self))
            .map(drop)
    }
}
