//! Who waits: records on the frames of blocked calls, and queues of them.
//!
//! A blocked call has one [`Wait`], and one [`Node`] for each channel it waits
//! on; both are on its stack, so that waiting allocates nothing. Nodes are linked
//! into the queues of channels. Whoever finds a node there, under the channel's
//! lock, may end the wait if he wins its ticket, and then
//!
//! 1. moves the message from or to where the node's slot says;
//! 2. notes the outcome in the wait;
//! 3. clears the node's `queued` flag; this is his last access but one;
//! 4. after unlocking, makes the waiter ready if it was parked.
//!
//! The waiter looks at all its nodes before it looks at the outcome. Where one
//! seems to be queued it takes the channel's lock first, and so comes after step
//! 3; where it is not, it is after step 3 already. So it always sees the outcome,
//! even if it was never parked.

use crate::base::atomic::{AtomicBool, AtomicPtr, Cell, Ordering, UnsafeCell, prefetch_behind};
use crate::goroutine::claim::{Ticket, Won};
use crate::park::Waiter;
use std::mem::MaybeUninit;
use std::ptr;
use std::task::Waker;

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It has not.
    Waiting,
    /// The message was taken, or is in the slot.
    Done,
    /// The channel was closed.
    Closed,
    /// Something may be possible now.
    Retry,
    /// A receiver: a sender will put the message into the slot, or tell to retry.
    Promised,
    /// A sender without message: a receiver, whose node this is, waits for it.
    Paired(*const Node),
}

/// Who is behind a wait.
#[derive(Debug)]
pub(super) enum Party {
    /// A goroutine or thread, which is blocked.
    Blocked(Waiter),
    /// A future. The waker is used under the lock of the only channel it waits on.
    Task(UnsafeCell<Option<Waker>>),
}

/// One blocked call.
#[derive(Debug)]
pub(super) struct Wait {
    pub(super) party: Party,
    /// What has to be won to end it; none if whoever finds the only node does.
    pub(super) ticket: Cell<Ticket>,
    pub(super) outcome: Cell<Outcome>,
    /// The case of the node by which it ended.
    pub(super) case: Cell<usize>,
    /// Whether it was parked when it was ended, so that it sees all that happened
    /// before it was made ready. Of a promised message, with the lock held: whether
    /// the receiver has to be made ready.
    pub(super) parked: Cell<bool>,
    /// Whether it ended by a promise. Stays when that is kept, at any moment, and
    /// the outcome changes.
    pub(super) promised: Cell<bool>,
}

impl Wait {
    #[inline(always)]
    pub(super) fn new(party: Party) -> Self {
        Wait {
            party,
            ticket: Cell::new(Ticket::NONE),
            outcome: Cell::new(Outcome::Waiting),
            case: Cell::new(0),
            parked: Cell::new(false),
            promised: Cell::new(false),
        }
    }

    /// Of the calling goroutine or thread.
    #[inline(always)]
    pub(super) fn current() -> Self {
        Wait::new(Party::Blocked(Waiter::current()))
    }

    /// The goroutine or thread. Futures have none.
    #[inline(always)]
    pub(super) fn waiter(&self) -> Waiter {
        match self.party {
            Party::Blocked(waiter) => waiter,
            Party::Task(_) => unreachable!("a future does not block"),
        }
    }

    /// Opens the wait, so that several may try to end it.
    pub(super) fn open(&self) {
        self.outcome.set(Outcome::Waiting);
        self.ticket.set(self.waiter().open());
    }

    /// Tries to be the one to end it.
    #[inline(always)]
    pub(super) fn win(&self) -> Option<Won> {
        let ticket = self.ticket.get();
        if ticket == Ticket::NONE {
            return Some(Won::Parked);
        }
        self.waiter().win(ticket)
    }
}

/// What a node offers to who finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A slot, with a message or for one.
    Value,
    /// A message that is made once it is known to be sent.
    Promise,
    /// Nothing, but when told it will look and take.
    Taker,
    /// Nothing; it only wants to know.
    Observer,
}

/// One place in a queue.
#[derive(Debug)]
pub(super) struct Node {
    previous: Cell<*const Node>,
    next: Cell<*const Node>,
    /// Whether it is in a queue; cleared by who takes it out.
    queued: AtomicBool,
    pub(super) kind: Kind,
    /// The message of a sender, or where a receiver wants it.
    pub(super) slot: Cell<*mut ()>,
    pub(super) wait: Cell<*const Wait>,
    /// Number of the case, in a select.
    pub(super) case: usize,
}

impl Node {
    #[inline(always)]
    pub(super) fn new(kind: Kind, slot: *mut (), wait: &Wait, case: usize) -> Self {
        Node {
            previous: Cell::new(ptr::null()),
            next: Cell::new(ptr::null()),
            queued: AtomicBool::new(false),
            kind,
            slot: Cell::new(slot),
            wait: Cell::new(wait),
            case,
        }
    }

    /// In no queue, and of no wait.
    pub(super) fn unused() -> Self {
        Node {
            previous: Cell::new(ptr::null()),
            next: Cell::new(ptr::null()),
            queued: AtomicBool::new(false),
            kind: Kind::Observer,
            slot: Cell::new(ptr::null_mut()),
            wait: Cell::new(ptr::null()),
            case: 0,
        }
    }

    /// Whether it is, or may be, in a queue. If not, whoever took it out is done
    /// with it.
    #[inline(always)]
    pub(super) fn is_queued(&self) -> bool {
        self.queued.load(Ordering::Acquire)
    }

    /// The wait it belongs to.
    ///
    /// # Safety
    /// The node is in a queue whose lock the caller holds, or its waiter waits
    /// for the caller, or is the caller.
    #[inline(always)]
    pub(super) unsafe fn wait(&self) -> &Wait {
        // SAFETY: as long as a node is queued its wait is where it was.
        unsafe { &*self.wait.get() }
    }
}

/// Nodes in the order in which they came.
#[derive(Debug)]
pub(super) struct Queue {
    /// Written with the lock held; others may look at it to fetch the node.
    first: AtomicPtr<Node>,
    last: Cell<*const Node>,
}

impl Queue {
    pub(super) fn new() -> Self {
        Queue {
            first: AtomicPtr::new(ptr::null_mut()),
            last: Cell::new(ptr::null()),
        }
    }

    /// The first node, for who holds the lock.
    #[inline(always)]
    fn first(&self) -> *const Node {
        self.first.load(Ordering::Relaxed)
    }

    #[inline(always)]
    fn set_first(&self, node: *const Node) {
        self.first.store(node.cast_mut(), Ordering::Relaxed);
    }

    /// Fetches the first node's memory into the cache: for those who will take the
    /// lock and then find it. Whether it is still there does not matter.
    #[inline(always)]
    pub(super) fn prefetch(&self) {
        prefetch_behind(&self.first);
    }

    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.first().is_null()
    }

    /// # Safety
    /// The caller holds the lock. The node is in no queue, and stays where it is
    /// until it was taken out.
    #[inline(always)]
    pub(super) unsafe fn push(&self, node: &Node) {
        let last = self.last.replace(node);
        node.previous.set(last);
        node.next.set(ptr::null());
        // SAFETY: queued nodes are where they were.
        match unsafe { last.as_ref() } {
            Some(last) => last.next.set(node),
            None => self.set_first(node),
        }
        node.queued.store(true, Ordering::Relaxed);
    }

    /// Takes a node out, but leaves its flag.
    ///
    /// # Safety
    /// The caller holds the lock, and the node is in this queue.
    #[inline(always)]
    unsafe fn unlink(&self, node: &Node) {
        let (previous, next) = (node.previous.get(), node.next.get());
        // SAFETY: queued nodes are where they were.
        unsafe {
            match previous.as_ref() {
                Some(previous) => previous.next.set(next),
                None => self.set_first(next),
            }
            match next.as_ref() {
                Some(next) => next.previous.set(previous),
                None => self.last.set(previous),
            }
        }
    }

    /// Takes a node out on behalf of its own waiter. Returns whether it was in the
    /// queue.
    ///
    /// # Safety
    /// The caller holds the lock. The node is in this queue, or in none.
    pub(super) unsafe fn remove(&self, node: &Node) -> bool {
        let queued = node.queued.load(Ordering::Relaxed);
        if queued {
            // SAFETY: as this function's.
            unsafe { self.unlink(node) };
            node.queued.store(false, Ordering::Relaxed);
        }
        queued
    }

    /// Whether there is a node that is not of `own`, and seems to wait still.
    ///
    /// # Safety
    /// The caller holds the lock.
    pub(super) unsafe fn has_other(&self, own: *const Wait) -> bool {
        let mut at = self.first();
        // SAFETY: queued nodes are where they were, and so are their waits.
        unsafe {
            while let Some(node) = at.as_ref() {
                let wait = node.wait();
                let open = match (&wait.party, wait.ticket.get()) {
                    (_, Ticket::NONE) | (Party::Task(_), _) => true,
                    (Party::Blocked(waiter), ticket) => waiter.is_open(ticket),
                };
                if open && !ptr::eq(wait, own) && matches!(node.kind, Kind::Value | Kind::Promise) {
                    return true;
                }
                at = node.next.get();
            }
        }
        false
    }

    /// Takes out the first node if its wait is plain: of a goroutine or thread, on
    /// this channel only, and without a time-out.
    ///
    /// # Safety
    /// The caller holds the lock, and does what [`Plain`] demands.
    #[inline(always)]
    pub(super) unsafe fn take_plain(&self) -> Option<Plain> {
        // SAFETY: queued nodes are where they were, and so are their waits.
        unsafe {
            let node = self.first().as_ref()?;
            let wait = node.wait();
            let Party::Blocked(waiter) = wait.party else {
                return None;
            };
            if node.kind != Kind::Value || wait.ticket.get() != Ticket::NONE {
                return None;
            }
            self.unlink(node);
            Some(Plain { node, waiter })
        }
    }

    /// Takes out the first node that is not of `own` and whose wait the caller
    /// could win, and which is `wanted`. Nodes of waits that have ended go too.
    ///
    /// # Safety
    /// The caller holds the lock, and does what [`Claimed`] demands.
    #[inline(always)]
    pub(super) unsafe fn claim(
        &self,
        own: *const Wait,
        wanted: impl Fn(&Node) -> bool,
    ) -> Option<Claimed> {
        let mut at = self.first();
        // SAFETY: queued nodes are where they were, and so are their waits.
        unsafe {
            while let Some(node) = at.as_ref() {
                at = node.next.get();
                let wait = node.wait();
                if ptr::eq(wait, own) || !wanted(node) {
                    continue;
                }
                let won = wait.win();
                self.unlink(node);
                match won {
                    Some(won) => return Some(Claimed { node, won }),
                    None => node.queued.store(false, Ordering::Release),
                }
            }
        }
        None
    }
}

/// A plain wait that was taken out of its queue. To be ended by
/// [`done`](Plain::done) before the channel is unlocked; then its waiter is to be
/// made ready.
#[derive(Debug)]
#[must_use = "nobody else will end the wait"]
pub(super) struct Plain {
    node: *const Node,
    waiter: Waiter,
}

impl Plain {
    /// The message, or room for it.
    #[inline(always)]
    pub(super) fn slot<T>(&self) -> *mut T {
        // SAFETY: its waiter waits for us.
        unsafe { &*self.node }.slot.get().cast()
    }

    /// The message was moved.
    #[inline(always)]
    pub(super) fn done(self) -> Waiter {
        // SAFETY: its waiter waits for us.
        unsafe {
            let node = &*self.node;
            node.wait().outcome.set(Outcome::Done);
            node.queued.store(false, Ordering::Release);
        }
        self.waiter
    }
}

/// A wait that the caller has won, and has to end by [`end`](Claimed::end) before
/// he unlocks the channel.
#[derive(Debug)]
#[must_use = "nobody else will end the wait"]
pub(super) struct Claimed {
    node: *const Node,
    won: Won,
}

impl Claimed {
    /// The node, which is valid until the wait was ended, and for a promised
    /// message until that has come.
    #[inline(always)]
    pub(super) fn node(&self) -> &Node {
        // SAFETY: its waiter waits for us.
        unsafe { &*self.node }
    }

    /// Ends the wait. Who is to be woken for that is added to `wakes`.
    #[inline(always)]
    pub(super) fn end(self, outcome: Outcome, wakes: &mut Wakes) {
        let node = self.node();
        // SAFETY: its waiter waits for us.
        let wait = unsafe { node.wait() };
        wait.outcome.set(outcome);
        wait.case.set(node.case);
        let parked = self.won == Won::Parked;
        wait.parked.set(parked);
        wait.promised.set(outcome == Outcome::Promised);
        let wake = if outcome == Outcome::Promised || !parked {
            None
        } else {
            Some(Wake::of(wait))
        };
        node.queued.store(false, Ordering::Release);
        if let Some(wake) = wake.flatten() {
            wakes.push(wake);
        }
    }
}

/// Somebody who has to be woken.
#[derive(Debug)]
pub(super) enum Wake {
    Waiter(Waiter),
    Task(Waker),
}

impl Wake {
    /// Whoever is behind a wait.
    #[inline(always)]
    fn of(wait: &Wait) -> Option<Self> {
        match &wait.party {
            Party::Blocked(waiter) => Some(Wake::Waiter(*waiter)),
            // SAFETY: the caller holds the lock of the channel.
            Party::Task(waker) => unsafe { (*waker.get()).take() }.map(Wake::Task),
        }
    }

    #[inline(always)]
    fn fire(self) {
        match self {
            // SAFETY: by `Claimed`: its wait was won, and is over.
            Wake::Waiter(waiter) => unsafe { waiter.ready() },
            Wake::Task(waker) => waker.wake(),
        }
    }
}

/// Those who have to be woken once a lock is released. Happens when it is
/// dropped, in order.
#[derive(Debug)]
pub(super) struct Wakes {
    list: [MaybeUninit<Wake>; Wakes::ROOM],
    fired: usize,
    length: usize,
}

impl Wakes {
    pub(super) const ROOM: usize = 8;

    #[inline(always)]
    pub(super) const fn new() -> Self {
        Wakes {
            list: [const { MaybeUninit::uninit() }; Wakes::ROOM],
            fired: 0,
            length: 0,
        }
    }

    #[inline(always)]
    fn push(&mut self, wake: Wake) {
        self.list[self.length].write(wake);
        self.length += 1;
    }

    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether there is no room for another two.
    #[inline(always)]
    pub(super) fn is_nearly_full(&self) -> bool {
        self.length + 2 > Wakes::ROOM
    }

    /// Wakes them.
    #[inline(always)]
    pub(super) fn fire(&mut self) {
        self.drain(Wake::fire);
    }

    /// Wakes them in another way.
    #[inline(always)]
    pub(super) fn drain(&mut self, mut fire: impl FnMut(Wake)) {
        while self.fired < self.length {
            // SAFETY: below `length` they were written, and each is read once.
            let wake = unsafe { self.list[self.fired].assume_init_read() };
            self.fired += 1;
            fire(wake);
        }
    }
}

impl Drop for Wakes {
    #[inline(always)]
    fn drop(&mut self) {
        /// Goes on if a waker panics.
        struct Rest<'a>(&'a mut Wakes);
        impl Drop for Rest<'_> {
            #[inline(always)]
            fn drop(&mut self) {
                self.0.fire();
            }
        }
        if self.length != 0 {
            Rest(self).0.fire();
        }
    }
}
