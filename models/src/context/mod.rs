//! Nodes of contexts: the real files, and what they need of the others.

#[path = "../../../crates/sortie/src/context/end.rs"]
mod end;
#[path = "../../../crates/sortie/src/context/list.rs"]
#[allow(dead_code, reason = "tests of the runtime's look at all items")]
mod list;
#[path = "../../../crates/sortie/src/context/node.rs"]
#[allow(dead_code, reason = "some of it is for who prints contexts")]
mod node;
mod protocol;
#[path = "../../../crates/sortie/src/context/state.rs"]
mod state;

pub(crate) use context::Context;
pub(crate) use error::ContextError;

/// Contexts without values.
#[expect(clippy::module_inception, reason = "the type has this name")]
mod context {
    use super::error::ContextError;
    use super::node::NodeRef;
    use crate::protocol::Watched;

    /// `None` never ends.
    #[derive(Debug, Default)]
    pub(crate) struct Context(Option<NodeRef>, Seen);

    /// Looked at by who looks at a context, and changed when that is dropped: so loom
    /// notices if a node is freed that somebody may be using.
    #[derive(Debug, Default)]
    struct Seen(Watched<()>);

    impl Drop for Seen {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                self.0.change(|()| ());
            }
        }
    }

    impl Clone for Context {
        fn clone(&self) -> Self {
            Context(self.0.clone(), Seen::default())
        }
    }

    impl Context {
        pub(super) fn of(node: NodeRef) -> Self {
            Context(Some(node), Seen::default())
        }

        pub(super) fn node(&self) -> Option<&NodeRef> {
            self.1.0.look(|()| ());
            self.0.as_ref()
        }

        pub(super) fn release(self) {
            let mut next = Some(self);
            while let Some(Context(node, seen)) = next {
                drop(seen);
                next = node.and_then(NodeRef::into_parent);
            }
        }

        /// For locks, of whose models none has contexts.
        pub(crate) fn err(&self) -> Option<ContextError> {
            self.0.as_ref()?.error()
        }
    }
}

mod error {
    use std::sync::Arc;

    pub(super) type Cause = Arc<&'static str>;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum ContextError {
        Canceled,
        DeadlineExceeded,
    }
}

/// What a context that ended before somebody asked has as its channel. Models look at
/// the node instead.
mod closed {
    use crate::chan::{Receiver, never};
    use std::convert::Infallible;

    pub(super) fn closed() -> &'static Receiver<Infallible> {
        static NEVER: Receiver<Infallible> = never();
        &NEVER
    }
}

/// Functions, of which there are none.
mod after {
    use super::list::{Linked, Links};

    pub(super) struct Record(Links<Record>);

    impl Linked for Record {
        fn links(&self) -> &Links<Self> {
            &self.0
        }
    }

    impl Record {
        pub(super) fn start(&self) {
            unreachable!("no model has functions");
        }
    }
}

/// Alarms that ring when a model lets them. As in the runtime they know their node, which
/// they do not own, until they are retired.
mod alarm {
    use super::end::end;
    use super::error::ContextError;
    use super::node::{Node, NodeRef};
    use crate::base::atomic::known;
    use crate::base::lock::Lock;
    use crate::time::Instant;
    use std::panic::Location;
    use std::ptr::NonNull;
    use std::sync::Arc;

    #[derive(Debug)]
    pub(super) struct Alarm {
        deadline: Instant,
        node: Lock<Option<NonNull<Node>>>,
    }

    // SAFETY: as the runtime's.
    unsafe impl Send for Alarm {}
    // SAFETY: as above.
    unsafe impl Sync for Alarm {}

    #[derive(Debug, Clone, Copy)]
    pub(super) struct Due(Option<NonNull<Alarm>>);

    impl Due {
        pub(super) const NEVER: Due = Due(None);

        pub(super) fn at(
            deadline: Instant,
            node: NonNull<Node>,
            _: &'static Location<'static>,
        ) -> Due {
            let node = Lock::new(Some(node));
            let alarm = Arc::new(known(Alarm { deadline, node }));
            Due(NonNull::new(Arc::into_raw(alarm).cast_mut()))
        }

        /// # Safety
        /// As the runtime's.
        pub(super) unsafe fn deadline(&self) -> Option<Instant> {
            // SAFETY: as this function's.
            self.0.map(|alarm| unsafe { alarm.as_ref().deadline })
        }

        /// # Safety
        /// As the runtime's.
        pub(super) unsafe fn set(&self) {}

        /// # Safety
        /// As the runtime's.
        pub(super) unsafe fn retire(&self) {
            // SAFETY: as this function's.
            unsafe { *self.0.unwrap().as_ref().node.lock() = None };
        }

        /// # Safety
        /// As the runtime's.
        pub(super) unsafe fn is_set(&self) -> bool {
            unreachable!("tests of the runtime's look at alarms")
        }

        /// # Safety
        /// As the runtime's.
        pub(super) unsafe fn free(self) {
            // SAFETY: as this function's.
            drop(unsafe { Arc::from_raw(self.0.unwrap().as_ptr()) });
        }

        /// What lets it ring.
        ///
        /// # Safety
        /// It is that of a node that is there.
        pub(super) unsafe fn bell(&self) -> Arc<Alarm> {
            let alarm = self.0.unwrap().as_ptr().cast_const();
            // SAFETY: as this function's.
            unsafe {
                Arc::increment_strong_count(alarm);
                Arc::from_raw(alarm)
            }
        }
    }

    impl Alarm {
        pub(super) fn ring(&self) {
            let node = self.node.lock();
            // SAFETY: as the runtime's.
            let found = node.and_then(|node| unsafe { NodeRef::acquire(node) });
            drop(node);
            if let Some(node) = found {
                // It is there.
                let _ = node.parent.node();
                end(
                    &node,
                    ContextError::DeadlineExceeded,
                    node.cause_when_late(),
                );
            }
        }
    }
}
