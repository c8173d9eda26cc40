//! Idle processors and sleeping machines, and waking them.

use super::machine::M;
use super::processor::{P, Status};
use super::scheduler::Scheduler;
use crate::base::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::base::clock::{self, NEVER};
use crate::driver::timers::Alarm;
use crate::goroutine::List;

/// What the idle lock protects.
#[derive(Debug)]
pub(crate) struct Idle {
    /// Processors that nobody has.
    pub(super) processors: Vec<&'static P>,
    /// Machines that sleep without a processor, the last to sleep last.
    pub(super) machines: Vec<&'static M>,
    /// The one of them that sleeps until the next timer only.
    keeper: Option<&'static M>,
    /// The one of them that sleeps in the poller; it may be the same.
    watcher: Option<&'static M>,
    /// While the world is stopped, nobody gets a processor.
    pub(super) stopped: bool,
    /// Threads that run machines.
    pub(super) threads: usize,
    /// Entries whose thread has retired.
    pub(super) retired: Vec<&'static M>,
}

/// What others know of the sleeping machines that keep the time and watch the network, if
/// there are any. Changed under the idle lock.
#[derive(Debug)]
pub(crate) struct Keeper {
    /// When the keeper will look again.
    deadline: AtomicU64,
    /// Whether there is a watcher.
    watches: AtomicBool,
}

impl Keeper {
    pub(super) const fn new() -> Self {
        Keeper {
            deadline: AtomicU64::new(NEVER),
            watches: AtomicBool::new(false),
        }
    }

    pub(super) fn deadline(&self) -> u64 {
        self.deadline.load(Ordering::Relaxed)
    }

    pub(super) fn watches(&self) -> bool {
        self.watches.load(Ordering::Relaxed)
    }
}

/// How a machine's sleep ended.
pub(super) enum Slept {
    /// It was given a processor.
    Given(&'static P),
    /// It should look whether there is anything to do.
    LookAround,
    /// Nobody needed it; its thread ends.
    Retired,
}

impl Idle {
    pub(super) const fn new() -> Self {
        Idle {
            keeper: None,
            watcher: None,
            processors: Vec::new(),
            machines: Vec::new(),
            stopped: false,
            threads: 0,
            retired: Vec::new(),
        }
    }
}

impl Idle {
    /// Takes the machine that went to sleep last; one that looks after something only
    /// if there is no other.
    fn take_machine(&mut self, known: &Keeper) -> Option<&'static M> {
        let is = |role: Option<&M>, m: &M| role.is_some_and(|other| std::ptr::eq(other, m));
        let machines = || self.machines.iter();
        let index = machines()
            .rposition(|m| !is(self.keeper, m) && !is(self.watcher, m))
            .or_else(|| machines().rposition(|m| !is(self.watcher, m)))
            .or_else(|| self.machines.len().checked_sub(1))?;
        let m = self.machines.remove(index);
        self.relieve(m, known);
        Some(m)
    }

    /// A machine does not sleep any more, and looks after nothing. Returns whether it
    /// did.
    fn relieve(&mut self, m: &M, known: &Keeper) -> bool {
        let is = |role: Option<&M>| role.is_some_and(|other| std::ptr::eq(other, m));
        let (kept, watched) = (is(self.keeper), is(self.watcher));
        if kept {
            self.keeper = None;
            known.deadline.store(NEVER, Ordering::Relaxed);
        }
        if watched {
            self.watcher = None;
            known.watches.store(false, Ordering::Relaxed);
        }
        kept || watched
    }
}

impl Scheduler {
    /// To be called after work was submitted: wakes a machine if a processor is
    /// idle and nobody searches.
    #[inline(always)]
    pub(crate) fn wake_for_work(&self) {
        if self.gate.should_wake() {
            self.wake_searcher();
        }
    }

    /// Wakes a machine that searches, for which the gate has counted already.
    #[cold]
    #[inline(never)]
    fn wake_searcher(&self) {
        let taken = {
            let mut idle = self.idle.lock();
            let taken = self.pick_idle(&mut idle, None);
            if taken.is_none() {
                // Under the lock: whoever sees a processor that becomes idle from
                // now on does not count on us to search.
                self.gate.stop_searching();
            }
            taken
        };
        if let Some(p) = taken {
            p.counters.wakeups.add(1);
            self.sysmon.wake_if_sleeping();
            self.start_machine(p, true);
        }
    }

    /// Takes an idle processor, `wanted` if possible.
    pub(super) fn take_idle(&self, wanted: Option<&'static P>) -> Option<&'static P> {
        let p = self.pick_idle(&mut self.idle.lock(), wanted)?;
        self.sysmon.wake_if_sleeping();
        Some(p)
    }

    fn pick_idle(&self, idle: &mut Idle, wanted: Option<&'static P>) -> Option<&'static P> {
        if idle.stopped {
            return None;
        }
        let index = match wanted {
            Some(wanted) => idle
                .processors
                .iter()
                .position(|p| std::ptr::eq(*p, wanted)),
            None => None,
        };
        let p = match index {
            Some(index) => idle.processors.swap_remove(index),
            None => idle.processors.pop()?,
        };
        self.gate.remove_idle();
        p.set_status(Status::Running);
        Some(p)
    }

    /// Makes a processor idle that the caller has. If the world is being
    /// stopped it goes to whoever stops it.
    pub(super) fn make_idle(&self, p: &'static P) {
        let mut idle = self.idle.lock();
        p.machine.store(std::ptr::null_mut(), Ordering::Release);
        if idle.stopped {
            p.set_status(Status::Stopped);
            return;
        }
        p.set_status(Status::Idle);
        idle.processors.push(p);
        self.gate.add_idle();
    }

    /// Gives a processor, which the caller has, to a machine: one that sleeps,
    /// or a new one.
    pub(super) fn start_machine(&self, p: &'static P, search: bool) {
        let sleeping = self.idle.lock().take_machine(&self.keeper);
        match sleeping {
            Some(m) => {
                m.give(p, search);
                m.wake();
            }
            None => self.new_machine(p, search),
        }
    }

    /// Starts a thread for a processor, which the caller has.
    #[cold]
    fn new_machine(&self, p: &'static P, search: bool) {
        let scheduler = p.scheduler;
        let m = {
            let mut idle = self.idle.lock();
            idle.threads += 1;
            let limit = self.config.max_threads;
            if idle.threads > limit {
                drop(idle);
                super::fatal::thread_exhaustion(limit);
            }
            idle.retired.pop()
        };
        let m = m.unwrap_or_else(|| {
            let mut machines = self.machines.lock();
            let index = machines.len() as u32;
            let m: &'static M = Box::leak(Box::new(M::new(index, scheduler)));
            machines.push(m);
            m
        });
        m.give(p, search);
        let spawned = std::thread::Builder::new()
            .name(format!("sortie-m{}", m.index))
            .stack_size(super::STACK_OF_MACHINE)
            .spawn(move || super::find::work(m));
        if let Err(error) = spawned {
            super::fatal::no_thread(self.idle.lock().threads, &error);
        }
    }

    /// Sets a timer on behalf of a processor, and makes sure that somebody looks
    /// in time. With `soon` the machine is about to look itself.
    pub(crate) fn add_timer(&self, p: &'static P, when: u64, alarm: Alarm, soon: bool) {
        if p.timers.add(when, alarm).is_first && !soon {
            self.keep_time(when);
        }
    }

    /// Makes sure that somebody looks at the timers at `when`, to be called after that
    /// became the time of some processor's first.
    pub(super) fn keep_time(&self, when: u64) {
        crate::base::barrier::light();
        if when < self.keeper.deadline() {
            self.wake_keeper();
        }
    }

    /// Lets a machine find out what the next timer is.
    #[cold]
    #[inline(never)]
    fn wake_keeper(&self) {
        let keeper = {
            let mut idle = self.idle.lock();
            let keeper = idle.keeper;
            if let Some(keeper) = keeper {
                idle.relieve(keeper, &self.keeper);
                idle.machines.retain(|m| !std::ptr::eq(*m, keeper));
            }
            keeper
        };
        match keeper {
            Some(m) => m.wake(),
            None => self.wake_for_work(),
        }
    }

    /// Puts a machine without a processor to sleep until it is given one, or
    /// until a timer is due or the network has something, if it is to look after that.
    /// Goroutines that became ready are added to `ready`.
    pub(super) fn sleep(&self, m: &'static M, ready: &mut List) -> Slept {
        let poller = self.poller().filter(|poller| poller.is_waited_for());
        let (deadline, watched) = {
            let mut idle = self.idle.lock();
            // Under the lock: of two machines that see a new timer one keeps it.
            // And only while a processor is idle: the busy ones look themselves.
            let timer = self.next_timer();
            let is_of_use = !idle.processors.is_empty();
            let keeps = is_of_use && timer < self.keeper.deadline();
            if keeps {
                self.keeper.deadline.store(timer, Ordering::Relaxed);
                idle.keeper = Some(m);
            }
            // One at a time: another would wait for its turn, and hear of nothing.
            let watched = poller.filter(|_| is_of_use && !self.keeper.watches());
            if watched.is_some() {
                self.keeper.watches.store(true, Ordering::Relaxed);
                idle.watcher = Some(m);
            }
            idle.machines.push(m);
            let deadline = match (keeps, watched) {
                (true, _) => timer,
                (false, Some(_)) => NEVER,
                (false, None) => clock::after(self.config.idle_machine_life),
            };
            (deadline, watched)
        };
        let woken = match watched {
            Some(poller) => m.sleep_in(poller, deadline, ready),
            None => m.sleep(deadline),
        };
        if woken {
            return match m.take_given() {
                Some(p) => Slept::Given(p),
                None => Slept::LookAround,
            };
        }
        let mut idle = self.idle.lock();
        let Some(place) = idle
            .machines
            .iter()
            .position(|other| std::ptr::eq(*other, m))
        else {
            // Somebody has just taken it off the list, and will wake it.
            drop(idle);
            m.sleep(NEVER);
            return match m.take_given() {
                Some(p) => Slept::Given(p),
                None => Slept::LookAround,
            };
        };
        idle.machines.remove(place);
        if idle.relieve(m, &self.keeper) {
            return Slept::LookAround;
        }
        // Nobody needed it for long.
        drop(idle);
        self.retire(m);
        Slept::Retired
    }

    /// Takes note that a machine's thread ends. Its entry waits for another.
    pub(super) fn retire(&self, m: &'static M) {
        super::trace::machine_ends(m);
        self.confinement.end(m);
        let mut idle = self.idle.lock();
        idle.threads -= 1;
        idle.retired.push(m);
    }

    /// The time of the next timer of all processors.
    pub(super) fn next_timer(&self) -> u64 {
        self.all_processors()
            .iter()
            .map(|p| p.timers.next())
            .min()
            .unwrap_or(NEVER)
    }

    /// Whether there are timers, and nobody who sleeps until the next; or somebody waits
    /// for the network, and nobody watches it.
    pub(super) fn lacks_keeper(&self) -> bool {
        self.next_timer() < self.keeper.deadline() || self.lacks_watcher()
    }

    /// Drops the entries of timers that were cancelled.
    pub(super) fn purge_timers(&self) {
        for p in self.all_processors() {
            p.timers.purge();
        }
    }

    /// Whether something is to be done right now that is not better left to who
    /// has it.
    pub(super) fn any_work_to_share(&self) -> bool {
        self.global_len() != 0
            || self
                .processors()
                .iter()
                .any(|p| p.has_work() && !p.keeps_its_work())
            || self.next_timer() <= clock::now()
    }

    /// Whether something is to be done right now.
    pub(super) fn any_work(&self) -> bool {
        self.global_len() != 0
            || self.processors().iter().any(|p| p.has_work())
            || self.next_timer() <= clock::now()
    }
}
