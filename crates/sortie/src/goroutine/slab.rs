//! Where headers come from.
//!
//! Chunks of headers, each with its own list of free ones. Processors take and
//! give headers in batches and keep a cache; see `sched`. The memory of chunks
//! that are wholly free is given back on [`Slab::trim`], but its addresses stay
//! reserved for headers: reading a stale one finds zeros, which no open wait
//! has for a ticket.

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

/// All headers of a runtime.
#[derive(Debug)]
pub(crate) struct Slab(Lock<Chunks>);

#[derive(Debug)]
struct Chunks {
    all: Vec<Chunk>,
    /// Chunks with free or unused headers.
    available: Vec<u32>,
}

#[derive(Debug)]
struct Chunk {
    start: NonNull<G>,
    /// Headers in use or free; those behind were never used.
    carved: usize,
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
            available: Vec::new(),
        }))
    }

    /// Adds up to `count` headers to `list`, at least one.
    ///
    /// # Errors
    /// If there is no memory.
    pub(crate) fn take(&self, count: usize, list: &mut List) -> io::Result<()> {
        self.0.lock().take(count, list)
    }

    /// Returns free headers.
    pub(crate) fn give(&self, list: List) {
        let mut chunks = self.0.lock();
        for g in list {
            let index = g.chunk.get();
            let chunk = &mut chunks.all[index as usize];
            chunk.free.push_front(g);
            if !chunk.listed {
                chunk.listed = true;
                chunks.available.push(index);
            }
        }
    }

    /// Gives the memory of wholly free chunks back to the system. Returns how
    /// many there were.
    pub(crate) fn trim(&self) -> usize {
        let mut chunks = self.0.lock();
        let mut count = 0;
        for chunk in &mut chunks.all {
            if chunk.carved == 0 || chunk.free.len() != chunk.carved {
                continue;
            }
            chunk.free = List::new();
            chunk.carved = 0;
            count += 1;
            // SAFETY: the chunk's own pages; no header in it is in use, and a
            // stale reference only reads atomics, which may be zero.
            let result = unsafe {
                libc::madvise(chunk.start.as_ptr().cast(), CHUNK, libc::MADV_DONTNEED)
            };
            debug_assert_eq!(result, 0, "advice about our own pages");
        }
        count
    }

    /// Shows each header in use to `visit`. Holds the slab's lock.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(GRef)) {
        let chunks = self.0.lock();
        for chunk in &chunks.all {
            for index in 0..chunk.carved {
                // SAFETY: carved headers are initialised and type-stable.
                let g: GRef = unsafe { chunk.start.add(index).as_ref() };
                if g.state() != State::Free {
                    visit(g);
                }
            }
        }
    }
}

impl Chunks {
    fn take(&mut self, count: usize, list: &mut List) -> io::Result<()> {
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
        // From the last to the first, so that the first is taken first.
        let first = self.all.len();
        for index in 0..CHUNKS_PER_MAP {
            self.all.push(Chunk {
                // SAFETY: inside the mapping, which is not at address 0.
                start: unsafe { NonNull::new_unchecked(start.byte_add(index * CHUNK).cast()) },
                carved: 0,
                free: List::new(),
                listed: true,
            });
        }
        self.available
            .extend((first..self.all.len()).rev().map(|index| index as u32));
        Ok(())
    }
}

impl Chunk {
    fn carve(&mut self, index: u32, past: u64) -> GRef {
        // SAFETY: inside the chunk, whose memory is zero there: fresh from the
        // kernel, or given back by `trim`. Zeros are a valid header, and this
        // memory stays a header for ever.
        let g: GRef = unsafe { self.start.add(self.carved).as_ref() };
        g.initialise(index, past);
        self.carved += 1;
        g
    }
}
