//! Why a context ended.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

/// What a context was ended with, beyond its error.
pub(super) type Cause = Arc<dyn Error + Send + Sync>;

/// Why a [`Context`](super::Context) ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContextError {
    /// It was cancelled: Go's `context.Canceled`.
    Canceled,
    /// Its deadline has passed: Go's `context.DeadlineExceeded`.
    DeadlineExceeded,
}

impl ContextError {
    /// Whether time ran out.
    pub fn is_timeout(&self) -> bool {
        matches!(self, ContextError::DeadlineExceeded)
    }
}

impl fmt::Display for ContextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            ContextError::Canceled => "context canceled",
            ContextError::DeadlineExceeded => "context deadline exceeded",
        })
    }
}

impl Error for ContextError {}

/// A deadline is an error of kind [`TimedOut`](io::ErrorKind::TimedOut). That a
/// context was cancelled is of kind [`Other`](io::ErrorKind::Other), and not
/// `Interrupted`, upon which std would try again.
impl From<ContextError> for io::Error {
    fn from(error: ContextError) -> Self {
        let kind = match error {
            ContextError::Canceled => io::ErrorKind::Other,
            ContextError::DeadlineExceeded => io::ErrorKind::TimedOut,
        };
        io::Error::new(kind, error)
    }
}

/// A cause as users give it.
pub(super) fn cause(error: impl Into<Box<dyn Error + Send + Sync>>) -> Cause {
    // One that came out of a context is not wrapped once more.
    match error.into().downcast::<Cause>() {
        Ok(cause) => *cause,
        Err(error) => Arc::from(error),
    }
}
