//! Fibers to run goroutines on, beyond what processors cache.
//!
//! A goroutine gets a fiber when it first runs, and the fiber outlives it: idle
//! fibers wait inside [`entry::main`] for the next. Address
//! space for its stack is reserved when the goroutine is *made*, so that `go` can
//! tell when there is no more; processors reserve in batches ("credits").

use super::entry;
use super::processor::{FIBERS_KEPT, P};
use crate::base::lock::Lock;
use crate::goroutine::GRef;
use sortie_fiber::Unsupported;
use sortie_fiber::race::{self, Context};
use sortie_fiber::raw::{RUN, RawFiber, Stack, StackPool};
use std::collections::HashMap;
use std::io;

/// Credits that a processor takes and gives at once.
const BATCH: u32 = 256;
/// Stacks that are made at once, at most.
const STACKS_AT_ONCE: usize = RUN;
const _: () = assert!(STACKS_AT_ONCE <= FIBERS_KEPT);

/// The shared part.
#[derive(Debug)]
pub(crate) struct Fibers(Lock<Pools>);

#[derive(Debug)]
struct Pools {
    default_size: usize,
    /// Idle fibers with a stack of the default size, last used last.
    idle: Vec<RawFiber>,
    stacks: StackPool,
    /// Stacks that goroutines alive may need.
    credits: usize,
    odd_sizes: HashMap<usize, StackPool>,
    /// The fewest idle fibers since the last trim.
    fewest_idle: usize,
}

/// Stacks of goroutines.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StackCounts {
    /// Taken by goroutines, or kept by processors for the next.
    pub(crate) in_use: usize,
    /// Unused ones that hold memory.
    pub(crate) pooled: usize,
    /// Bytes of address space, in use or not.
    pub(crate) reserved: usize,
}

/// Leaves `g` for an idle fiber to run, and the fiber to `g`.
///
/// # Safety
/// The fiber is idle, and the goroutine is fresh and the caller's.
#[inline(always)]
pub(super) unsafe fn assign(fiber: RawFiber, g: GRef) {
    // SAFETY: as this function's.
    unsafe { fiber.set_argument(std::ptr::from_ref(g).cast_mut().cast()) };
    g.context.set(Context::default());
    g.fiber.set(Some(fiber));
}

impl Fibers {
    /// # Errors
    /// If the platform cannot run fibers.
    pub(crate) fn new(stack_size: usize) -> Result<Self, Unsupported> {
        sortie_fiber::check()?;
        let stacks = StackPool::new(stack_size)?;
        Ok(Fibers(Lock::new(Pools {
            default_size: stacks.stack_size(),
            idle: Vec::new(),
            stacks,
            credits: 0,
            odd_sizes: HashMap::new(),
            fewest_idle: 0,
        })))
    }

    /// Reserves address space for one stack, on behalf of a processor if there
    /// is one.
    ///
    /// # Errors
    /// If there is none.
    ///
    /// # Safety
    /// The caller has the processor.
    #[inline(always)]
    pub(crate) unsafe fn reserve(&self, p: Option<&P>) -> io::Result<()> {
        let Some(p) = p else {
            return self.0.lock().reserve(1);
        };
        if p.credits.get() == 0 {
            self.refill(p)?;
        }
        p.credits.set(p.credits.get() - 1);
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn refill(&self, p: &P) -> io::Result<()> {
        let mut pools = self.0.lock();
        // Near the limit a single one may still be had.
        let count = match pools.reserve(BATCH as usize) {
            Ok(()) => BATCH,
            Err(_) => pools.reserve(1).map(|()| 1)?,
        };
        p.credits.set(count);
        Ok(())
    }

    /// Returns the reservation of a goroutine that ended.
    ///
    /// # Safety
    /// The caller has the processor.
    #[inline(always)]
    pub(crate) unsafe fn release(&self, p: Option<&P>) {
        let surplus = match p {
            None => 1,
            Some(p) => {
                p.credits.set(p.credits.get() + 1);
                if p.credits.get() < 2 * BATCH {
                    return;
                }
                p.credits.set(p.credits.get() - BATCH);
                BATCH
            }
        };
        self.0.lock().credits -= surplus as usize;
    }

    /// Gives all reservations back that a processor holds.
    pub(crate) fn release_all(&self, p: &P) {
        self.0.lock().credits -= p.credits.replace(0) as usize;
    }

    /// A fiber for a fresh goroutine. If there are idle ones the processor's cache gets
    /// some too.
    ///
    /// # Errors
    /// If no stack can be made accessible: the kernel is out of memory.
    ///
    /// # Safety
    /// The caller has the processor.
    pub(crate) unsafe fn take(&self, g: GRef, p: &P) -> io::Result<RawFiber> {
        let mut slots = {
            let mut pools = self.0.lock();
            if g.odd_stack.get() {
                pools.odd_sizes(g.stack_size())?.claim(1)?
            } else if let Some(fiber) = pools.idle.pop() {
                // SAFETY: as this function's, and there is room.
                while unsafe { p.has_few_fibers() }
                    && let Some(another) = pools.idle.pop()
                {
                    // SAFETY: as above.
                    unsafe { p.give_fiber(another) };
                }
                pools.fewest_idle = pools.fewest_idle.min(pools.idle.len());
                return Ok(fiber);
            } else {
                let ahead = pools.ahead();
                pools.stacks.claim(ahead)?
            }
        };
        let mut first = None;
        // Without the lock: these are system calls, and page faults.
        let result = slots.prepare(|stack| {
            // SAFETY: `main` is made to run on fibers, and does not unwind.
            let fiber = |context| unsafe { RawFiber::with_context(stack, entry::main, context) };
            if first.is_none() {
                first = Some(fiber(g.context.take()));
            } else {
                // SAFETY: the caller has the processor, whose cache is empty, or it would
                // not have come here; it has room for more than a claim.
                unsafe { p.give_fiber(fiber(Context::default())) };
            }
        });
        if let Err(error) = result {
            let mut pools = self.0.lock();
            if let Some(pool) = pools.of_size(slots.size()) {
                pool.give_back(slots);
            }
            // What there is will do.
            return first.ok_or(error);
        }
        Ok(first.expect("a claim is for one stack at least"))
    }

    /// How many stacks there are.
    pub(crate) fn counts(&self) -> StackCounts {
        let pools = self.0.lock();
        let mut counts = StackCounts::default();
        for pool in pools.odd_sizes.values().chain([&pools.stacks]) {
            counts.in_use += pool.in_use();
            counts.pooled += pool.warm();
            counts.reserved += pool.slots() * pool.stack_size();
        }
        counts.in_use -= pools.idle.len();
        counts.pooled += pools.idle.len();
        counts
    }

    /// Takes idle fibers back.
    pub(crate) fn give(&self, fibers: impl Iterator<Item = RawFiber>) {
        self.0.lock().idle.extend(fibers);
    }

    /// Takes an idle fiber back that is not to be used again, as those whose stack is not
    /// of the default size.
    pub(crate) fn retire(&self, fiber: RawFiber) {
        // SAFETY: idle fibers have renewed their thread-locals and hold nothing.
        let stack = unsafe { fiber.into_stack() };
        let mut pools = self.0.lock();
        if let Some(pool) = pools.of_size(stack.size()) {
            pool.give(stack);
            // They are rare enough not to keep their memory.
            pool.trim(0);
        }
    }

    /// Makes sure that there can be a stack of a certain size. Returns the size
    /// rounded as the pools do it, or `None` if that is the default.
    ///
    /// # Errors
    /// If there is no address space for it.
    pub(crate) fn prepare(&self, size: usize) -> io::Result<Option<usize>> {
        let mut pools = self.0.lock();
        let probe = StackPool::new(size)?.stack_size();
        if probe == pools.default_size {
            return Ok(None);
        }
        let pool = pools.odd_sizes(probe)?;
        let slots = pool.slots();
        pool.reserve(slots + 1)?;
        Ok(Some(probe))
    }

    /// Gives back the memory of fibers that were idle ever since the last call.
    /// Returns how many stacks were released.
    pub(crate) fn trim(&self) -> usize {
        let mut pools = self.0.lock();
        let count = pools.fewest_idle.min(pools.idle.len());
        // The first are those that were used least recently.
        let stacks: Vec<Stack> = pools
            .idle
            .drain(..count)
            // SAFETY: as in `retire`.
            .map(|fiber| unsafe { fiber.into_stack() })
            .collect();
        if pools.idle.len() * 2 < pools.idle.capacity() {
            pools.idle.shrink_to_fit();
        }
        pools.fewest_idle = pools.idle.len();
        for stack in stacks {
            pools.stacks.give(stack);
        }
        pools.stacks.trim(0)
    }
}

impl Pools {
    fn reserve(&mut self, count: usize) -> io::Result<()> {
        self.stacks.reserve(self.credits + count)?;
        self.credits += count;
        Ok(())
    }

    /// How many stacks to make when one is needed. Where there are many already, more will
    /// be needed soon; several are made in less time each. Not so where address space is
    /// short: those that one processor keeps are no use to goroutines on another.
    fn ahead(&self) -> usize {
        if race::DETECTS {
            return 1;
        }
        let spare = self.stacks.slots().saturating_sub(self.credits);
        (self.stacks.in_use() / 8)
            .min(spare / STACKS_AT_ONCE)
            .clamp(1, STACKS_AT_ONCE)
    }

    /// The pool of stacks of a size that there are.
    fn of_size(&mut self, size: usize) -> Option<&mut StackPool> {
        if size == self.default_size {
            return Some(&mut self.stacks);
        }
        self.odd_sizes.get_mut(&size)
    }

    fn odd_sizes(&mut self, size: usize) -> io::Result<&mut StackPool> {
        Ok(match self.odd_sizes.entry(size) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(StackPool::new(size)?),
        })
    }
}
