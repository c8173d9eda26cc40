//! Finding a goroutine to run: what a machine does when the easy path ends.
//!
//! # Where it looks
//! 1. timers of its processor that are due;
//! 2. the global queue, once in a round, so that it is not starved;
//! 3. its own queue;
//! 4. the global queue again;
//! 5. the network, if anybody waits for it;
//! 6. the queues and timers of the others, if not too many search already.
//!
//! If all are empty it gives its processor up, looks everywhere once more (see
//! [`wake_gate`](super::wake_gate) for why), and sleeps.

use super::alarm::Site;
use super::idle::Slept;
use super::machine::M;
use super::processor::{P, ROUND};
use super::scheduler::Scheduler;
use super::{fibers, run, trace};
use crate::base::atomic::Ordering;
use crate::base::clock;
use crate::goroutine::{GRef, List};

/// Sweeps over the other processors before a searcher gives up.
const SWEEPS: usize = 6;
/// For so long a goroutine is left to the processor where it became ready, in
/// nanoseconds. Those in `next`, and in a queue that moves fast, usually run sooner
/// than another machine could have them; taking them would only move what they use
/// from one CPU's cache to another's.
const OLD: u64 = 3_000;
/// The longest time between two looks at the timers while there are some, in
/// nanoseconds, if goroutines run as long as they did lately.
const TIMER_PACE: u64 = 20_000;

/// A machine's thread.
pub(super) fn work(m: &'static M) {
    // A race detector sees goroutines, not what runs them.
    let _hidden = sortie_fiber::race::hide();
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        m.bind();
        m.scheduler.confinement.begin(m);
        if let Err(error) = sortie_fiber::overflow::prepare_thread() {
            super::fatal::throw(format_args!("no alternate signal stack: {error}"));
        }
        m.seat.enter();
        trace::machine_starts(m);
        let mut p = m.take_given();
        m.searching.set(m.given_search.load(Ordering::Relaxed));
        if let Some(p) = p {
            acquire(m, p);
        }
        loop {
            let have = match p {
                Some(p) => p,
                None => match obtain(m) {
                    Some(p) => p,
                    None => return,
                },
            };
            p = m.turn(have);
            if m.doomed.get() {
                m.end(p);
                return;
            }
        }
    }));
    if result.is_err() {
        super::fatal::throw(format_args!(
            "the scheduler panicked; this is a bug in sortie"
        ));
    }
}

/// Notes that a machine has a processor now.
pub(super) fn acquire(m: &'static M, p: &'static P) {
    p.machine
        .store(std::ptr::from_ref(m).cast_mut(), Ordering::Release);
    m.seat.set(std::ptr::from_ref(p).cast_mut());
    trace::acquired(m, p, None);
}

/// A processor for a machine that has none, after sleep. `None` if the thread is
/// to end.
fn obtain(m: &'static M) -> Option<&'static P> {
    let scheduler = m.scheduler;
    loop {
        let mut ready = List::new();
        match scheduler.sleep(m, &mut ready) {
            Slept::Given(p) => {
                m.searching.set(m.given_search.load(Ordering::Relaxed));
                acquire(m, p);
                // SAFETY: the machine has the processor.
                unsafe { scheduler.deliver(p, ready) };
                return Some(p);
            }
            Slept::LookAround => {
                if let Some(p) = scheduler.take_idle(m.previous.get()) {
                    acquire(m, p);
                    // SAFETY: as above.
                    unsafe { scheduler.deliver(p, ready) };
                    return Some(p);
                }
                scheduler.ready_anywhere(ready);
            }
            Slept::Retired => return None,
        }
    }
}

impl M {
    /// Finds a goroutine and runs it and its successors, or gives the processor
    /// up. Returns the processor if the machine still has it.
    fn turn(&'static self, p: &'static P) -> Option<&'static P> {
        if let Some(g) = self.find(p) {
            self.stop_searching(true);
            if let Some(g) = self.prepare(p, g) {
                // SAFETY: on the machine's own stack and block, inside, with the
                // processor; the goroutine was given a fiber.
                unsafe { run::chain(self, p, g) };
            }
            return self.after_run();
        }
        self.go_idle(p)
    }

    /// Passes its processor on, and leaves its entry to another thread, since
    /// this one ends.
    fn end(&'static self, p: Option<&'static P>) {
        if let Some(p) = p {
            trace::releases(self, None);
            self.seat.set(std::ptr::null_mut());
            self.scheduler.hand_off(p);
        }
        self.doomed.set(false);
        self.scheduler.retire(self);
    }

    /// The processor after goroutines ran: it may be another, or none.
    fn after_run(&'static self) -> Option<&'static P> {
        // SAFETY: seats hold `&'static P`s.
        let p: Option<&'static P> = unsafe { self.seat.enter().as_ref() };
        if self.locked.get().is_some() {
            return self.wait_for_locked(p);
        }
        p
    }

    /// A goroutine that may run on this processor.
    fn find(&'static self, p: &'static P) -> Option<GRef> {
        if let Some(g) = self.chosen.take() {
            return Some(g);
        }
        let scheduler = self.scheduler;
        p.attention.store(false, Ordering::Relaxed);
        if scheduler.world_stops() {
            return None;
        }
        let now = clock::now();
        scheduler.run_timers(p, p, now);
        if let Some(poller) = scheduler.poller()
            && poller.is_due(now)
        {
            scheduler.look_at_network(poller, p, now);
        }
        p.start_round(now);
        // SAFETY: the machine has the processor, inside, here and below.
        unsafe {
            if p.rounds.get().is_multiple_of(2)
                && let Some(g) = scheduler.global.pop()
            {
                return Some(g);
            }
            if let Some(g) = p.pick_local() {
                return Some(g);
            }
            if let Some(g) = scheduler.global.take_share(p, scheduler.processors().len()) {
                return Some(g);
            }
            if let Some(poller) = scheduler.poller()
                && poller.is_waited_for()
            {
                scheduler.look_at_network(poller, p, now);
                if let Some(g) = p.pick_local() {
                    return Some(g);
                }
            }
        }
        if !self.searching.get() {
            let busy = scheduler.processors().len() as u32 - scheduler.gate.idle();
            if !scheduler.gate.may_search(busy) {
                return None;
            }
            self.searching.set(true);
        }
        self.search(p)
    }

    /// Looks at the other processors.
    fn search(&'static self, p: &'static P) -> Option<GRef> {
        let scheduler = self.scheduler;
        let mut seen = None;
        let mut sweep = 0;
        while sweep < SWEEPS {
            let look_at_timers = sweep == 0 || sweep == SWEEPS - 1;
            let processors = scheduler.processors();
            let start = p.rng.below(processors.len() as u32) as usize;
            for index in 0..processors.len() {
                let victim = processors[(start + index) % processors.len()];
                if std::ptr::eq(victim, p) {
                    continue;
                }
                if scheduler.world_stops() {
                    return None;
                }
                if !victim.is_queue_near()
                    && let Some(g) = self.steal(p, victim)
                {
                    return Some(g);
                }
                if look_at_timers {
                    scheduler.run_timers(victim, p, clock::now());
                    // SAFETY: the machine has the processor.
                    if let Some(g) = unsafe { p.pick_local() } {
                        return Some(g);
                    }
                }
                seen = seen.or_else(|| victim.waiting());
            }
            // SAFETY: the machine has the processor, whose queue is empty.
            if let Some(g) = unsafe { scheduler.global.take_share(p, processors.len()) } {
                return Some(g);
            }
            if let Some(before) = seen.take() {
                pause(OLD);
                if let Some(g) = self.steal_old(p, &before) {
                    return Some(g);
                }
            } else {
                pause(OLD / 3);
            }
            let somebody_polls = scheduler.search_network(p);
            // SAFETY: as above.
            if let Some(g) = unsafe { p.pick_local() } {
                return Some(g);
            }
            if !somebody_polls {
                sweep += 1;
            }
        }
        None
    }

    /// Takes half of the queue of another processor.
    fn steal(&self, p: &P, victim: &P) -> Option<GRef> {
        // SAFETY: the machine has `p`, whose queue is empty.
        let g = unsafe { victim.queue.steal_into(&p.queue) }?;
        victim.share();
        p.counters.steals.add(1);
        trace::stolen(self, victim);
        // SAFETY: queues hold `GRef`s.
        Some(unsafe { g.as_ref() })
    }

    /// Takes what has waited since it was seen.
    fn steal_old(&self, p: &P, before: &Waiting) -> Option<GRef> {
        let victim = before.victim;
        let now = victim.waiting()?;
        if before.head.is_some() && now.head == before.head {
            return self.steal(p, victim);
        }
        if before.next == 0 || (now.next, now.tick) != (before.next, before.tick) {
            return None;
        }
        let g = victim.steal_next()?;
        p.counters.steals.add(1);
        trace::stolen(self, victim);
        Some(g)
    }

    /// Counts as a searcher no longer. If it found work and was the last one,
    /// it wakes another: there may be more.
    fn stop_searching(&self, found: bool) {
        if self.searching.replace(false) && self.scheduler.gate.stop_searching() && found {
            self.scheduler.wake_for_work();
        }
    }

    /// Gives the processor up. Returns it, or another, if there was work after
    /// all.
    fn go_idle(&'static self, p: &'static P) -> Option<&'static P> {
        let scheduler = self.scheduler;
        self.previous.set(Some(p));
        trace::releases(self, None);
        self.seat.set(std::ptr::null_mut());
        scheduler.make_idle(p);
        self.stop_searching(false);
        scheduler.gate.before_last_look();
        if scheduler.any_work_to_share()
            && let Some(p) = scheduler.take_idle(Some(p))
        {
            acquire(self, p);
            // Whoever saw us search may have left more than this to us.
            scheduler.gate.start_searching();
            self.searching.set(true);
            return Some(p);
        }
        None
    }

    /// Makes a goroutine ready to be run by [`run::chain`]: gives it a fiber if
    /// it has none. `None` if another machine has to run it; the processor has
    /// gone there then.
    fn prepare(&'static self, p: &'static P, g: GRef) -> Option<GRef> {
        let locked = g.locked.load(Ordering::Relaxed).cast_const();
        if !locked.is_null() && !std::ptr::eq(locked.cast(), self) {
            self.hand_to_locked(p, g);
            return None;
        }
        if g.is_fresh() {
            let cached = if g.odd_stack.get() {
                None
            } else {
                // SAFETY: the machine has the processor.
                unsafe { p.take_fiber() }
            };
            let fiber = match cached {
                Some(fiber) => fiber,
                // SAFETY: as above.
                None => unsafe { self.scheduler.fibers.take(g, p) }
                    .unwrap_or_else(|error| super::fatal::no_stack(&error)),
            };
            // SAFETY: the fiber is idle or new, the goroutine fresh and ours.
            unsafe { fibers::assign(fiber, g) };
        }
        Some(g)
    }
}

impl P {
    /// Begins a round of turns, and decides how long it is: if there are timers,
    /// so short that one that becomes due is not late.
    fn start_round(&self, now: u64) {
        self.rounds.set(self.rounds.get().wrapping_add(1));
        let tick = self.tick.get();
        let last = tick.wrapping_sub(self.last_tick.replace(tick)).max(1);
        self.latency.round(last);
        let past = now.saturating_sub(self.last_look.replace(now));
        let pace = (past / last).max(1);
        let mut turns = u64::from(ROUND);
        if self.timers.next() != clock::NEVER {
            turns = (TIMER_PACE / pace).clamp(1, turns);
        }
        self.set_near((OLD / pace) as u32);
        self.countdown.set(turns as u32);
    }

    /// What is ready, and where its queue and its turns stand.
    fn waiting(&'static self) -> Option<Waiting> {
        let waiting = Waiting {
            victim: self,
            head: self.queue.first_index(),
            next: self.next.load(Ordering::Relaxed) as usize,
            tick: self.tick.get(),
        };
        (waiting.head.is_some() || waiting.next != 0).then_some(waiting)
    }

    /// Takes the goroutine in `next` from a processor whose machine runs user
    /// code. It was there for a while, so it will be next time: see `share`.
    fn steal_next(&'static self) -> Option<GRef> {
        let processor = std::ptr::from_ref(self).cast_mut();
        let taken = self.seat()?.borrow(processor, || {
            self.share();
            // SAFETY: we have the processor meanwhile.
            unsafe { self.take_next() }
        });
        taken.flatten()
    }
}

/// What a searcher saw at another processor.
struct Waiting {
    victim: &'static P,
    /// The index of the first in the queue.
    head: Option<u32>,
    /// The address of the one in `next`.
    next: usize,
    tick: u64,
}

impl PartialEq for P {
    fn eq(&self, other: &P) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Scheduler {
    /// Makes ready what timers of `owner` are due, on `p`, which the caller has.
    pub(super) fn run_timers(&'static self, owner: &'static P, p: &'static P, now: u64) {
        if owner.timers.next() > now {
            return;
        }
        let mut count = 0;
        loop {
            let mut ready = List::new();
            let expired = owner.timers.expire(now, &mut ready);
            count += ready.len();
            // SAFETY: the caller has the processor, and their waits were won.
            unsafe { self.ready_at(p, ready) };
            if expired.has_new_first {
                self.keep_time(owner.timers.next());
            }
            let Some(fired) = expired.fired else { break };
            count += 1;
            // SAFETY: a `Site` is what actions expect, and the caller has the
            // processor.
            unsafe { fired.act(Site::new(self, p).as_ptr()) };
        }
        if count > 1 {
            self.wake_for_work();
        }
    }
}

/// Waits for about so many nanoseconds, without giving up the CPU.
fn pause(nanoseconds: u64) {
    let end = clock::now() + nanoseconds;
    while clock::now() < end {
        std::hint::spin_loop();
    }
}
