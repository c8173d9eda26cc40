//! Timers that do something, as opposed to those that end a wait.
//!
//! A trigger is *armed* for a time, at which it *fires*, unless it is stopped or
//! armed anew before. Anybody may do that, at any time; the trigger's lock decides
//! who comes first. When it fires, its [`Action`] is called by the machine that
//! looked at the timers, on its own stack. It must not do much there: usually it
//! starts a goroutine.
//!
//! # Trigger and entry
//! A trigger has one *live* entry at most in some processor's [`Timers`]: the one
//! whose time is that in its state. Entries are never looked for. So
//! * stopping leaves the entry where it is; it is stale from then on;
//! * arming for a time that is not before that of the entry leaves it too. When the
//!   entry's time comes the trigger's own time is seen to be later, and the entry
//!   goes back for that time. To move a time-out into the future again and again
//!   costs nothing but the lock;
//! * arming for an earlier time gives up the entry, which is stale, and adds another.
//!
//! Stale entries go when their time comes, or when they are too many (see
//! [`Timers`]). Each entry has a share in the trigger's memory.
//!
//! # Dealing with it
//! Whoever deals with what has fired does so alone: if it fires again meanwhile that is
//! counted, and he goes on until the count is 0.
//!
//! ```text
//!   busy  due
//!   no     0    nothing to do
//!   yes    n    somebody deals with the first of n times that it fired
//!   no     n    nobody could so far; an entry will remind
//! ```
//!
//! # Order of locks
//! A trigger's lock comes before that of timers. So whoever looks at due entries
//! takes them out first, and looks at their triggers with the timers unlocked; who
//! cleans up with the timers locked only tries to lock triggers, and keeps the entry
//! if that fails.

use super::timers::{Alarm, Timers};
use crate::base::clock::NEVER;
use crate::base::lock::Lock;
use std::mem;
use std::ptr::NonNull;
use std::sync::Arc;

/// What a trigger does.
pub(crate) trait Action: Send + Sync + Sized + 'static {
    /// The trigger has fired, and the caller deals with it. To be ended by
    /// [`done`](Trigger::done) or [`postpone`](Trigger::postpone), by whomever.
    ///
    /// # Safety
    /// `site` is what whoever looks at the timers passed to [`Fired::act`].
    unsafe fn fire(trigger: Arc<Trigger<Self>>, site: *const ());
}

/// A timer that does something.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Trigger<A: ?Sized> {
    /// First, so that an entry can find it without knowing the type of the action.
    head: Head,
    pub(crate) action: A,
}

#[derive(Debug)]
struct Head {
    state: Lock<State>,
    table: &'static Table,
}

#[derive(Debug)]
struct State {
    armed: bool,
    /// When it fires, if it is armed.
    when: u64,
    /// The live entry: its time, and where it was put.
    entry: Option<(u64, &'static Timers)>,
    /// Times that it fired and that were not dealt with.
    due: usize,
    /// Whether somebody deals with them.
    busy: bool,
    /// Whether nobody can arm it any more.
    abandoned: bool,
}

/// What depends on the type of the action.
#[derive(Debug)]
struct Table {
    /// Calls the action, and takes the entry's share over.
    fire: unsafe fn(Entry, *const ()),
    /// Gives the entry's share back.
    release: unsafe fn(Entry),
    /// Takes another share.
    share: unsafe fn(Entry),
}

/// What is left to do when one firing was dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Next {
    /// It has fired again: the caller goes on.
    Again,
    /// Nothing for now.
    Rest,
    /// It will never fire again. What the action needs is the caller's.
    Over,
}

/// What arming did.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Armed {
    /// Whether it was armed before, for another time.
    pub(crate) before: bool,
    /// Whether the timers have a new first entry.
    pub(crate) is_first: bool,
}

impl State {
    fn is_live(&self, key: u64) -> bool {
        self.entry.is_some_and(|(live, _)| live == key)
    }

    /// Whether the live entry is there for a reason.
    fn wants_entry(&self) -> bool {
        self.armed || self.due > 0 && !self.busy
    }

    /// Adds a live entry, for there is none. Returns whether it is the first.
    fn add(&mut self, when: u64, entry: Entry, timers: &'static Timers) -> bool {
        let added = timers.add(when, Alarm::Fire(entry));
        self.entry = Some((when, added.timers));
        added.is_first
    }
}

impl<A: Action> Trigger<A> {
    const TABLE: Table = Table {
        // SAFETY: only for entries of triggers of this type.
        fire: |entry, site| unsafe { A::fire(entry.into_arc(), site) },
        // SAFETY: as above.
        release: |entry| drop(unsafe { entry.into_arc::<A>() }),
        // SAFETY: as above; the entry has a share.
        share: |entry| unsafe { Arc::increment_strong_count(entry.pointer::<A>()) },
    };

    /// A trigger that is not armed.
    pub(crate) fn new(action: A) -> Arc<Self> {
        Arc::new(Trigger {
            head: Head {
                state: Lock::new(State {
                    armed: false,
                    when: NEVER,
                    entry: None,
                    due: 0,
                    busy: false,
                    abandoned: false,
                }),
                table: &Self::TABLE,
            },
            action,
        })
    }
}

impl<A: ?Sized> Trigger<A> {
    /// Arms it for `when`, whether it is armed or not. A new entry goes to
    /// `timers`.
    pub(crate) fn arm(self: &Arc<Self>, when: u64, timers: &'static Timers) -> Armed {
        let mut state = self.head.state.lock();
        let before = mem::replace(&mut state.armed, true);
        state.when = when;
        let old = state.entry;
        if let Some((key, home)) = old
            && key <= when
        {
            drop(state);
            if !before {
                home.note_live();
            }
            return Armed {
                before,
                is_first: false,
            };
        }
        state.entry = None;
        let is_first = when != NEVER && state.add(when, Entry::new(Arc::clone(self)), timers);
        drop(state);
        if before && let Some((_, home)) = old {
            home.note_stale();
        }
        Armed { before, is_first }
    }

    /// Lets it not fire. Returns whether it was armed; if so it has not fired since
    /// it was armed, and will not.
    pub(crate) fn stop(&self) -> bool {
        self.disarm(false)
    }

    /// As [`stop`](Self::stop) and then [`abandon`](Self::abandon), with one look at the
    /// lock. Returns whether it was armed: then it has not fired since, and never will.
    pub(crate) fn retire(&self) -> bool {
        self.disarm(true)
    }

    fn disarm(&self, abandon: bool) -> bool {
        let mut state = self.head.state.lock();
        state.abandoned |= abandon;
        let armed = mem::replace(&mut state.armed, false);
        let entry = state.entry;
        drop(state);
        if armed && let Some((_, home)) = entry {
            home.note_stale();
        }
        armed
    }

    /// One firing has been dealt with.
    pub(crate) fn done(&self) -> Next {
        let mut state = self.head.state.lock();
        debug_assert!(state.busy && state.due > 0);
        state.due -= 1;
        state.busy = state.due > 0;
        if state.busy {
            Next::Again
        } else if state.abandoned && !state.armed {
            Next::Over
        } else {
            Next::Rest
        }
    }

    /// Whoever dealt with it could not: try again at `when`. Returns whether the
    /// timers have a new first entry.
    pub(crate) fn postpone(self: &Arc<Self>, when: u64, timers: &'static Timers) -> bool {
        let mut state = self.head.state.lock();
        debug_assert!(state.busy && state.due > 0);
        state.busy = false;
        let old = state.entry;
        if old.is_some_and(|(key, _)| key <= when) {
            return false;
        }
        let armed = state.armed;
        let is_first = state.add(when, Entry::new(Arc::clone(self)), timers);
        drop(state);
        if armed && let Some((_, home)) = old {
            home.note_stale();
        }
        is_first
    }

    /// Times that it fired and that were not dealt with.
    #[cfg(test)]
    pub(crate) fn due(&self) -> usize {
        self.head.state.lock().due
    }

    /// Whether it is going to fire.
    #[cfg(test)]
    pub(crate) fn is_armed(&self) -> bool {
        self.head.state.lock().armed
    }

    /// Nobody will arm or stop it any more; if it is armed it will fire. Returns
    /// whether it will never fire: then what the action needs is the caller's.
    pub(crate) fn abandon(&self) -> bool {
        let mut state = self.head.state.lock();
        state.abandoned = true;
        !state.armed && state.due == 0
    }
}

/// A trigger in some timers, with a share in its memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry(NonNull<Head>);

// SAFETY: actions are `Send` and `Sync`, and so is the head.
unsafe impl Send for Entry {}
// SAFETY: as above.
unsafe impl Sync for Entry {}

/// What has become of an entry whose time has come.
#[derive(Debug)]
pub(super) enum Look {
    /// Its trigger has fired.
    Fired(Fired),
    /// Its trigger has fired, and somebody deals with that already.
    Counted,
    /// It went back into the timers, for a later time. Whether it is the first.
    Later(bool),
    /// It was stale.
    Stale,
}

impl Entry {
    fn new<A: ?Sized>(trigger: Arc<Trigger<A>>) -> Self {
        let whole = Arc::into_raw(trigger).cast_mut();
        // SAFETY: not null. The head comes first.
        Entry(unsafe { NonNull::new_unchecked(whole.cast()) })
    }

    /// What its `Arc` was turned into, if `A` is the type of the action.
    fn pointer<A>(self) -> *const Trigger<A> {
        self.0.as_ptr().cast_const().cast()
    }

    /// # Safety
    /// - `A` is the type of the action;
    /// - the entry's share is the caller's.
    unsafe fn into_arc<A>(self) -> Arc<Trigger<A>> {
        // SAFETY: as this function's.
        unsafe { Arc::from_raw(self.pointer()) }
    }

    fn head(&self) -> &Head {
        // SAFETY: the entry has a share.
        unsafe { self.0.as_ref() }
    }

    /// Gives the share back.
    ///
    /// # Safety
    /// It is the caller's.
    unsafe fn release(self) {
        // SAFETY: the table is that of the type; and as this function's.
        unsafe { (self.head().table.release)(self) };
    }

    /// Another share in the same trigger.
    fn share(self) -> Entry {
        // SAFETY: this entry has one.
        unsafe { (self.head().table.share)(self) };
        self
    }

    /// What to do about an entry whose time, `key`, has come.
    ///
    /// # Safety
    /// The caller has taken it out of `timers`, which are not locked.
    pub(super) unsafe fn look(self, key: u64, now: u64, timers: &'static Timers) -> Look {
        let mut state = self.head().state.lock();
        let is_live = state.is_live(key);
        let (mut counted, mut fired, mut later) = (false, false, NEVER);
        if is_live {
            state.entry = None;
            if state.armed && state.when <= now {
                state.armed = false;
                state.due += 1;
                counted = true;
            }
            fired = state.due > 0 && !state.busy;
            state.busy |= fired;
            if state.armed {
                later = state.when;
            }
        }
        match (fired, later) {
            (true, NEVER) => Look::Fired(Fired(self)),
            (true, later) => {
                state.add(later, self.share(), timers);
                Look::Fired(Fired(self))
            }
            (false, NEVER) => {
                drop(state);
                // SAFETY: it is in no timers any more.
                unsafe { self.release() };
                if counted { Look::Counted } else { Look::Stale }
            }
            (false, later) => Look::Later(state.add(later, self, timers)),
        }
    }

    /// Whether an entry of which there are too many is still of use. If not it is
    /// gone.
    ///
    /// # Safety
    /// The caller has locked the timers that it is in, and takes it out if this is
    /// false.
    pub(super) unsafe fn is_of_use(self, key: u64) -> bool {
        let Some(mut state) = self.head().state.try_lock() else {
            return true;
        };
        if state.is_live(key) {
            if state.wants_entry() {
                return true;
            }
            state.entry = None;
        }
        drop(state);
        // SAFETY: as this function's.
        unsafe { self.release() };
        false
    }
}

/// A trigger that has fired. Somebody has to deal with it.
#[derive(Debug)]
#[must_use = "nobody else will deal with it"]
pub(crate) struct Fired(Entry);

impl Fired {
    /// Calls the action.
    ///
    /// # Safety
    /// `site` is what all actions in these timers expect.
    pub(crate) unsafe fn act(self, site: *const ()) {
        // SAFETY: the table is that of the type, and the share ours; and as this
        // function's.
        unsafe { (self.0.head().table.fire)(self.0, site) };
    }
}
