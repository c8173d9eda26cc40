//! Where headers come from.
//!
//! Processors keep a cache of free headers, and take and give them in batches. A
//! batch travels as a list, whole, so the lock is held for a few instructions.
//! Batches that nobody wants for a while are sorted back into their chunks, and
//! the memory of chunks that are wholly free is given back to the system. Its
//! addresses stay reserved for headers: a stale reference finds zeros, which no
//! open wait has for a ticket.

use super::header::{G, GRef, State};
use super::list::List;
use crate::base::clock;
use crate::base::lock::Lock;
use std::io;
use std::ptr::NonNull;

/// Bytes of a chunk.
const CHUNK: usize = 64 * 1024;
/// Headers in a chunk.
const PER_CHUNK: usize = CHUNK / size_of::<G>();
/// Chunks that are mapped at once.
const CHUNKS_PER_MAP: usize = 64;
/// Batches that are sorted while the lock is held once.
const SORTED_AT_ONCE: usize = 16;
/// Chunks whose headers are shown while the lock is held once.
const SHOWN_AT_ONCE: usize = 16;

/// All headers of a runtime.
#[derive(Debug)]
pub(crate) struct Slab(Lock<Chunks>);

#[derive(Debug)]
struct Chunks {
    all: Vec<Chunk>,
    /// Free headers as they were given, last given last.
    batches: Vec<List>,
    /// The fewest batches since the last trim: so many were not needed.
    fewest: usize,
    /// Chunks with free headers of their own, or unused ones.
    available: Vec<u32>,
}

#[derive(Debug)]
struct Chunk {
    start: NonNull<G>,
    /// Headers behind these were never used, or their memory was given back.
    carved: usize,
    /// Free headers that were sorted back.
    free: List,
    /// Whether it is on the list of available chunks.
    listed: bool,
}

// SAFETY: the pointer is to memory the slab owns, used under the slab's lock.
unsafe impl Send for Chunk {}

impl Slab {
    pub(crate) const fn new() -> Self {
        Slab(Lock::new(Chunks {
            all: Vec::new(),
            batches: Vec::new(),
            fewest: 0,
            available: Vec::new(),
        }))
    }

    /// Adds headers to `list`: about `count` of them, at least one.
    ///
    /// # Errors
    /// If there is no memory.
    pub(crate) fn take(&self, count: usize, list: &mut List) -> io::Result<()> {
        self.0.lock().take(count, list)
    }

    /// Returns free headers.
    pub(crate) fn give(&self, list: List) {
        if !list.is_empty() {
            self.0.lock().batches.push(list);
        }
    }

    /// Gives the memory of headers back to the system that were free ever since
    /// the last call. Returns whether there were any.
    pub(crate) fn trim(&self) -> bool {
        let mut surplus = {
            let mut chunks = self.0.lock();
            let count = chunks.fewest.min(chunks.batches.len());
            let surplus: Vec<List> = chunks.batches.drain(..count).collect();
            chunks.fewest = chunks.batches.len();
            surplus
        };
        if surplus.is_empty() {
            return false;
        }
        let mut touched = Vec::new();
        while !surplus.is_empty() {
            let some = surplus.split_off(surplus.len().saturating_sub(SORTED_AT_ONCE));
            let mut chunks = self.0.lock();
            for batch in some {
                for g in batch {
                    touched.push(g.chunk.get());
                    chunks.sort_back(g);
                }
            }
        }
        touched.sort_unstable();
        touched.dedup();
        for some in touched.chunks(SORTED_AT_ONCE) {
            let mut chunks = self.0.lock();
            for &index in some {
                chunks.all[index as usize].release();
            }
        }
        true
    }

    /// Shows each header in use to `visit`. Holds the slab's lock.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(GRef)) {
        let chunks = self.0.lock();
        for chunk in &chunks.all {
            chunk.for_each(&mut visit);
        }
    }

    /// The same with the lock held for some thousand headers at a time. Who comes or
    /// goes meanwhile may be shown or not.
    pub(crate) fn for_each_in_parts(&self, mut visit: impl FnMut(GRef)) {
        let mut first = 0;
        loop {
            let chunks = self.0.lock();
            let Some(rest) = chunks.all.get(first..).filter(|rest| !rest.is_empty()) else {
                return;
            };
            for chunk in rest.iter().take(SHOWN_AT_ONCE) {
                chunk.for_each(&mut visit);
            }
            first += SHOWN_AT_ONCE;
        }
    }

    /// Bytes of memory that headers take, in use or kept for later.
    pub(crate) fn bytes(&self) -> usize {
        let chunks = self.0.lock();
        let carved: usize = chunks.all.iter().map(|chunk| chunk.carved).sum();
        carved * size_of::<G>()
    }
}

impl Chunks {
    fn take(&mut self, count: usize, list: &mut List) -> io::Result<()> {
        if let Some(batch) = self.batches.pop() {
            self.fewest = self.fewest.min(self.batches.len());
            list.append(batch);
            return Ok(());
        }
        let mut left = count;
        let past = clock::now();
        while left > 0 {
            let Some(&index) = self.available.last() else {
                if left < count {
                    break;
                }
                self.map()?;
                continue;
            };
            let chunk = &mut self.all[index as usize];
            while left > 0 {
                let g = match chunk.free.pop_front() {
                    Some(g) => g,
                    None if chunk.carved < PER_CHUNK => chunk.carve(index, past),
                    None => break,
                };
                list.push_back(g);
                left -= 1;
            }
            if left > 0 {
                chunk.listed = false;
                self.available.pop();
            }
        }
        Ok(())
    }

    /// Puts a free header on its chunk's list.
    fn sort_back(&mut self, g: GRef) {
        let index = g.chunk.get();
        let chunk = &mut self.all[index as usize];
        chunk.free.push_front(g);
        if !chunk.listed {
            chunk.listed = true;
            self.available.push(index);
        }
    }

    #[cold]
    fn map(&mut self) -> io::Result<()> {
        // SAFETY: a new anonymous mapping.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                CHUNK * CHUNKS_PER_MAP,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let first = self.all.len();
        if first != 0 {
            // Thousands of goroutines: page faults cost more than memory.
            // SAFETY: advice about our own mapping.
            unsafe { libc::madvise(start, CHUNK * CHUNKS_PER_MAP, libc::MADV_HUGEPAGE) };
        }
        for index in 0..CHUNKS_PER_MAP {
            self.all.push(Chunk {
                // SAFETY: inside the mapping, which is not at address 0.
                start: unsafe { NonNull::new_unchecked(start.byte_add(index * CHUNK).cast()) },
                carved: 0,
                free: List::new(),
                listed: true,
            });
        }
        // From the last to the first, so that the first is taken first.
        self.available
            .extend((first..self.all.len()).rev().map(|index| index as u32));
        Ok(())
    }
}

impl Chunk {
    /// Shows each header in use.
    fn for_each(&self, visit: &mut impl FnMut(GRef)) {
        for index in 0..self.carved {
            // SAFETY: carved headers are initialised and type-stable.
            let g: GRef = unsafe { self.start.add(index).as_ref() };
            if g.state() != State::Free {
                visit(g);
            }
        }
    }

    fn carve(&mut self, index: u32, past: u64) -> GRef {
        // SAFETY: inside the chunk, whose memory is zero there: fresh from the
        // kernel, or given back by `release`. Zeros are a valid header, and this
        // memory stays a header for ever.
        let g: GRef = unsafe { self.start.add(self.carved).as_ref() };
        g.initialise(index, past);
        self.carved += 1;
        g
    }

    /// Gives the chunk's memory back, if no header in it is in use.
    fn release(&mut self) {
        if self.carved == 0 || self.free.len() != self.carved {
            return;
        }
        self.free = List::new();
        self.carved = 0;
        // SAFETY: the chunk's own pages; no header in it is in use, and a stale
        // reference only reads atomics, which may be zero.
        let result =
            unsafe { libc::madvise(self.start.as_ptr().cast(), CHUNK, libc::MADV_DONTNEED) };
        debug_assert_eq!(result, 0, "advice about our own pages");
    }
}
