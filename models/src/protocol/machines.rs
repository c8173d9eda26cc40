//! A scheduler of two machines, for the models that need one.
//!
//! Seats and the wake gate are the runtime's own. What connects them follows
//! `sched::find`, `sched::idle`, `sched::machine`, `sched::poll`, `sched::blocking` and
//! `sched::sysmon` step by step, without timers and stealing; each function bears the name
//! of its original. A goroutine is a unit in a count. The kernel's part of polling is in
//! [`network`](super::network). Where the runtime would start a thread, because a
//! processor is there and no machine sleeps, the next machine that is about to
//! sleep takes the new one's part.

use super::Watched;
use super::network::Network;
use crate::base::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering, known};
use crate::base::futex;
use crate::base::lock::Lock;
use crate::sched::seat::Seat;
use crate::sched::wake_gate::WakeGate;
use std::ptr;
use std::sync::Arc;

#[derive(Debug)]
pub(super) struct Processor {
    /// Goroutines that wait here. Whoever has the processor changes it.
    queue: AtomicU32,
    /// What belongs to whoever has the processor.
    uses: Watched<u32>,
}

#[derive(Debug)]
pub(super) struct Machine {
    pub(super) seat: Seat<Processor>,
    given: AtomicPtr<Processor>,
    given_search: AtomicBool,
    /// Whether it was woken.
    signal: AtomicU32,
}

// Values of `signal`.
const NOTHING: u32 = 0;
const WOKEN: u32 = 1;
const POLLS: u32 = 2;

/// What the idle lock protects.
#[derive(Debug)]
struct Idle {
    processors: Vec<usize>,
    machines: Vec<usize>,
    /// The one of them that sleeps in the poller.
    watcher: Option<usize>,
    /// Processors for machines that are about to sleep.
    started: Vec<(usize, bool)>,
    /// Goroutines that have not ended.
    left: u32,
}

#[derive(Debug)]
pub(super) struct Scheduler {
    gate: WakeGate,
    global: AtomicU32,
    pub(super) network: Network,
    idle: Lock<Idle>,
    pub(super) processors: Vec<Processor>,
    pub(super) machines: Vec<Machine>,
    /// 1 once a goroutine has ended.
    ended: AtomicU32,
    /// Goroutines that have begun.
    begun: AtomicU32,
    /// Whether the first goroutine waits for the end of another.
    depends: bool,
}

impl Processor {
    fn touch(&self) {
        self.uses.change(|uses| *uses += 1);
    }

    /// Adds a goroutine. The caller has the processor.
    pub(super) fn push(&self) {
        self.touch();
        let count = self.queue.load(Ordering::Relaxed);
        self.queue.store(count + 1, Ordering::Release);
    }

    /// Takes a goroutine. The caller has the processor.
    fn pop(&self) -> bool {
        self.touch();
        let count = self.queue.load(Ordering::Relaxed);
        if count > 0 {
            self.queue.store(count - 1, Ordering::Release);
        }
        count > 0
    }

    fn has_work(&self) -> bool {
        self.queue.load(Ordering::Acquire) != 0
    }
}

impl Scheduler {
    /// With so many processors, which are idle, and machines, and so many goroutines
    /// to come. With `depends` the first to begin ends after another has.
    pub(super) fn new(processors: usize, machines: usize, left: u32, depends: bool) -> Arc<Self> {
        let scheduler = known(Scheduler {
            gate: WakeGate::new(),
            global: AtomicU32::new(0),
            network: Network::new(),
            idle: Lock::new(Idle {
                processors: (0..processors).collect(),
                machines: Vec::new(),
                watcher: None,
                started: Vec::new(),
                left,
            }),
            processors: (0..processors)
                .map(|_| Processor {
                    queue: AtomicU32::new(0),
                    uses: Watched::new(0),
                })
                .collect(),
            machines: (0..machines)
                .map(|_| Machine {
                    seat: Seat::new(),
                    given: AtomicPtr::new(ptr::null_mut()),
                    given_search: AtomicBool::new(false),
                    signal: AtomicU32::new(0),
                })
                .collect(),
            ended: AtomicU32::new(0),
            begun: AtomicU32::new(0),
            depends,
        });
        for _ in 0..processors {
            scheduler.gate.add_idle();
        }
        Arc::new(scheduler)
    }

    fn pointer(&self, p: usize) -> *mut Processor {
        ptr::from_ref(&self.processors[p]).cast_mut()
    }

    /// The index of the processor that a seat or a gift names.
    fn index(&self, pointer: *mut Processor) -> Option<usize> {
        (0..self.processors.len()).find(|&p| ptr::eq(self.pointer(p), pointer))
    }

    /// The processor of a machine that enters, while user code runs on it.
    pub(super) fn enter(&self, m: usize) -> Option<usize> {
        self.index(self.machines[m].seat.enter())
    }

    pub(super) fn acquire(&self, m: usize, p: usize) {
        self.machines[m].seat.set(self.pointer(p));
    }

    // Submitting: `sched::submit` and `sched::idle`.

    /// Puts a goroutine into the global queue.
    pub(super) fn inject(&self) {
        self.global.fetch_add(1, Ordering::Release);
    }

    pub(super) fn wake_for_work(&self) {
        if self.gate.should_wake() {
            let taken = {
                let mut idle = self.idle.lock();
                let taken = self.pick_idle(&mut idle);
                if taken.is_none() {
                    self.gate.stop_searching();
                }
                taken
            };
            if let Some(p) = taken {
                self.start_machine(p, true);
            }
        }
    }

    pub(super) fn take_idle(&self) -> Option<usize> {
        self.pick_idle(&mut self.idle.lock())
    }

    fn pick_idle(&self, idle: &mut Idle) -> Option<usize> {
        let p = idle.processors.pop()?;
        self.gate.remove_idle();
        Some(p)
    }

    fn make_idle(&self, p: usize) {
        let mut idle = self.idle.lock();
        idle.processors.push(p);
        self.gate.add_idle();
    }

    fn start_machine(&self, p: usize, search: bool) {
        let m = {
            let mut idle = self.idle.lock();
            let m = self.take_machine(&mut idle);
            if m.is_none() {
                idle.started.push((p, search));
            }
            m
        };
        if let Some(m) = m {
            let machine = &self.machines[m];
            machine.given_search.store(search, Ordering::Relaxed);
            machine.given.store(self.pointer(p), Ordering::Release);
            self.wake(m);
        }
    }

    fn take_machine(&self, idle: &mut Idle) -> Option<usize> {
        let is_watcher = |m: &usize| idle.watcher == Some(*m);
        let index = (idle.machines.iter().rposition(|m| !is_watcher(m)))
            .or_else(|| idle.machines.len().checked_sub(1))?;
        let m = idle.machines.remove(index);
        self.relieve(idle, m);
        Some(m)
    }

    /// Returns whether it was the watcher.
    fn relieve(&self, idle: &mut Idle, m: usize) -> bool {
        let watched = idle.watcher == Some(m);
        if watched {
            idle.watcher = None;
            self.network.set_watched(false);
        }
        watched
    }

    fn wake(&self, m: usize) {
        let signal = &self.machines[m].signal;
        if signal.swap(WOKEN, Ordering::AcqRel) != POLLS {
            futex::wake_one(signal);
        } else {
            self.network.wake();
        }
    }

    // The network: `sched::poll`.

    /// The calling thread waits for the network.
    pub(super) fn wait_for_network(&self) {
        self.network.wait_begins();
        if !self.network.is_watched() {
            self.wake_for_work();
        }
        self.network.wait();
        self.network.wait_ends();
    }

    fn any_work(&self) -> bool {
        self.global.load(Ordering::Acquire) != 0 || self.processors.iter().any(Processor::has_work)
    }

    // Handing over: `sched::sysmon` and `sched::blocking`.

    /// Sysmon's look at a machine, which it takes for stuck.
    pub(super) fn look_at(&self, m: usize, p: usize) {
        let seat = &self.machines[m].seat;
        if !seat.is_inside() && seat.retake(self.pointer(p)) {
            self.hand_off(p);
        }
    }

    fn hand_off(&self, p: usize) {
        self.processors[p].touch();
        if self.processors[p].has_work() || self.global.load(Ordering::Acquire) != 0 {
            self.start_machine(p, false);
            return;
        }
        self.make_idle(p);
        self.gate.before_last_look();
        if self.any_work()
            && let Some(p) = self.take_idle()
        {
            self.start_machine(p, false);
        }
    }

    // Machines: `sched::find`.

    /// Runs goroutines until all have ended. The machine is inside, and has `p`.
    pub(super) fn work(&self, m: usize, mut p: Option<usize>, mut searching: bool) {
        loop {
            let have = match p {
                Some(have) => have,
                None => match self.sleep(m) {
                    Some((given, search)) => {
                        searching = search;
                        self.acquire(m, given);
                        given
                    }
                    None => return,
                },
            };
            p = if self.find(have, &mut searching) {
                self.stop_searching(&mut searching, true);
                self.run();
                Some(have)
            } else {
                self.go_idle(m, have, &mut searching)
            };
        }
    }

    fn find(&self, p: usize, searching: &mut bool) -> bool {
        if self.processors[p].pop() || self.take_global() {
            return true;
        }
        if self.network.is_waited_for() {
            self.network.look();
        }
        let busy = self.processors.len() as u32 - self.gate.idle();
        if !*searching && !self.gate.may_search(busy) {
            return false;
        }
        *searching = true;
        self.take_global()
    }

    fn take_global(&self) -> bool {
        let mut seen = self.global.load(Ordering::Acquire);
        while seen != 0 {
            match self
                .global
                .compare_exchange(seen, seen - 1, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return true,
                Err(now) => seen = now,
            }
        }
        false
    }

    fn stop_searching(&self, searching: &mut bool, found: bool) {
        if std::mem::take(searching) && self.gate.stop_searching() && found {
            self.wake_for_work();
        }
    }

    fn go_idle(&self, m: usize, p: usize, searching: &mut bool) -> Option<usize> {
        self.machines[m].seat.set(ptr::null_mut());
        self.make_idle(p);
        self.stop_searching(searching, false);
        self.gate.before_last_look();
        if self.any_work()
            && let Some(p) = self.take_idle()
        {
            self.acquire(m, p);
            self.gate.start_searching();
            *searching = true;
            return Some(p);
        }
        None
    }

    /// Sleeps until given a processor, or until it finds one after a look at the network.
    /// `None` when all goroutines have ended.
    fn sleep(&self, m: usize) -> Option<(usize, bool)> {
        loop {
            let waited_for = self.network.is_waited_for();
            let watches = {
                let mut idle = self.idle.lock();
                if idle.left == 0 {
                    return None;
                }
                if let Some(started) = idle.started.pop() {
                    return Some(started);
                }
                let watches =
                    waited_for && !idle.processors.is_empty() && !self.network.is_watched();
                if watches {
                    self.network.set_watched(true);
                    idle.watcher = Some(m);
                }
                idle.machines.push(m);
                watches
            };
            if !watches {
                self.sleep_in_futex(m);
                return self.take_given(m);
            }
            if self.sleep_in_poller(m) {
                return self.take_given(m);
            }
            let mut idle = self.idle.lock();
            let Some(place) = idle.machines.iter().position(|other| *other == m) else {
                drop(idle);
                self.sleep_in_futex(m);
                return self.take_given(m);
            };
            idle.machines.remove(place);
            self.relieve(&mut idle, m);
            drop(idle);
            if let Some(p) = self.take_idle() {
                return Some((p, false));
            }
        }
    }

    fn sleep_in_futex(&self, m: usize) {
        let signal = &self.machines[m].signal;
        while signal.swap(NOTHING, Ordering::Acquire) != WOKEN {
            futex::wait(signal, NOTHING);
        }
    }

    fn take_given(&self, m: usize) -> Option<(usize, bool)> {
        let machine = &self.machines[m];
        let given = machine.given.swap(ptr::null_mut(), Ordering::Acquire);
        let search = machine.given_search.load(Ordering::Relaxed);
        self.index(given).map(|p| (p, search))
    }

    /// Returns whether it was woken.
    fn sleep_in_poller(&self, m: usize) -> bool {
        let signal = &self.machines[m].signal;
        loop {
            let found = self.network.sleep(|| {
                signal
                    .compare_exchange(NOTHING, POLLS, Ordering::AcqRel, Ordering::Relaxed)
                    .is_ok()
            });
            if signal.swap(NOTHING, Ordering::Acquire) == WOKEN {
                return true;
            }
            if found {
                return false;
            }
        }
    }

    /// Runs a goroutine to its end.
    pub(super) fn run(&self) {
        if self.depends && self.begun.swap(1, Ordering::AcqRel) == 0 {
            while self.ended.load(Ordering::Acquire) == 0 {
                futex::wait(&self.ended, 0);
            }
        } else if self.depends {
            self.ended.store(1, Ordering::Release);
            futex::wake_one(&self.ended);
        }
        let sleepers = {
            let mut idle = self.idle.lock();
            idle.left -= 1;
            if idle.left > 0 {
                return;
            }
            // All have ended, so all machines may.
            idle.watcher = None;
            std::mem::take(&mut idle.machines)
        };
        for m in sleepers {
            self.wake(m);
        }
    }
}
