//! Why fibers cannot run on this machine, in a sentence.

use std::fmt;

/// The platform cannot give fibers thread-locals of their own.
///
/// Returned by [`check`](crate::check) and everything that needs fibers. It
/// names the check that failed and what was found; the library never guesses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    check: &'static str,
    found: String,
}

impl Unsupported {
    pub(crate) fn new(check: &'static str, found: impl Into<String>) -> Self {
        Unsupported {
            check,
            found: found.into(),
        }
    }

    /// The name of the check that failed.
    pub fn check(&self) -> &str {
        self.check
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "this platform cannot run fibers: check `{}` failed: {} \
             (needed: Linux on x86-64 with a dynamically linked glibc 2.34 or later)",
            self.check, self.found
        )
    }
}

impl std::error::Error for Unsupported {}

impl From<Unsupported> for std::io::Error {
    fn from(error: Unsupported) -> Self {
        std::io::Error::new(std::io::ErrorKind::Unsupported, error)
    }
}
