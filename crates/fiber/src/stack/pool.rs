//! A pool of stacks of one size.

use super::slots::{RUN, Slots, State};
use super::{GUARD, Geometry, PAGE, Stack, guard};
use crate::error::Unsupported;
use crate::layout::Layout;
use crate::race;
use std::io;

/// Stacks of one size, and the address space for more.
///
/// Not synchronised: whoever shares it puts a lock around it. Dropping the pool
/// keeps its address space, since stacks of it may still be in use.
#[derive(Debug)]
pub struct StackPool {
    layout: &'static Layout,
    geometry: Geometry,
    /// Slots never used so far: start of the first, and how many.
    untouched: Vec<(usize, usize)>,
    /// Slots with a guard, whose memory was given back.
    cold: Vec<usize>,
    /// Slots with a guard and a block, most recently used last.
    warm: Vec<usize>,
    /// Slots in all arenas.
    slots: usize,
}

/// Slots of the first arena; each further one is twice as large, up to a limit.
const FIRST_ARENA: usize = 64;
/// Bytes of address space that an arena has at most.
const LARGEST_ARENA: usize = 4 << 30;

impl StackPool {
    /// A pool of stacks with room for at least `size` bytes each, block and
    /// guard not counted.
    ///
    /// # Errors
    /// [`Unsupported`] if the platform cannot run fibers.
    pub fn new(size: usize) -> Result<Self, Unsupported> {
        let layout = Layout::get().map_err(Clone::clone)?;
        Ok(StackPool {
            layout,
            geometry: Geometry::new(layout, size),
            untouched: Vec::new(),
            cold: Vec::new(),
            warm: Vec::new(),
            slots: 0,
        })
    }

    /// Bytes of a stack.
    pub fn stack_size(&self) -> usize {
        self.geometry.size
    }

    /// How many stacks there is address space for, in use or not.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// How many unused stacks hold memory.
    pub fn warm(&self) -> usize {
        self.warm.len()
    }

    /// Makes sure that there is address space for `slots` stacks in all.
    ///
    /// # Errors
    /// If the system refuses: a limit on address space (`ulimit -v`), or strict
    /// overcommit.
    pub fn reserve(&mut self, slots: usize) -> io::Result<()> {
        while self.slots < slots {
            let stride = self.geometry.stride;
            let largest = (LARGEST_ARENA / stride).max(1);
            let wanted = self.slots.max(FIRST_ARENA).min(largest);
            // When much is refused, little may still be had.
            let mut count = wanted;
            let start = loop {
                let mapped = guard::admit(count).and_then(|()| {
                    map_with_headroom(count * stride).inspect_err(|_| guard::dismiss(count))
                });
                match mapped {
                    Ok(start) => break start,
                    Err(_) if count > 1 => count /= 2,
                    Err(error) => return Err(refused(&error, self.geometry.size, self.slots)),
                }
            };
            self.untouched.push((start, count));
            self.slots += count;
        }
        Ok(())
    }

    /// Takes a stack.
    ///
    /// # Errors
    /// As [`reserve`](Self::reserve), and if the stack cannot be guarded.
    pub fn take(&mut self) -> io::Result<Stack> {
        let mut taken = None;
        let mut slots = self.claim(1)?;
        match slots.prepare(|stack| taken = Some(stack)) {
            Ok(()) => Ok(taken.expect("one slot makes one stack")),
            Err(error) => {
                self.give_back(slots);
                Err(error)
            }
        }
    }

    /// The first half of [`take`](Self::take), for one stack at least and for some more if
    /// they are as easy to have: a few instructions, most of the time. The second,
    /// [`Slots::prepare`], takes the kernel's time, and does not need the pool.
    ///
    /// # Errors
    /// As [`reserve`](Self::reserve).
    ///
    /// # Panics
    /// If `at_most` is zero.
    pub fn claim(&mut self, at_most: usize) -> io::Result<Slots> {
        assert!(at_most > 0, "a claim is for one stack at least");
        let mut slots = Slots {
            layout: self.layout,
            geometry: self.geometry,
            low: [0; RUN],
            count: 0,
            state: State::Warm,
        };
        let at_most = at_most.min(RUN);
        for (list, state) in [(&mut self.warm, State::Warm), (&mut self.cold, State::Cold)] {
            if !list.is_empty() {
                slots.state = state;
                while slots.count < at_most
                    && let Some(low) = list.pop()
                {
                    slots.low[slots.count] = low;
                    slots.count += 1;
                }
                return Ok(slots);
            }
        }
        slots.state = State::Untouched;
        if self.untouched.is_empty() {
            self.reserve(self.slots + 1)?;
        }
        let (start, left) = self.untouched.last_mut().expect("just reserved");
        while slots.count < at_most && *left > 0 {
            slots.low[slots.count] = *start;
            slots.count += 1;
            *start += self.geometry.stride;
            *left -= 1;
        }
        if *left == 0 {
            self.untouched.pop();
        }
        Ok(slots)
    }

    /// Takes back what could not be prepared.
    ///
    /// # Panics
    /// If it is of another size.
    pub fn give_back(&mut self, slots: Slots) {
        assert_eq!(
            slots.geometry, self.geometry,
            "slots given to a pool of another size"
        );
        for &low in &slots.low[..slots.count] {
            match slots.state {
                State::Warm => self.warm.push(low),
                State::Cold => self.cold.push(low),
                State::Untouched => self.untouched.push((low, 1)),
            }
        }
    }

    /// Gives a stack back, warm. Its block must be as good as new: either never
    /// used, or renewed.
    ///
    /// # Panics
    /// If the stack is of another size.
    pub fn give(&mut self, stack: Stack) {
        // All of it: stacks of different sizes may be equally far apart.
        assert_eq!(
            stack.geometry, self.geometry,
            "stack given to a pool of another size"
        );
        self.warm.push(stack.low);
    }

    /// How many stacks are in use: taken and not given back.
    pub fn in_use(&self) -> usize {
        let untouched: usize = self.untouched.iter().map(|&(_, count)| count).sum();
        self.slots - untouched - self.cold.len() - self.warm.len()
    }

    /// Gives the memory of unused stacks back to the system, all but `keep` of
    /// the most recently used. Returns how many were released.
    pub fn trim(&mut self, keep: usize) -> usize {
        let count = self.warm.len().saturating_sub(keep);
        let mut released: Vec<usize> = self.warm.drain(..count).collect();
        released.sort_unstable();
        let Geometry { stride, base, .. } = self.geometry;
        // A detector forgets one stack at a time, since its way spares no guard.
        for run in released.chunk_by(|a, b| a + stride == *b && !race::DETECTS) {
            // SAFETY: slots that only this pool owns; nothing in them is in use.
            if unsafe { release(run[0] + GUARD, run.len() * stride - GUARD) } {
                continue;
            }
            for low in run {
                // SAFETY: as above; from the block up to the slot's end. A cold
                // slot's block is zero.
                unsafe { ((low + base) as *mut u8).write_bytes(0, stride - base) }
            }
        }
        self.cold.append(&mut released);
        if self.warm.len() * 2 < self.warm.capacity() {
            self.warm.shrink_to_fit();
        }
        count
    }
}

/// Gives memory back, which is zero from then on. Returns whether the system
/// took all of it.
///
/// # Safety
/// The range is our own mapping, and nothing in it is in use.
unsafe fn release(start: usize, length: usize) -> bool {
    /// `madvise` request of Linux 5.18, for memory that `mlockall` has pinned.
    const MADV_DONTNEED_LOCKED: libc::c_int = 24;
    // SAFETY: as this function's.
    unsafe { race::forget(start, length) };
    [libc::MADV_DONTNEED, MADV_DONTNEED_LOCKED]
        .into_iter()
        // SAFETY: as this function's.
        .any(|advice| unsafe { libc::madvise(start as *mut _, length, advice) } == 0)
}

/// Reserves address space, if some is left for others: threads, heaps, files.
fn map_with_headroom(bytes: usize) -> io::Result<usize> {
    const HEADROOM: usize = 64 << 20;
    let start = map(bytes)?;
    match map(HEADROOM) {
        Ok(headroom) => {
            // SAFETY: our own mapping, never used.
            unsafe { libc::munmap(headroom as *mut _, HEADROOM) };
            Ok(start)
        }
        Err(error) => {
            // SAFETY: as above.
            unsafe { libc::munmap(start as *mut _, bytes) };
            Err(error)
        }
    }
}

/// Reserves address space.
pub(super) fn map(bytes: usize) -> io::Result<usize> {
    debug_assert!(bytes.is_multiple_of(PAGE));
    // SAFETY: a new anonymous mapping, and advice about it.
    unsafe {
        let address = libc::mmap(
            std::ptr::null_mut(),
            bytes,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_STACK,
            -1,
            0,
        );
        if address == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        // A huge page would make a stack's single used page into 512.
        libc::madvise(address, bytes, libc::MADV_NOHUGEPAGE);
        Ok(address as usize)
    }
}

#[cold]
fn refused(error: &io::Error, size: usize, slots: usize) -> io::Error {
    io::Error::new(
        io::ErrorKind::OutOfMemory,
        format!(
            "cannot reserve another stack of {} KiB ({slots} exist): {error}; if address space is \
             limited raise the limit (`ulimit -v`), or ask for smaller stacks",
            size / 1024
        ),
    )
}
