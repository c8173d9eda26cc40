//! Who is to be told of which signals, and telling them.

use super::disposition::{self, Dispositions};
use super::name::{NUMBERS, Signal};
use super::notify::SignalError;
use crate::chan::Sender;
use crate::context::CancelCauseFn;
use crate::runtime::default_scheduler;
use crate::sched::deadlock;
use crate::task;
use std::panic::{self, AssertUnwindSafe, Location};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

/// Who is told.
#[derive(Clone)]
pub(super) enum Target {
    Channel(Sender<Signal>),
    Context(Arc<CancelCauseFn>),
}

struct Listener {
    id: u64,
    /// The bits of the signals that it wants.
    wants: u64,
    /// Whether somebody is about to remove it. It is not counted any more.
    leaves: bool,
    target: Target,
}

/// All that is behind the lock.
struct Registry {
    listeners: Vec<Listener>,
    last_id: u64,
    /// How many want each signal.
    wanted: [usize; NUMBERS],
    dispositions: Dispositions,
    /// Who is telling listeners, without the lock.
    teller: Option<ThreadId>,
}

static REGISTRY: Mutex<Registry> = Mutex::new(Registry {
    listeners: Vec::new(),
    last_id: 0,
    wanted: [0; NUMBERS],
    dispositions: Dispositions::new(),
    teller: None,
});

/// Told when nobody tells listeners any more.
static TOLD: Condvar = Condvar::new();

fn registry() -> MutexGuard<'static, Registry> {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner)
}

fn bits(signals: &[Signal]) -> u64 {
    signals.iter().fold(0, |bits, signal| bits | signal.bit())
}

/// Adds a listener. Returns its id.
pub(super) fn add(signals: &[Signal], target: Target) -> u64 {
    let scheduler = default_scheduler();
    scheduler.sysmon.deliver_by(start_delivery);
    deadlock::others_may_wake();
    let mut registry = registry();
    registry.last_id += 1;
    let id = registry.last_id;
    registry.listeners.push(Listener {
        id,
        wants: 0,
        leaves: false,
        target,
    });
    registry.widen(id, bits(signals));
    id
}

/// Lets a listener want more signals.
pub(super) fn widen(id: u64, signals: &[Signal]) {
    registry().widen(id, bits(signals));
}

/// Removes a listener. It has been told of what came before, and will not be told
/// anything more.
pub(super) fn remove(id: u64) {
    let mut registry = registry();
    let Some(index) = registry.index(id) else {
        return;
    };
    let listener = &mut registry.listeners[index];
    if std::mem::replace(&mut listener.leaves, true) {
        return;
    }
    for signal in Signal::of_bits(listener.wants) {
        registry.unwanted_by_one(signal);
    }
    // What was caught for it, and not left to the disposition that is back, is its own.
    let mut registry = tell(registry, Others::Await);
    let listener = registry
        .index(id)
        .map(|index| registry.listeners.remove(index));
    drop(registry);
    drop(listener);
    deadlock::others_do_not_wake();
    default_scheduler().sysmon.wake();
}

/// Lets no listener want these signals any more. Then does something about each.
pub(super) fn clear(signals: &[Signal], then: impl Fn(&mut Dispositions, Signal)) {
    let mut registry = registry();
    for &signal in signals {
        for listener in &mut registry.listeners {
            listener.wants &= !signal.bit();
        }
        registry.wanted[signal.as_raw() as usize] = 0;
        then(&mut registry.dispositions, signal);
    }
}

impl Registry {
    fn index(&self, id: u64) -> Option<usize> {
        self.listeners.iter().position(|listener| listener.id == id)
    }

    fn widen(&mut self, id: u64, signals: u64) {
        let Some(index) = self.index(id) else {
            return;
        };
        let listener = &mut self.listeners[index];
        if listener.leaves {
            return;
        }
        let new = signals & !listener.wants;
        listener.wants |= new;
        for signal in Signal::of_bits(new) {
            let wanted = &mut self.wanted[signal.as_raw() as usize];
            *wanted += 1;
            if *wanted == 1 {
                self.dispositions.catch(signal, default_scheduler());
            }
        }
    }

    fn unwanted_by_one(&mut self, signal: Signal) {
        let wanted = &mut self.wanted[signal.as_raw() as usize];
        *wanted -= 1;
        if *wanted == 0 {
            self.dispositions.restore(signal);
        }
    }

    /// What there is to tell now, and to whom. What nobody wants goes back.
    fn news(&self) -> Vec<(Signal, Target)> {
        let mut news = Vec::new();
        for signal in Signal::of_bits(disposition::take_pending()) {
            let before = news.len();
            for listener in &self.listeners {
                if listener.wants & signal.bit() != 0 {
                    news.push((signal, listener.target.clone()));
                }
            }
            if news.len() == before {
                self.dispositions.pass_on(signal);
            }
        }
        news
    }
}

/// What to do if somebody tells listeners already.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Others {
    /// Wait until he is done.
    Await,
    /// Leave it to him: he looks once more before he ends.
    Trust,
}

/// Tells all listeners what has come.
fn tell(
    mut registry: MutexGuard<'static, Registry>,
    others: Others,
) -> MutexGuard<'static, Registry> {
    let me = thread::current().id();
    loop {
        match registry.teller {
            // Foreign code that a listener runs has called: it is not done yet.
            Some(teller) if teller == me => return registry,
            Some(_) if others == Others::Trust => return registry,
            Some(_) => {
                registry = TOLD.wait(registry).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            None => {}
        }
        let news = registry.news();
        if news.is_empty() {
            return registry;
        }
        registry.teller = Some(me);
        drop(registry);
        for (signal, target) in news {
            // If a waker panics it has said so, and the others are to hear all the same.
            let _ = panic::catch_unwind(AssertUnwindSafe(|| target.tell(signal)));
        }
        registry = self::registry();
        registry.teller = None;
        TOLD.notify_all();
    }
}

impl Target {
    fn tell(self, signal: Signal) {
        match self {
            // If nobody listens any more nobody is told.
            Target::Channel(sender) => drop(sender.send(signal)),
            Target::Context(cancel) => cancel.cancel(SignalError(signal)),
        }
    }
}

/// On the thread of sysmon, which has no time: has the rest done by a goroutine.
fn start_delivery() {
    if task::start_detached(Location::caller(), (), |()| deliver()).is_err() {
        deliver();
    }
}

/// Tells all listeners what has come.
fn deliver() {
    drop(tell(registry(), Others::Trust));
}
