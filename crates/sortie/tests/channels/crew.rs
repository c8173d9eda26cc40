//! Who uses a channel, and which: the two axes of the matrix.

use sortie::chan::{Receiver, Sender, bounded, unbounded};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

/// A kind of channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    Bounded(usize),
    Unbounded,
}

impl Flavour {
    pub(crate) const ALL: [Flavour; 4] = [
        Flavour::Bounded(0),
        Flavour::Bounded(1),
        Flavour::Bounded(7),
        Flavour::Unbounded,
    ];

    pub(crate) fn make<T>(self) -> (Sender<T>, Receiver<T>) {
        match self {
            Flavour::Bounded(capacity) => bounded(capacity),
            Flavour::Unbounded => unbounded(),
        }
    }

    pub(crate) fn capacity(self) -> Option<usize> {
        match self {
            Flavour::Bounded(capacity) => Some(capacity),
            Flavour::Unbounded => None,
        }
    }

    /// How many messages a test may put into it without a receiver.
    pub(crate) fn room(self) -> usize {
        self.capacity().unwrap_or(100)
    }
}

/// Who does the work of a test.
pub(crate) trait Crew: 'static {
    /// Runs the test itself.
    fn run(test: impl FnOnce() + Send);

    /// Starts somebody.
    fn spawn<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Member<T>;

    /// Lets others run.
    fn pause();
}

/// Somebody who was started.
pub(crate) enum Member<T> {
    Goroutine(sortie::task::JoinHandle<T>),
    Thread(thread::JoinHandle<T>),
}

impl<T> Member<T> {
    /// What it returned.
    #[track_caller]
    pub(crate) fn join(self) -> T {
        let result = match self {
            Member::Goroutine(handle) => handle.join(),
            Member::Thread(handle) => handle.join(),
        };
        result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// All are goroutines.
pub(crate) struct Goroutines;

/// All are plain threads.
pub(crate) struct Threads;

/// The test is a plain thread; every second whom it starts is a goroutine.
pub(crate) struct Mixed;

impl Crew for Goroutines {
    fn run(test: impl FnOnce() + Send) {
        sortie::run(test);
    }

    fn spawn<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Member<T> {
        Member::Goroutine(sortie::go(f))
    }

    fn pause() {
        sortie::yield_now();
    }
}

impl Crew for Threads {
    fn run(test: impl FnOnce() + Send) {
        test();
    }

    fn spawn<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Member<T> {
        Member::Thread(thread::spawn(f))
    }

    fn pause() {
        thread::yield_now();
    }
}

impl Crew for Mixed {
    fn run(test: impl FnOnce() + Send) {
        test();
    }

    fn spawn<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Member<T> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        match COUNT.fetch_add(1, Relaxed) % 2 {
            0 => Goroutines::spawn(f),
            _ => Threads::spawn(f),
        }
    }

    fn pause() {
        if sortie::task::current().is_some() {
            sortie::yield_now();
        } else {
            thread::yield_now();
        }
    }
}

/// Makes each of these functions, which are generic over the crew and take the
/// flavour, a test for every crew and flavour.
macro_rules! matrix {
    ($($case:ident),* $(,)?) => {
        $crate::crew::matrix_of_crews!([$($case)*]);
    };
}

macro_rules! matrix_of_crews {
    ($cases:tt) => {
        mod goroutines {
            $crate::crew::matrix_of_flavours!(Goroutines $cases);
        }
        mod threads {
            $crate::crew::matrix_of_flavours!(Threads $cases);
        }
        mod mixed {
            $crate::crew::matrix_of_flavours!(Mixed $cases);
        }
    };
}

macro_rules! matrix_of_flavours {
    ($crew:ident $cases:tt) => {
        mod bounded_0 {
            $crate::crew::matrix_of_cases!($crew (Flavour::Bounded(0)) $cases);
        }
        mod bounded_1 {
            $crate::crew::matrix_of_cases!($crew (Flavour::Bounded(1)) $cases);
        }
        mod bounded_7 {
            $crate::crew::matrix_of_cases!($crew (Flavour::Bounded(7)) $cases);
        }
        mod unbounded {
            $crate::crew::matrix_of_cases!($crew (Flavour::Unbounded) $cases);
        }
    };
}

macro_rules! matrix_of_cases {
    ($crew:ident ($flavour:expr) [$($case:ident)*]) => {$(
        #[test]
        fn $case() {
            use $crate::crew::{$crew, Crew, Flavour};
            $crew::run(|| super::super::$case::<$crew>($flavour));
        }
    )*};
}

pub(crate) use {matrix_of_cases, matrix_of_crews, matrix_of_flavours};
