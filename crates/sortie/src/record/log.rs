//! One writer of events.

use super::encode::{self, Kind, LONGEST};
use super::pool::{self, BLOCK, NO_MACHINE, Who};
use super::{SESSION, ticks};
use crate::base::atomic::{AtomicU32, Ordering};
use crate::base::lock::Lock;
use std::cell::Cell;
use std::ptr;

/// Bytes of text that an event has at most.
pub(crate) const LONGEST_TEXT: usize = 1024;

/// A machine's log, or that of all threads which are no machines. It is used by one
/// thread at a time.
#[derive(Debug)]
pub(crate) struct Log {
    /// Number of the block, and the session it belongs to, 0 if there is none.
    block: Cell<u32>,
    session: Cell<u32>,
    /// Where the next event goes, and where there is no room any more.
    at: Cell<*mut u8>,
    end: Cell<*mut u8>,
    length: Cell<*const AtomicU32>,
    /// The time of the last event, and the goroutine that was named last.
    ticks: Cell<u64>,
    goroutine: Cell<u64>,
}

// SAFETY: what it points at is never freed, and its own until it is given back.
unsafe impl Send for Log {}

/// Of threads that are no machines.
static SHARED: Lock<Log> = Lock::new(Log::new());

/// Writes an event on behalf of a thread that is no machine.
#[cold]
pub(crate) fn shared<const N: usize>(kind: Kind, fields: [Field; N], text: &[&str]) {
    let who = || Who {
        machine: NO_MACHINE,
        ..Who::default()
    };
    SHARED.lock().event(who, kind, fields, text);
}

/// A field of an event.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Field {
    /// A goroutine, by the difference to the last.
    Goroutine(u64),
    Number(u64),
}

impl Log {
    pub(crate) const fn new() -> Self {
        Log {
            block: Cell::new(0),
            session: Cell::new(0),
            at: Cell::new(ptr::null_mut()),
            end: Cell::new(ptr::null_mut()),
            length: Cell::new(ptr::null()),
            ticks: Cell::new(0),
            goroutine: Cell::new(0),
        }
    }

    /// Writes an event. `who` tells in which state it happens. Text follows the
    /// fields, whose last is its length.
    #[inline(always)]
    pub(crate) fn event<const N: usize>(
        &self,
        who: impl FnOnce() -> Who,
        kind: Kind,
        fields: [Field; N],
        text: &[&str],
    ) {
        const { assert!(N <= 3, "time and three more") };
        let room = LONGEST + text.iter().map(|part| part.len()).sum::<usize>();
        let left = (self.end.get() as usize).wrapping_sub(self.at.get() as usize);
        if (self.session.get() != SESSION.load(Ordering::Relaxed) || left < room)
            && !self.refill(who())
        {
            return;
        }
        let now = ticks::now().max(self.ticks.get()) & !0xf;
        let start = self.at.get();
        // SAFETY: there is room for the longest event, and its text; the block is
        // ours. The length is that of the block.
        unsafe {
            let (mut codes, length) = encode::field(start.add(2), (now - self.ticks.get()) >> 4);
            let mut at = start.add(2 + length);
            for (index, field) in fields.into_iter().enumerate() {
                let value = match field {
                    Field::Number(value) => value,
                    Field::Goroutine(id) => {
                        encode::zigzag(id.wrapping_sub(self.goroutine.replace(id)) as i64)
                    }
                };
                let (code, length) = encode::field(at, value);
                codes |= code << (2 * (index + 1));
                at = at.add(length);
            }
            start.write(kind as u8);
            start.add(1).write(codes);
            for part in text {
                at.copy_from_nonoverlapping(part.as_ptr(), part.len());
                at = at.add(part.len());
            }
            self.ticks.set(now);
            self.at.set(at);
            let length = BLOCK - (self.end.get() as usize - at as usize);
            // Release: who sees the length sees the bytes.
            (*self.length.get()).store(length as u32, Ordering::Release);
        }
    }

    /// Takes another block. Returns whether there is one.
    #[cold]
    #[inline(never)]
    fn refill(&self, who: Who) -> bool {
        let Some(pool) = pool::get() else {
            return false;
        };
        let old = (self.session.get() != 0).then(|| self.block.get());
        self.session.set(0);
        self.at.set(ptr::null_mut());
        self.end.set(ptr::null_mut());
        let Some((block, header)) = pool.exchange(old, who) else {
            return false;
        };
        let start = pool.start(block);
        self.block.set(block);
        self.session.set(header.session);
        self.at.set(start);
        // SAFETY: the end of the block.
        self.end.set(unsafe { start.add(BLOCK) });
        self.length.set(pool.length(block));
        self.ticks.set(header.ticks & !0xf);
        self.goroutine.set(header.who.goroutine);
        true
    }

    /// Gives the block back, because the writer will not write for long.
    pub(crate) fn close(&self) {
        if self.session.get() != 0
            && let Some(pool) = pool::get()
        {
            self.session.set(0);
            self.at.set(ptr::null_mut());
            self.end.set(ptr::null_mut());
            pool.give_back(self.block.get());
        }
    }
}

/// Text, cut to what an event may have.
pub(crate) fn cut(text: &str, longest: usize) -> &str {
    &text[..text.floor_char_boundary(longest)]
}
