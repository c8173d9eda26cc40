//! Cases, and the room for a message that one of them may receive.

use super::super::receiver::Receiver;
use super::super::sender::Sender;
use super::endpoint::Endpoint;
use crate::base::identity::Identity;
use std::alloc::{self, Layout};
use std::fmt;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

/// A case of a `select`: an operation on a channel, not done yet.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Case<'a> {
    pub(super) endpoint: &'a (dyn Endpoint + 'a),
    /// What the user calls it.
    pub(super) index: usize,
    /// Who made it: where messages may be dropped that are not `Send`.
    pub(super) maker: Identity,
    /// Whether a message does not fit into a room without more memory.
    is_large: bool,
}

impl<'a> Case<'a> {
    /// To receive.
    #[inline(always)]
    pub fn receive<T>(receiver: &'a Receiver<T>, index: usize) -> Self {
        Case {
            endpoint: receiver,
            index,
            maker: Identity::current(),
            is_large: const { Room::is_large(Layout::new::<T>()) },
        }
    }

    /// To send.
    #[inline(always)]
    pub fn send<T>(sender: &'a Sender<T>, index: usize) -> Self {
        Case {
            endpoint: sender,
            index,
            maker: Identity::current(),
            is_large: false,
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
    /// Memory that begins with its own layout; the message follows.
    heap: Option<NonNull<Layout>>,
}

impl Room {
    const HERE: usize = 64;

    const fn is_large(message: Layout) -> bool {
        message.size() > Room::HERE || message.align() > 16
    }

    /// Room for the messages of all cases, one at a time.
    #[inline(always)]
    pub(super) fn for_all(cases: &[Case<'_>]) -> Self {
        let is_large = cases.iter().any(|case| case.is_large);
        Room {
            here: MaybeUninit::uninit(),
            heap: is_large.then(|| Room::large(cases)),
        }
    }

    #[cold]
    #[inline(never)]
    fn large(cases: &[Case<'_>]) -> NonNull<Layout> {
        let messages = cases.iter().map(|case| case.endpoint.message());
        let (size, align) = messages.fold((0, 16), |(size, align), message| {
            (message.size().max(size), message.align().max(align))
        });
        let layout = Layout::from_size_align(Room::offset(align) + size, align)
            .expect("little more than one of the messages");
        // SAFETY: not of size 0, since the layout is in it.
        let at = unsafe { alloc::alloc(layout) }.cast::<Layout>();
        let Some(at) = NonNull::new(at) else {
            alloc::handle_alloc_error(layout);
        };
        // SAFETY: there is room for the layout, which is aligned to 16 at most.
        unsafe { at.write(layout) };
        at
    }

    /// Where the message is in memory that is aligned like that, behind the layout.
    const fn offset(align: usize) -> usize {
        assert!(size_of::<Layout>() <= 16 && align_of::<Layout>() <= 16);
        align
    }

    /// Where the message goes. Valid until the room is moved.
    #[inline(always)]
    pub(super) fn slot(&mut self) -> *mut () {
        match self.heap {
            // SAFETY: the layout was written there, and tells what there is behind it.
            Some(at) => unsafe { at.byte_add(Room::offset(at.read().align())).as_ptr().cast() },
            None => self.here.as_mut_ptr().cast(),
        }
    }
}

impl Drop for Room {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(at) = self.heap {
            // SAFETY: allocated with the layout that was written there.
            unsafe { alloc::dealloc(at.as_ptr().cast(), at.read()) };
        }
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Room").finish_non_exhaustive()
    }
}
