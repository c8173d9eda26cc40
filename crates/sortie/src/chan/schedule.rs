//! Channels that deliver times which may be changed: those of timers and tickers.
//!
//! As with [`After`](super::timer) nobody sends. Whoever looks computes whether there is
//! a message; so a channel that nobody waits for costs nothing but its memory, a
//! message that nobody has taken can be taken back, and ticks that nobody takes
//! are one. This is how Go does it since 1.23.
//!
//! # Who waits
//! Those who wait stand in a queue, and while there is one the channel's
//! [`Trigger`] is armed for the next message. When it fires the first in the queue
//! gets the message, as if somebody had sent it. To change the time is to arm the
//! trigger for another time; nobody has to be woken for that.
//!
//! # Invariants
//! Whenever the lock is free:
//! * `watched` is the time that the trigger is armed for, or at which it has fired but
//!   not come to the lock yet; it is [`NEVER`] if neither;
//! * if somebody waits, `watched` is not after `next`.
//!
//! A message is due for whoever comes first once its time is over; but those who wait
//! come before those who only look. So whoever takes the lock serves them first.

use super::block::block;
use super::core::{Core, Held, Side};
use super::errors::Refused;
use super::receiver::{Receiver, Source};
use super::wait::{Kind, Node, Outcome, Wait, Wake, Wakes};
use crate::base::atomic::{AtomicU64, Cell, Ordering};
use crate::base::clock::{self, NEVER};
use crate::base::instant::Instant;
use crate::driver::trigger::{Action, Next, Trigger};
use crate::goroutine::WaitReason;
use crate::park::Waiter;
use crate::park::wait_queue::Until;
use crate::runtime::default_scheduler;
use crate::sched::alarm::{self, Site};
use crate::task;
use std::mem::MaybeUninit;
use std::panic::Location;
use std::ptr;
use std::sync::Arc;
use std::task::Waker;

/// As a time: later than the clock will ever show. Unlike [`NEVER`] it can be revoked.
const BEYOND: u64 = NEVER - 1;

/// What is behind such a channel.
#[derive(Debug)]
pub(super) struct Schedule {
    pub(super) core: Core,
    /// When there is a message, or [`NEVER`]. Written with the lock held.
    next: AtomicU64,
    /// How often that has been changed.
    changes: AtomicU64,
    /// Time from one message to the next; 0 if there is one only. Used with the lock
    /// held.
    period: Cell<u64>,
    /// See the essay. Used with the lock held.
    watched: Cell<u64>,
}

// SAFETY: the cells are used with the lock held.
unsafe impl Sync for Schedule {}

/// The receiving half of such a channel, whose times its owner may change.
#[derive(Debug)]
pub(crate) struct Scheduled {
    receiver: Receiver<Instant>,
}

impl Scheduled {
    /// A channel with a message at `when`, and one whenever a `period` has passed
    /// since, unless that is 0.
    pub(crate) fn new(when: u64, period: u64, origin: &'static Location<'static>) -> Self {
        let schedule = Trigger::new(Schedule {
            core: Core::new(origin),
            next: AtomicU64::new(when.min(BEYOND)),
            changes: AtomicU64::new(0),
            period: Cell::new(period),
            watched: Cell::new(NEVER),
        });
        Scheduled {
            receiver: Receiver {
                source: Source::Schedule(schedule),
            },
        }
    }

    /// Where the times arrive.
    pub(crate) fn receiver(&self) -> &Receiver<Instant> {
        &self.receiver
    }

    fn schedule(&self) -> &Arc<Trigger<Schedule>> {
        match &self.receiver.source {
            Source::Schedule(schedule) => schedule,
            _ => unreachable!("made with such a source"),
        }
    }

    /// Takes back what would have come, and lets the next message come at `when`, by
    /// the runtime's clock, and then whenever a period has passed. Returns whether one
    /// would have come.
    pub(crate) fn set(&self, when: u64, period: u64) -> bool {
        self.schedule().set(when.min(BEYOND), period)
    }

    /// Takes back what would have come. Returns whether something would.
    pub(crate) fn stop(&self) -> bool {
        self.schedule().set(NEVER, 0)
    }
}

impl Schedule {
    fn next(&self) -> u64 {
        self.next.load(Ordering::Acquire)
    }

    /// Whether there is a message, or was just now.
    pub(super) fn has_message(&self) -> bool {
        let next = self.next();
        next < BEYOND && clock::now() >= next
    }

    /// A number that changes with each message that is taken or taken back.
    pub(super) fn version(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    fn change(&self, _: &Held<'_>, next: u64) {
        self.next.store(next, Ordering::Release);
        let changes = self.changes.load(Ordering::Relaxed);
        self.changes.store(changes + 1, Ordering::Release);
    }

    /// Takes the message if there is one.
    fn take(&self, held: &Held<'_>, now: u64) -> Option<Instant> {
        let next = self.next();
        if now < next || next >= BEYOND {
            return None;
        }
        let after = match self.period.get() {
            0 => NEVER,
            // Ticks that nobody took are dropped; those to come stay in step.
            period => (now - next)
                .checked_add(period)
                .map_or(BEYOND, |late| next.saturating_add(late - late % period))
                .min(BEYOND),
        };
        self.change(held, after);
        Some(Instant::from_clock(next))
    }

    /// Gives a message that is due to the first who waits. Returns whether there may be
    /// more to do, once those who are in `wakes` were woken.
    fn serve(&self, held: &Held<'_>, wakes: &mut Wakes) -> bool {
        let queue = held.queue(Side::Receivers);
        let mut told = false;
        while !queue.is_empty() && self.has_message() {
            if wakes.is_nearly_full() {
                return true;
            }
            let wanted = |node: &Node| !told || node.kind != Kind::Taker;
            // SAFETY: locked; what is claimed is ended.
            let Some(claimed) = (unsafe { queue.claim(ptr::null(), wanted) }) else {
                break;
            };
            let outcome = match claimed.node().kind {
                Kind::Value => match self.take(held, clock::now()) {
                    Some(message) => {
                        // SAFETY: a receiver's slot has room for a message.
                        unsafe { claimed.node().slot.get().cast::<Instant>().write(message) };
                        Outcome::Done
                    }
                    None => Outcome::Retry,
                },
                Kind::Taker => {
                    told = true;
                    Outcome::Retry
                }
                Kind::Observer | Kind::Promise => Outcome::Retry,
            };
            claimed.end(outcome, wakes);
        }
        held.refresh(Side::Receivers);
        false
    }
}

/// Arms the trigger of a channel.
type Arm<'a> = &'a dyn Fn(&Arc<Trigger<Schedule>>, u64);

/// From anywhere.
fn arm(trigger: &Arc<Trigger<Schedule>>, when: u64) {
    alarm::arm(default_scheduler, trigger, when);
}

impl Trigger<Schedule> {
    /// Changes the times. Returns whether there was a message, or one was to come.
    fn set(self: &Arc<Self>, when: u64, period: u64) -> bool {
        let schedule = &self.action;
        let mut wakes = Wakes::new();
        let held = schedule.core.lock();
        let before = schedule.next();
        schedule.change(&held, when);
        schedule.period.set(period);
        // If there are more to serve the trigger fires at once.
        schedule.serve(&held, &mut wakes);
        self.watch(&held, &arm);
        before != NEVER
    }

    /// Lets the trigger fire when the next message is due, if somebody waits for it.
    fn watch(self: &Arc<Self>, held: &Held<'_>, arm: Arm<'_>) {
        let schedule = &self.action;
        let mut next = schedule.next();
        if next == BEYOND || held.queue(Side::Receivers).is_empty() {
            next = NEVER;
        }
        if schedule.watched.replace(next) == next {
            return;
        }
        if next == NEVER {
            self.stop();
        } else {
            arm(self, next);
        }
    }

    /// Receives. A deadline of 0 means now or not at all.
    pub(super) fn receive(
        self: &Arc<Self>,
        until: &Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<Instant, Refused<()>> {
        let schedule = &self.action;
        let mut message = MaybeUninit::<Instant>::uninit();
        let mut until = *until;
        loop {
            if until.is_now() && !schedule.has_message() {
                return Err(Refused::NotNow(()));
            }
            // First the lock is released, then they are woken.
            let mut wakes = Wakes::new();
            let held = schedule.core.lock();
            if schedule.serve(&held, &mut wakes) {
                continue;
            }
            let now = clock::now();
            let message_now = schedule.take(&held, now);
            if message_now.is_some() || until.deadline <= now {
                self.watch(&held, &arm);
                return message_now.ok_or(Refused::NotNow(()));
            }
            let wait = Wait::current();
            let node = Node::new(Kind::Value, message.as_mut_ptr().cast(), &wait, 0);
            let place = schedule.core.place(WaitReason::ChannelReceive, location);
            // SAFETY: ours, with room for a message; it is blocked on.
            let outcome = unsafe {
                held.enqueue(Side::Receivers, &node, false);
                self.watch(&held, &arm);
                block(
                    &schedule.core,
                    held,
                    Side::Receivers,
                    &node,
                    &mut wakes,
                    &until,
                    place,
                )
            };
            match outcome {
                // SAFETY: whoever ended the wait has put it there.
                Outcome::Done => return Ok(unsafe { message.assume_init() }),
                // There may be a message all the same; and nobody may wait any more.
                Outcome::Waiting => {
                    self.settle();
                    until = Until::NOW;
                }
                _ => {}
            }
        }
    }

    /// Enters the queue on behalf of one who waits for several.
    ///
    /// # Safety
    /// The node is in no queue, and stays where it is until it was taken out.
    pub(super) unsafe fn enter(self: &Arc<Self>, node: &Node) {
        let held = self.action.core.lock();
        // SAFETY: as this function's.
        unsafe { held.enqueue(Side::Receivers, node, true) };
        self.watch(&held, &arm);
    }

    /// Leaves the queue. Returns whether the node was in it.
    ///
    /// # Safety
    /// The node is in this queue, or in none.
    pub(super) unsafe fn leave(self: &Arc<Self>, node: &Node) -> bool {
        let held = self.action.core.lock();
        // SAFETY: as this function's.
        let was_queued = unsafe { held.dequeue(Side::Receivers, node) };
        self.watch(&held, &arm);
        was_queued
    }

    /// Serves those who wait, and watches for those who are left: after the queue has
    /// changed.
    pub(super) fn settle(self: &Arc<Self>) {
        loop {
            let mut wakes = Wakes::new();
            let held = self.action.core.lock();
            let more = self.action.serve(&held, &mut wakes);
            self.watch(&held, &arm);
            if !more {
                return;
            }
        }
    }

    /// As [`settle`](Self::settle), where the trigger has fired.
    fn settle_at(self: &Arc<Self>, site: &Site) {
        let schedule = &self.action;
        loop {
            let mut wakes = Wakes::new();
            let held = schedule.core.lock();
            if schedule.watched.get() <= clock::now() {
                schedule.watched.set(NEVER);
            }
            let more = schedule.serve(&held, &mut wakes);
            self.watch(&held, &|trigger, when| site.arm(trigger, when));
            drop(held);
            wakes.drain(|wake| wake_at(site, wake, schedule.core.origin()));
            if !more {
                return;
            }
        }
    }
}

impl Action for Schedule {
    unsafe fn fire(trigger: Arc<Trigger<Self>>, site: *const ()) {
        // SAFETY: as this function's: the scheduler passes a `Site`.
        let site = unsafe { &*site.cast::<Site>() };
        loop {
            trigger.settle_at(site);
            if trigger.done() != Next::Again {
                return;
            }
        }
    }
}

/// Wakes somebody on behalf of a machine.
fn wake_at(site: &Site, wake: Wake, origin: &'static Location<'static>) {
    match wake {
        // SAFETY: its wait was won, and is over.
        Wake::Waiter(Waiter::Goroutine(g)) => unsafe { site.ready(g) },
        Wake::Waiter(Waiter::Thread(thread)) => thread.ready(),
        // Foreign code, which a machine must not wait for.
        Wake::Task(waker) => {
            if let Err(waker) = task::start_at(site, origin, waker, Waker::wake) {
                waker.wake();
            }
        }
    }
}
