//! Choosing a case.

use super::super::block::{keep_promise, patiently};
use super::super::core::Side;
use super::super::wait::{Kind, Node, Outcome, Wait};
use super::case::Case;
use super::endpoint::{Begun, Token};
use crate::base::clock::{self, NEVER};
use crate::base::rng::Rng;
use crate::goroutine::{WaitReason, current};
use crate::park::{self, Place, park_claimed};
use std::mem::{self, MaybeUninit};
use std::panic::Location;
use std::ptr;

/// How to choose.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// On the runtime's clock; 0 for now or not at all.
    pub(super) deadline: u64,
    /// Whether the first case that is ready is taken, not any.
    pub(super) biased: bool,
    pub(super) location: &'static Location<'static>,
}

thread_local! {
    static RNG: Rng = Rng::new(match current::current() {
        Some(g) => g.id.load(crate::base::atomic::Ordering::Relaxed),
        None => clock::now(),
    });
}

/// A random number below `bound`.
fn random(bound: usize) -> usize {
    let bound = u32::try_from(bound).unwrap_or(u32::MAX);
    RNG.try_with(|rng| rng.below(bound) as usize).unwrap_or(0)
}

/// The positions of so many cases, in random order or as they are. Shuffled as it
/// goes, since the first is often enough.
struct Order {
    few: [u8; Order::FEW],
    many: Vec<usize>,
    count: usize,
    next: usize,
    biased: bool,
}

impl Order {
    /// So many fit on the stack.
    const FEW: usize = 32;

    #[inline]
    fn new(count: usize, biased: bool) -> Self {
        const IN_ORDER: [u8; Order::FEW] = {
            let mut order = [0; Order::FEW];
            let mut at = 0;
            while at < Order::FEW {
                order[at] = at as u8;
                at += 1;
            }
            order
        };
        Order {
            few: IN_ORDER,
            many: if count > Order::FEW && !biased {
                (0..count).collect()
            } else {
                Vec::new()
            },
            count,
            next: 0,
            biased,
        }
    }
}

impl Iterator for Order {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        let next = self.next;
        if next == self.count {
            return None;
        }
        self.next += 1;
        if self.biased {
            return Some(next);
        }
        // One of those that are left, by Fisher and Yates.
        let chosen = match self.count - next {
            1 => next,
            left => next + random(left),
        };
        Some(if self.count <= Order::FEW {
            self.few.swap(next, chosen);
            usize::from(self.few[next])
        } else {
            self.many.swap(next, chosen);
            self.many[next]
        })
    }
}

/// Finds a case that can be begun: of those that are ready each has the same chance,
/// or it is the first. And whether one was lost to somebody who was faster.
#[inline(always)]
fn find<T>(
    cases: &[Case<'_>],
    biased: bool,
    mut begin: impl FnMut(&Case<'_>) -> Result<T, bool>,
) -> Result<(usize, T), bool> {
    let mut lost = false;
    for position in Order::new(cases.len(), biased) {
        match begin(&cases[position]) {
            Ok(begun) => return Ok((position, begun)),
            Err(faster) => lost |= faster,
        }
    }
    Err(lost)
}

fn versions(cases: &[Case<'_>]) -> u64 {
    cases
        .iter()
        .fold(0, |sum, case| sum.wrapping_add(case.endpoint.version()))
}

/// As [`find`]; and if there was none, there was an instant at which none was
/// ready.
fn find_at_once<T>(
    cases: &[Case<'_>],
    biased: bool,
    mut begin: impl FnMut(&Case<'_>) -> Result<T, bool>,
) -> Option<(usize, T)> {
    loop {
        // None has changed between the two sums, each of which only grows, so
        // what was seen of each in between was true of all at the same time.
        let before = versions(cases);
        match find(cases, biased, &mut begin) {
            Ok(found) => return Some(found),
            Err(false) if cases.len() == 1 || versions(cases) == before => return None,
            Err(_) => {}
        }
    }
}

/// Begins one of the operations. The position of its case, and what has been
/// begun; `None` if time ran out.
///
/// # Safety
/// The slot has room for a message of any of the cases.
#[inline]
pub(super) unsafe fn perform(
    cases: &[Case<'_>],
    slot: *mut (),
    manner: Manner,
) -> Option<(usize, Token)> {
    if manner.deadline != 0
        // SAFETY: as this function's.
        && let Ok(begun) = find(cases, manner.biased, |case| unsafe { begin(case, slot, manner) })
    {
        return Some(begun);
    }
    // SAFETY: as this function's.
    unsafe { perform_slow(cases, slot, manner) }
}

/// Begins the operation, or tells whether somebody else was faster.
///
/// # Safety
/// The slot has room for a message of this case.
#[inline(always)]
unsafe fn begin(case: &Case<'_>, slot: *mut (), manner: Manner) -> Result<Token, bool> {
    // SAFETY: as this function's.
    match unsafe { case.endpoint.begin(slot, manner.location) } {
        Begun::Yes(token) => Ok(token),
        Begun::Lost => Err(true),
        Begun::NotReady => Err(false),
    }
}

/// # Safety
/// As [`perform`].
#[cold]
#[inline(never)]
unsafe fn perform_slow(
    cases: &[Case<'_>],
    slot: *mut (),
    manner: Manner,
) -> Option<(usize, Token)> {
    // SAFETY: as this function's.
    let begin = |case: &Case<'_>| unsafe { begin(case, slot, manner) };
    // Two that only try again never meet on a channel without buffer.
    if manner.deadline != 0
        && !cases.iter().any(|case| case.endpoint.is_rendezvous())
        && let Some(begun) = patiently(|| find(cases, manner.biased, begin).ok())
    {
        return Some(begun);
    }
    let mut tries = 0;
    loop {
        if manner.is_over() {
            return find_at_once(cases, manner.biased, begin);
        }
        let kind = |side| match side {
            Side::Receivers => Kind::Value,
            Side::Senders => Kind::Promise,
        };
        // SAFETY: as this function's.
        let ended = unsafe { wait(cases, slot, kind, manner) };
        let chosen = match ended {
            Some((position, Outcome::Done)) => Some((position, Token::Received)),
            Some((position, Outcome::Closed)) => Some((position, Token::Closed)),
            Some((position, Outcome::Paired(partner))) => Some((position, Token::Paired(partner))),
            Some((position, _)) => begin(&cases[position]).ok().map(|token| (position, token)),
            None => None,
        };
        if chosen.is_some() {
            return chosen;
        }
        tries += 1;
        if tries % 16 == 0 {
            // Two of us may be getting in each other's way.
            crate::sched::yield_now();
        }
        if let Ok(begun) = find(cases, manner.biased, begin) {
            return Some(begun);
        }
    }
}

/// Waits until one of the operations seems ready, and does nothing. The position
/// of its case; `None` if time ran out.
pub(super) fn observe(cases: &[Case<'_>], manner: Manner) -> Option<usize> {
    let is_ready = |case: &Case<'_>| match case.endpoint.is_ready() {
        true => Ok(()),
        false => Err(false),
    };
    loop {
        if manner.is_over() {
            let ready = find_at_once(cases, manner.biased, is_ready);
            return ready.map(|(position, ())| position);
        }
        if let Ok((position, ())) = find(cases, manner.biased, is_ready) {
            return Some(position);
        }
        // SAFETY: an observer's slot is not used.
        let ended = unsafe { wait(cases, ptr::null_mut(), |_| Kind::Observer, manner) };
        if let Some((position, _)) = ended {
            return Some(position);
        }
    }
}

/// Where the nodes of a wait are: here, unless there are many.
struct NodeRoom {
    few: [MaybeUninit<Node>; NodeRoom::FEW],
    /// How many of the few there are.
    written: usize,
    many: Vec<Node>,
}

impl NodeRoom {
    const FEW: usize = 8;

    #[inline(always)]
    fn new() -> Self {
        NodeRoom {
            few: [const { MaybeUninit::uninit() }; NodeRoom::FEW],
            written: 0,
            many: Vec::new(),
        }
    }

    /// Makes the nodes. Called once.
    #[inline(always)]
    fn fill(&mut self, nodes: impl ExactSizeIterator<Item = Node>) -> &[Node] {
        if nodes.len() > NodeRoom::FEW {
            self.many.extend(nodes);
            return &self.many;
        }
        for (node, place) in nodes.zip(&mut self.few) {
            place.write(node);
            self.written += 1;
        }
        // SAFETY: so many were written.
        unsafe { self.few[..self.written].assume_init_ref() }
    }
}

impl Drop for NodeRoom {
    #[inline(always)]
    fn drop(&mut self) {
        // Nothing to do, but in models, which look whether cells are used after that.
        if mem::needs_drop::<Node>() {
            // SAFETY: so many were written.
            unsafe { self.few[..self.written].assume_init_drop() };
        }
    }
}

/// Waits in the queues of all cases until one is ended by somebody, or seems
/// ready, or is due. Then it is in none of them any more.
///
/// # Safety
/// The slot is what the kinds say.
unsafe fn wait(
    cases: &[Case<'_>],
    slot: *mut (),
    kind: impl Fn(Side) -> Kind,
    manner: Manner,
) -> Option<(usize, Outcome)> {
    let wait = Wait::current();
    let waiter = wait.waiter();
    let mut room = NodeRoom::new();
    let nodes = room.fill(
        cases
            .iter()
            .enumerate()
            .map(|(position, case)| Node::new(kind(case.endpoint.side()), slot, &wait, position)),
    );
    wait.open();
    let ticket = wait.ticket.get();
    let start = random(cases.len());
    let mut ready = None;
    for offset in 0..cases.len() {
        let position = (start + offset) % cases.len();
        let (case, node) = (&cases[position], &nodes[position]);
        // SAFETY: the node stays here, and leaves again below.
        if !unsafe { case.endpoint.enter(node) } {
            continue;
        }
        if case.endpoint.is_ready_after_all(&wait) {
            // Nobody but us may end it; unless somebody has.
            if wait.win().is_some() {
                ready = Some((position, Outcome::Retry));
            }
            break;
        }
        if node.kind != Kind::Observer {
            case.endpoint.announce();
        }
        if !waiter.is_open(ticket) {
            break;
        }
    }
    if waiter.is_open(ticket) {
        let due = cases.iter().map(|case| case.endpoint.due()).min();
        let deadline = manner.deadline.min(due.unwrap_or(NEVER));
        // SAFETY: the ticket is of this wait.
        unsafe { park_claimed(waiter, ticket, deadline, manner.place(cases)) };
    }
    for (case, node) in cases.iter().zip(nodes) {
        // If it is not queued, whoever took it out has noted the outcome.
        if node.is_queued() {
            // SAFETY: it has entered.
            unsafe { case.endpoint.leave(node) };
        }
    }
    if ready.is_some() {
        return ready;
    }
    let position = wait.case.get();
    // Whoever keeps a promise is done with us only once the lock is free.
    if wait.promised.get()
        && let Some(core) = cases[position].endpoint.core()
    {
        // SAFETY: ours.
        unsafe { keep_promise(core, core.lock(), &wait, manner.place(cases)) };
    }
    match wait.outcome.get() {
        Outcome::Waiting => None,
        outcome => Some((position, outcome)),
    }
}

impl Manner {
    /// Whether there is no time to wait.
    #[inline]
    fn is_over(&self) -> bool {
        match self.deadline {
            0 => true,
            NEVER => false,
            deadline => clock::now() >= deadline,
        }
    }

    fn place(&self, cases: &[Case<'_>]) -> Place {
        // Of many, none is worth more than the others.
        let origin = match cases {
            [case] => case.endpoint.core().map(|core| core.origin()),
            _ => None,
        };
        Place {
            reason: WaitReason::Select,
            location: self.location,
            origin,
        }
    }
}

/// A select without cases: waits for ever, or for the time there is.
pub(super) fn wait_for_nothing(manner: Manner) {
    let place = Place {
        reason: WaitReason::SelectNoCases,
        location: manner.location,
        origin: None,
    };
    if manner.deadline != 0 {
        park::sleep_until(manner.deadline, place);
    }
}
