//! Cases, and the room for a message that one of them may receive.

use super::super::receiver::Receiver;
use super::super::sender::Sender;
use super::super::wait::{Kind, Node, Wait};
use super::endpoint::Endpoint;
use std::alloc::{self, Layout};
use std::fmt;
use std::mem::MaybeUninit;
use std::ptr;

/// A case of a `select`: an operation on a channel, not done yet.
#[doc(hidden)]
pub struct Case<'a> {
    pub(super) endpoint: &'a (dyn Endpoint + 'a),
    /// What a message needs of the slot.
    message: Layout,
    /// Address of the half, to tell mistakes.
    pub(super) half: *const (),
    /// What the user calls it.
    pub(super) index: usize,
    pub(super) node: Node,
    /// The thread that made it, where messages may be dropped that are not `Send`.
    pub(super) maker: *const (),
}

/// Something that tells the threads that are alive from each other.
pub(super) fn this_thread() -> *const () {
    thread_local! {
        static HERE: u8 = const { 0 };
    }
    HERE.with(|here| ptr::from_ref(here).cast())
}

impl<'a> Case<'a> {
    #[inline]
    fn new<E: Endpoint + 'a>(endpoint: &'a E, index: usize, message: Layout) -> Self {
        Case {
            endpoint,
            message,
            half: ptr::from_ref(endpoint).cast(),
            index,
            node: Node::unused(),
            maker: this_thread(),
        }
    }

    /// To receive.
    pub fn receive<T>(receiver: &'a Receiver<T>, index: usize) -> Self {
        Case::new(receiver, index, Layout::new::<T>())
    }

    /// To send.
    pub fn send<T>(sender: &'a Sender<T>, index: usize) -> Self {
        Case::new(sender, index, Layout::new::<()>())
    }

    /// The node for a wait.
    pub(super) fn prepare(&mut self, kind: Kind, slot: *mut (), wait: &Wait, position: usize) {
        self.node = Node::new(kind, slot, wait, position);
    }
}

impl Clone for Case<'_> {
    fn clone(&self) -> Self {
        Case {
            node: Node::unused(),
            ..*self
        }
    }
}

impl fmt::Debug for Case<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

/// Room for a message whose type is known to the case only: here, or, if it is
/// large, on the heap.
pub(super) struct Room {
    here: MaybeUninit<[u128; Room::HERE / 16]>,
    heap: Option<(*mut (), Layout)>,
}

impl Room {
    const HERE: usize = 64;

    /// Room for the messages of all cases, one at a time.
    #[inline]
    pub(super) fn for_all(cases: &[Case<'_>]) -> Self {
        let mut heap = None;
        let all = cases
            .iter()
            .map(|case| case.message)
            .filter(|layout| layout.size() > Room::HERE || layout.align() > 16)
            .reduce(|one, other| {
                let size = one.size().max(other.size());
                let align = one.align().max(other.align());
                Layout::from_size_align(size, align).expect("as large as one of them")
            });
        if let Some(layout) = all {
            // SAFETY: not of size 0: aligned to more than 16, or larger than 64.
            let at = unsafe { alloc::alloc(layout.pad_to_align()) };
            if at.is_null() {
                alloc::handle_alloc_error(layout);
            }
            heap = Some((at.cast(), layout.pad_to_align()));
        }
        Room {
            here: MaybeUninit::uninit(),
            heap,
        }
    }

    /// Where the message goes. Valid until the room is moved.
    #[inline]
    pub(super) fn slot(&mut self) -> *mut () {
        match self.heap {
            Some((at, _)) => at,
            None => self.here.as_mut_ptr().cast(),
        }
    }
}

impl Drop for Room {
    #[inline]
    fn drop(&mut self) {
        if let Some((at, layout)) = self.heap {
            // SAFETY: allocated with this layout.
            unsafe { alloc::dealloc(at.cast(), layout) };
        }
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Room").finish_non_exhaustive()
    }
}
