//! Why a goroutine waits: one reason for each place that parks, in Go's words.

use std::fmt;

/// What a parked goroutine waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum WaitReason {
    /// A message: [`Receiver::recv`](crate::chan::Receiver::recv) and the like.
    ChannelReceive,
    /// A message that can never come: [`never`](crate::chan::never).
    ChannelReceiveNever,
    /// Somebody to take a message: [`Sender::send`](crate::chan::Sender::send).
    ChannelSend,
    /// [`JoinHandle::join`](crate::task::JoinHandle::join).
    Join,
    /// The end of a [`scope`](crate::scope).
    Scope,
    /// One of several channels: [`select!`](crate::chan::select).
    Select,
    /// A `select` that has nothing to wait for.
    SelectNoCases,
    /// [`sleep`](crate::sleep).
    Sleep,
}

impl WaitReason {
    /// The words that dumps use.
    pub fn as_str(self) -> &'static str {
        match self {
            WaitReason::ChannelReceive => "chan receive",
            WaitReason::ChannelReceiveNever => "chan receive (nil chan)",
            WaitReason::ChannelSend => "chan send",
            WaitReason::Join => "join",
            WaitReason::Scope => "scope",
            WaitReason::Select => "select",
            WaitReason::SelectNoCases => "select (no cases)",
            WaitReason::Sleep => "sleep",
        }
    }

    /// All reasons, by their number.
    const ALL: [WaitReason; 8] = [
        WaitReason::ChannelReceive,
        WaitReason::ChannelReceiveNever,
        WaitReason::ChannelSend,
        WaitReason::Join,
        WaitReason::Scope,
        WaitReason::Select,
        WaitReason::SelectNoCases,
        WaitReason::Sleep,
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
