//! The words of a goroutine's header that are a protocol.

#[path = "../../../crates/sortie/src/goroutine/claim.rs"]
pub(crate) mod claim;
#[path = "../../../crates/sortie/src/goroutine/join_word.rs"]
pub(crate) mod join_word;

/// As the runtime's, as far as the models have them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum WaitReason {
    ChannelReceive,
    ChannelReceiveNever,
    ChannelSend,
    IoWait,
    Join,
    MutexLock,
    Once,
    RwLockRead,
    RwLockWrite,
    Select,
    SelectNoCases,
    Semaphore,
    WaitGroup,
}

/// No caller is a goroutine.
pub(crate) mod current {
    use crate::base::atomic::AtomicU64;

    #[derive(Debug)]
    pub(crate) struct Goroutine {
        pub(crate) id: AtomicU64,
    }

    pub(crate) fn current() -> Option<&'static Goroutine> {
        None
    }
}
