//! Blocks of memory for events, and where they are: with their writer, in the queue
//! for the file, kept by the flight recorder, or free.

use super::{SESSION, ticks};
use crate::base::atomic::{AtomicU32, AtomicU64, Ordering};
use crate::base::clock;
use crate::base::futex;
use crate::base::lock::{Guard, Lock};
use std::collections::VecDeque;
use std::io;
use std::ptr::{self, NonNull};
use std::sync::OnceLock;

/// Bytes of a block.
pub(crate) const BLOCK: usize = 32 * 1024;
/// How many there are: 32 MiB, of which only what is used becomes real memory.
pub(crate) const BLOCKS: usize = 1024;

/// Who writes a block, and in which state it began.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Who {
    /// The machine's index, or [`NO_MACHINE`].
    pub(crate) machine: u32,
    /// The kernel's thread id.
    pub(crate) thread: u32,
    /// The number of its processor plus 1, or 0.
    pub(crate) processor: u32,
    /// The goroutine that ran there, or 0.
    pub(crate) goroutine: u64,
}

/// Stands for threads that are no machines.
pub(crate) const NO_MACHINE: u32 = u32::MAX;

/// What is known about a block.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Header {
    pub(crate) who: Who,
    pub(crate) session: u32,
    /// When it began, by either clock.
    pub(crate) ticks: u64,
    pub(crate) nanoseconds: u64,
    /// Events that were dropped until then.
    pub(crate) lost: u64,
    /// When it was full.
    pub(crate) closed: u64,
    pub(crate) in_use: bool,
    /// Bytes that the file had before the block's writer was done with it.
    pub(crate) written: u32,
}

/// All blocks.
#[derive(Debug)]
pub(crate) struct Pool {
    memory: NonNull<u8>,
    lengths: Box<[AtomicU32]>,
    lists: Lock<Lists>,
    /// Events dropped since the start.
    lost: AtomicU64,
    /// Changes when there is something for the writer thread.
    pub(crate) word: AtomicU32,
}

// SAFETY: bytes of a block are written by its owner, and read up to its length.
unsafe impl Send for Pool {}
// SAFETY: as above.
unsafe impl Sync for Pool {}

/// What the lock protects.
#[derive(Debug)]
pub(crate) struct Lists {
    headers: Box<[Header]>,
    free: Vec<u32>,
    full: VecDeque<u32>,
    /// The one that was full and is being written.
    writing: Option<u32>,
    kept: VecDeque<u32>,
    /// The first session that the file wants.
    pub(crate) file: Option<u32>,
    /// The same, for the flight recorder.
    pub(crate) flight: Option<Keep>,
    last_session: u32,
}

/// What a flight recorder keeps.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keep {
    pub(crate) session: u32,
    /// Blocks younger than so many nanoseconds,
    pub(crate) age: u64,
    /// and so many at most.
    pub(crate) blocks: usize,
}

static POOL: OnceLock<Pool> = OnceLock::new();

/// The pool, if there is one.
pub(crate) fn get() -> Option<&'static Pool> {
    POOL.get()
}

/// The pool, made at the first call.
///
/// # Errors
/// If there is no address space.
pub(crate) fn prepare() -> io::Result<&'static Pool> {
    ticks::prepare();
    if POOL.get().is_none() {
        let _ = POOL.set(Pool::new()?);
    }
    Ok(POOL.get().expect("just made"))
}

impl Pool {
    fn new() -> io::Result<Self> {
        // SAFETY: new memory of nobody.
        let memory = unsafe {
            libc::mmap(
                ptr::null_mut(),
                BLOCK * BLOCKS,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Pool {
            memory: NonNull::new(memory.cast()).expect("mapped somewhere"),
            lengths: (0..BLOCKS).map(|_| AtomicU32::new(0)).collect(),
            lists: Lock::new(Lists {
                headers: vec![Header::default(); BLOCKS].into(),
                // The first is taken first.
                free: (0..BLOCKS as u32).rev().collect(),
                full: VecDeque::with_capacity(BLOCKS),
                writing: None,
                kept: VecDeque::with_capacity(BLOCKS),
                file: None,
                flight: None,
                last_session: 0,
            }),
            lost: AtomicU64::new(0),
            word: AtomicU32::new(0),
        })
    }

    pub(crate) fn lock(&self) -> Guard<'_, Lists> {
        self.lists.lock()
    }

    /// A block's memory.
    pub(super) fn start(&self, block: u32) -> *mut u8 {
        // SAFETY: within the mapping.
        unsafe { self.memory.as_ptr().add(block as usize * BLOCK) }
    }

    pub(super) fn length(&self, block: u32) -> &AtomicU32 {
        &self.lengths[block as usize]
    }

    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// The bytes of a block that have been written.
    ///
    /// # Safety
    /// It does not change hands meanwhile: the lists are locked, or the caller has
    /// taken it out of them.
    pub(crate) unsafe fn bytes(&self, block: u32) -> &[u8] {
        let length = self.length(block).load(Ordering::Acquire) as usize;
        // SAFETY: as this function's; bytes before the length do not change.
        unsafe { std::slice::from_raw_parts(self.start(block), length) }
    }

    /// Gives a writer another block for the one it has. `None` if there is none, or
    /// nobody records any more; in the first case an event is lost.
    pub(super) fn exchange(&self, old: Option<u32>, who: Who) -> Option<(u32, Header)> {
        let mut wake = false;
        let result = {
            let mut lists = self.lists.lock();
            if let Some(old) = old {
                wake = lists.finish(self, old);
            }
            let session = SESSION.load(Ordering::Relaxed);
            let block = (session != 0).then(|| lists.take()).flatten();
            if session != 0 && block.is_none() {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
            block.map(|block| {
                self.length(block).store(0, Ordering::Relaxed);
                let header = Header {
                    who,
                    session,
                    ticks: ticks::now(),
                    nanoseconds: clock::now(),
                    lost: self.lost(),
                    closed: 0,
                    in_use: true,
                    written: 0,
                };
                lists.headers[block as usize] = header;
                (block, header)
            })
        };
        if wake {
            self.wake_writer();
        }
        result
    }

    /// Takes a block back from a writer that wants no other.
    pub(super) fn give_back(&self, block: u32) {
        if self.lists.lock().finish(self, block) {
            self.wake_writer();
        }
    }

    /// Lets the writer thread look.
    pub(crate) fn wake_writer(&self) {
        self.word.fetch_add(1, Ordering::Release);
        futex::wake_one(&self.word);
    }
}

impl Lists {
    /// Begins a new session, and thereby a new block of everybody.
    pub(crate) fn begin_session(&mut self) -> u32 {
        self.last_session = self.last_session.wrapping_add(1).max(1);
        SESSION.store(self.last_session, Ordering::SeqCst);
        self.last_session
    }

    /// Nobody records any more if nobody wants to.
    pub(crate) fn end_session(&mut self) {
        if self.file.is_none() && self.flight.is_none() {
            SESSION.store(0, Ordering::SeqCst);
        }
    }

    fn take(&mut self) -> Option<u32> {
        self.free.pop().or_else(|| self.kept.pop_front())
    }

    /// A block's writer is done with it. Returns whether the file wants it.
    fn finish(&mut self, pool: &Pool, block: u32) -> bool {
        let header = &mut self.headers[block as usize];
        header.in_use = false;
        header.closed = clock::now();
        let length = pool.length(block).load(Ordering::Relaxed);
        let empty = length == 0;
        let is_known = header.written != 0;
        if is_known && header.written != length {
            // Its writer was in the middle of an event when the file got the others.
            pool.lost.fetch_add(1, Ordering::Relaxed);
        }
        let wanted = !empty && !is_known && self.file.is_some_and(|first| header.session >= first);
        if wanted {
            self.full.push_back(block);
        } else {
            self.written(block, empty);
        }
        wanted
    }

    /// The file does not need a block, or no more: it is kept, or free.
    pub(crate) fn written(&mut self, block: u32, empty: bool) {
        if self.writing == Some(block) {
            self.writing = None;
        }
        let session = self.headers[block as usize].session;
        match self.flight {
            Some(keep) if session >= keep.session && !empty => {
                self.kept.push_back(block);
                let oldest = clock::now().saturating_sub(keep.age);
                while let Some(&first) = self.kept.front()
                    && (self.kept.len() > keep.blocks
                        || self.headers[first as usize].closed < oldest)
                {
                    self.kept.pop_front();
                    self.free.push(first);
                }
            }
            _ => self.free.push(block),
        }
    }

    /// Frees what the flight recorder has kept.
    pub(crate) fn forget_kept(&mut self) {
        self.free.extend(self.kept.drain(..));
    }

    /// A full block for the file.
    pub(crate) fn next_full(&mut self) -> Option<(u32, Header)> {
        let block = self.full.pop_front()?;
        self.writing = Some(block);
        Some((block, self.headers[block as usize]))
    }

    /// What is in the blocks of writers who have had nothing to tell since the session
    /// began, if the file does not have it. It counts as written.
    pub(crate) fn take_idle(&mut self, pool: &Pool) -> Vec<(Header, Vec<u8>)> {
        let mut idle = Vec::new();
        let Some(first) = self.file else { return idle };
        for (block, header) in self.headers.iter_mut().enumerate() {
            let sessions = first..self.last_session;
            if header.in_use && header.written == 0 && sessions.contains(&header.session) {
                // SAFETY: the lists are locked.
                let bytes = unsafe { pool.bytes(block as u32) };
                header.written = bytes.len() as u32;
                if !bytes.is_empty() {
                    idle.push((*header, bytes.to_vec()));
                }
            }
        }
        idle
    }

    /// What the flight recorder has kept, and will have.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (u32, Header)> {
        let with_header = |&block: &u32| (block, self.headers[block as usize]);
        let to_keep = self.writing.iter().chain(&self.full);
        self.kept.iter().chain(to_keep).map(with_header)
    }

    /// Blocks that are with their writers, of a session or later ones, whose bytes the file
    /// has not got by [`take_idle`](Self::take_idle).
    pub(crate) fn not_written(&self, session: u32) -> impl Iterator<Item = (u32, Header)> {
        self.in_use(session)
            .filter(|(_, header)| header.written == 0)
    }

    /// Blocks that are with their writers, of a session or later ones.
    pub(crate) fn in_use(&self, session: u32) -> impl Iterator<Item = (u32, Header)> {
        let all = self.headers.iter().enumerate();
        all.filter(move |(_, header)| header.in_use && header.session >= session)
            .map(|(block, header)| (block as u32, *header))
    }
}
