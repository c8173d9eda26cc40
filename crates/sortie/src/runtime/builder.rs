//! Settings, and starting with them.

use super::environment::Environment;
use super::start;
use crate::observe;
use crate::sched::config::{Config, Hooks};
use sortie_fiber::Unsupported;
use std::fmt;
use std::io;

/// What becomes of a panic in a goroutine that nobody joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum PanicPolicy {
    /// The goroutine ends, as a thread of std would; the message was printed.
    #[default]
    Catch,
    /// The process ends with status 2, as Go's does. A panic counts as joined
    /// once [`join`](crate::task::JoinHandle::join) returned it, so this happens
    /// when the handle is gone and the goroutine has panicked, whichever is last.
    Exit,
}

/// The runtime did not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// It runs already, with other settings.
    AlreadyStarted,
    /// The platform cannot run goroutines.
    Unsupported(Unsupported),
    /// A setting makes no sense: its name, and what is wrong.
    Invalid(&'static str, String),
    /// The system refused something.
    Io(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::AlreadyStarted => f.write_str(
                "the runtime runs already: `Builder::start` must come before anything else",
            ),
            StartError::Unsupported(error) => error.fmt(f),
            StartError::Invalid(name, problem) => write!(f, "{name}: {problem}"),
            StartError::Io(error) => write!(f, "the runtime cannot start: {error}"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StartError::Unsupported(error) => Some(error),
            StartError::Io(error) => Some(error),
            StartError::AlreadyStarted | StartError::Invalid(..) => None,
        }
    }
}

impl From<StartError> for io::Error {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Io(error) => error,
            StartError::Unsupported(error) => error.into(),
            other => io::Error::new(io::ErrorKind::InvalidInput, other),
        }
    }
}

/// Settings of the runtime. What is said here is stronger than the environment.
///
/// # Examples
/// ```
/// sortie::runtime::Builder::new()
///     .max_procs(2)
///     .stack_size(512 * 1024)
///     .start()?;
/// assert_eq!(sortie::runtime::max_procs(), 2);
/// # Ok::<(), sortie::runtime::StartError>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until its `start` is called"]
pub struct Builder {
    max_procs: Option<usize>,
    stack_size: Option<usize>,
    max_threads: Option<usize>,
    panic: PanicPolicy,
    seed: Option<u64>,
}

impl Builder {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of processors: GOMAXPROCS. Default: the number of CPUs that the
    /// affinity mask and cgroup quota allow, followed while running. If it is set, goroutines
    /// that compute for long use no more CPUs than this either: see
    /// [`set_max_procs`](super::set_max_procs#goroutines-that-compute).
    pub fn max_procs(mut self, count: usize) -> Self {
        self.max_procs = Some(count);
        self
    }

    /// Bytes of a goroutine's stack. Only address space until used; default
    /// 256 KiB.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// How many OS threads may run goroutines; the process ends if more are
    /// blocked. Default 10 000.
    pub fn max_threads(mut self, count: usize) -> Self {
        self.max_threads = Some(count);
        self
    }

    /// What becomes of panics that nobody joins.
    pub fn panic(mut self, policy: PanicPolicy) -> Self {
        self.panic = policy;
        self
    }

    /// Seed of the scheduler's random choices. Default: the time.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Starts the runtime.
    ///
    /// # Errors
    /// If it runs already, the platform cannot run goroutines, a setting makes no
    /// sense, here or in the environment, or the system refuses something.
    pub fn start(self) -> Result<(), StartError> {
        start::start(self)
    }

    /// Checks and completes the settings.
    pub(super) fn config(self, environment: &Environment) -> Result<Config, StartError> {
        let mut config = Config::new(Hooks {
            quit: observe::dump::quit,
            trace: observe::schedtrace::print,
            deadlock: observe::dump::deadlock,
        });
        config.max_procs = self.max_procs.or(environment.max_procs);
        if config.max_procs == Some(0) {
            return Err(StartError::Invalid(
                "max_procs",
                "must be 1 at least".into(),
            ));
        }
        if let Some(size) = self.stack_size.or(environment.stack_size) {
            config.stack_size = size;
        }
        if let Some(count) = self.max_threads {
            if count == 0 {
                return Err(StartError::Invalid(
                    "max_threads",
                    "must be 1 at least".into(),
                ));
            }
            config.max_threads = count;
        }
        config.exit_on_panic = self.panic == PanicPolicy::Exit;
        config.seed = self.seed.unwrap_or(config.seed);
        config.schedtrace = environment.schedtrace;
        Ok(config)
    }
}
