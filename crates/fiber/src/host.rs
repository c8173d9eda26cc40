//! The OS thread's side of a switch: whose block FS points at.
//!
//! A [`Host`] stands for an OS thread that runs fibers. Entering a fiber takes
//! two steps: [`board`](Host::board) makes the fiber's block current, then the
//! stack is switched. Coming back the stack is switched first, and FS stays the
//! fiber's until [`leave`](Host::leave) or the next `board`: going from fiber
//! to fiber costs one write of FS, not two.
//!
//! # Invariant
//! The thread words (see [`layout`](crate::layout)) are right in the block that
//! is current, and stale everywhere else. `board` and `leave` move them.
//!
//! # What may be done in between
//! While FS is a fiber's but the stack is the host's, code must not touch a
//! thread-local, and may call libc only if it does not mind using the fiber's
//! errno. Above all the fiber must not be published, that is, made resumable by
//! another thread, before its block has been left: two threads would share its
//! thread words.

use crate::error::Unsupported;
use crate::fs_base::Tcb;
use crate::layout::Layout;
use std::marker::PhantomData;

/// An OS thread, in one word: where its block is, and the kernel's id for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rider(u64);

impl Rider {
    /// Bits of an id: the kernel's are below 2^22.
    const ID_BITS: u32 = 22;

    pub(crate) const NOBODY: Rider = Rider(0);

    fn new(thread: Tcb, tid: i32) -> Self {
        // Blocks are aligned to 64, and addresses have 47 bits.
        Rider(((thread.address() as u64 >> 6) << Rider::ID_BITS) | tid as u64)
    }

    /// Its block.
    pub(crate) fn thread(self) -> Tcb {
        Tcb::at(((self.0 >> Rider::ID_BITS) << 6) as usize)
    }

    fn tid(self) -> i32 {
        (self.0 & ((1 << Rider::ID_BITS) - 1)) as i32
    }
}

/// An OS thread in its role of running fibers.
#[derive(Debug)]
pub struct Host {
    layout: &'static Layout,
    /// The block of the caller of `attach`: the OS thread, or a fiber on it.
    own: Tcb,
    /// The block that is current.
    current: Tcb,
    /// The OS thread below all fibers.
    rider: Rider,
    /// A host cannot leave its thread.
    not_send: PhantomData<*mut ()>,
}

impl Host {
    /// The calling OS thread, or the fiber that runs on it: fibers nest. A host
    /// that was attached on a fiber is void once that fiber has been suspended,
    /// since it may go on on another OS thread.
    ///
    /// # Errors
    /// [`Unsupported`] if the platform cannot run fibers.
    #[inline]
    pub fn attach() -> Result<Self, Unsupported> {
        let layout = Layout::get().map_err(Clone::clone)?;
        Ok(Host::with(layout))
    }

    #[inline]
    pub(crate) fn with(layout: &'static Layout) -> Self {
        let own = Tcb::current();
        Host {
            layout,
            own,
            current: own,
            rider: Rider::new(
                crate::raw::thread_below().unwrap_or(own),
                // SAFETY: the calling context's own block has a tid there.
                unsafe { own.field::<i32>(layout.tid).read() },
            ),
            not_send: PhantomData,
        }
    }

    /// The OS thread below all fibers.
    #[inline(always)]
    pub(crate) fn rider(&self) -> Rider {
        self.rider
    }

    #[inline(always)]
    pub(crate) fn layout(&self) -> &'static Layout {
        self.layout
    }

    /// Lets a block know the OS thread's id.
    ///
    /// # Safety
    /// As [`board`](Self::board).
    #[cold]
    pub(crate) unsafe fn introduce(&self, to: Tcb) {
        // SAFETY: a word of the block, which is ours.
        unsafe { to.field::<i32>(self.layout.tid).write(self.rider.tid()) };
    }

    /// Makes `to` current, taking the thread words along.
    ///
    /// # Safety
    /// - the caller is the thread that attached, with FS as this host left it;
    /// - `to` is the block of a live fiber that no other thread has current;
    /// - the calling function touches no thread-local.
    #[inline(always)]
    pub(crate) unsafe fn board(&mut self, to: Tcb) {
        // SAFETY: both blocks are of this layout, and ours alone while current.
        unsafe {
            move_thread_words(self.layout, self.current, to);
            self.layout.setter.set(to);
        }
        self.current = to;
    }

    /// Makes the OS thread's own block current again.
    ///
    /// # Safety
    /// - the caller is the thread that attached, with FS as this host left it;
    /// - the calling function touches no thread-local.
    #[inline(always)]
    pub unsafe fn leave(&mut self) {
        if self.current != self.own {
            // SAFETY: as this function's; the own block is nobody else's. The
            // thread's id has changed if the fiber forked and this is the child.
            unsafe {
                let tid = self.current.field::<i32>(self.layout.tid).read();
                if tid != self.rider.tid() {
                    self.rider = Rider::new(self.rider.thread(), tid);
                    self.introduce(self.own);
                }
                self.board(self.own);
            }
        }
    }
}

/// Takes the thread words along from one block to another.
///
/// # Safety
/// Both are blocks of `layout` that no other thread has current.
#[inline(always)]
pub(crate) unsafe fn move_thread_words(layout: &Layout, from: Tcb, to: Tcb) {
    for &offset in layout.thread_words() {
        // SAFETY: words of the two blocks.
        unsafe {
            to.field::<u64>(offset)
                .write(from.field::<u64>(offset).read())
        }
    }
}
