//! Why a goroutine waits: one reason for each place that parks, in Go's words.

use std::fmt;

/// What a parked goroutine waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum WaitReason {
    /// Enough others: [`Barrier::wait`](crate::sync::Barrier::wait).
    Barrier,
    /// A message: [`Receiver::recv`](crate::chan::Receiver::recv) and the like.
    ChannelReceive,
    /// A message that can never come: [`never`](crate::chan::never).
    ChannelReceiveNever,
    /// Somebody to take a message: [`Sender::send`](crate::chan::Sender::send).
    ChannelSend,
    /// A notification: [`Condvar::wait`](crate::sync::Condvar::wait).
    CondWait,
    /// The end of an [`ErrGroup`](crate::sync::ErrGroup).
    ErrGroup,
    /// A socket that has something to read, or room to write: [`net`](crate::net).
    IoWait,
    /// [`JoinHandle::join`](crate::task::JoinHandle::join).
    Join,
    /// A [`Mutex`](crate::sync::Mutex) that somebody else holds.
    MutexLock,
    /// The end of an initialisation: [`Once`](crate::sync::Once), `OnceLock`, `LazyLock`.
    Once,
    /// To read what an [`RwLock`](crate::sync::RwLock) protects.
    RwLockRead,
    /// To write what an [`RwLock`](crate::sync::RwLock) protects.
    RwLockWrite,
    /// The end of a [`scope`](crate::scope).
    Scope,
    /// One of several channels: [`select!`](crate::chan::select).
    Select,
    /// A `select` that has nothing to wait for.
    SelectNoCases,
    /// Permits of a [`Semaphore`](crate::sync::Semaphore), or room in an
    /// [`ErrGroup`](crate::sync::ErrGroup) that has a limit.
    Semaphore,
    /// Another's call of the same key: [`SingleFlight`](crate::sync::SingleFlight).
    SingleFlight,
    /// [`sleep`](crate::sleep).
    Sleep,
    /// The end of a [`WaitGroup`](crate::sync::WaitGroup).
    WaitGroup,
}

impl WaitReason {
    /// The words that dumps use.
    pub fn as_str(self) -> &'static str {
        match self {
            WaitReason::Barrier => "sync.Barrier.Wait",
            WaitReason::ChannelReceive => "chan receive",
            WaitReason::ChannelReceiveNever => "chan receive (nil chan)",
            WaitReason::ChannelSend => "chan send",
            WaitReason::CondWait => "sync.Cond.Wait",
            WaitReason::ErrGroup => "errgroup.Group.Wait",
            WaitReason::IoWait => "IO wait",
            WaitReason::Join => "join",
            WaitReason::MutexLock => "sync.Mutex.Lock",
            WaitReason::Once => "sync.Once.Do",
            WaitReason::RwLockRead => "sync.RWMutex.RLock",
            WaitReason::RwLockWrite => "sync.RWMutex.Lock",
            WaitReason::Scope => "scope",
            WaitReason::Select => "select",
            WaitReason::SelectNoCases => "select (no cases)",
            WaitReason::Semaphore => "semacquire",
            WaitReason::SingleFlight => "singleflight.Group.Do",
            WaitReason::Sleep => "sleep",
            WaitReason::WaitGroup => "sync.WaitGroup.Wait",
        }
    }

    /// All reasons, by their number.
    const ALL: [WaitReason; 19] = [
        WaitReason::Barrier,
        WaitReason::ChannelReceive,
        WaitReason::ChannelReceiveNever,
        WaitReason::ChannelSend,
        WaitReason::CondWait,
        WaitReason::ErrGroup,
        WaitReason::IoWait,
        WaitReason::Join,
        WaitReason::MutexLock,
        WaitReason::Once,
        WaitReason::RwLockRead,
        WaitReason::RwLockWrite,
        WaitReason::Scope,
        WaitReason::Select,
        WaitReason::SelectNoCases,
        WaitReason::Semaphore,
        WaitReason::SingleFlight,
        WaitReason::Sleep,
        WaitReason::WaitGroup,
    ];

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

impl fmt::Display for WaitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lead_back_to_reasons() {
        for (number, reason) in WaitReason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, number);
            assert_eq!(WaitReason::from_number(number as u8), Some(reason));
        }
        assert_eq!(WaitReason::from_number(WaitReason::ALL.len() as u8), None);
    }
}
