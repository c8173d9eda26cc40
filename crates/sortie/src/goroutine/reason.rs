//! Why a goroutine waits: one reason for each place that parks, in Go's words.

use std::fmt;

/// What a parked goroutine waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum WaitReason {
    /// [`JoinHandle::join`](crate::task::JoinHandle::join).
    Join,
    /// The end of a [`scope`](crate::scope).
    Scope,
    /// [`sleep`](crate::sleep).
    Sleep,
}

impl WaitReason {
    /// The words that dumps use.
    pub fn as_str(self) -> &'static str {
        match self {
            WaitReason::Join => "join",
            WaitReason::Scope => "scope",
            WaitReason::Sleep => "sleep",
        }
    }

    /// All reasons, by their number.
    const ALL: [WaitReason; 3] = [WaitReason::Join, WaitReason::Scope, WaitReason::Sleep];

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
