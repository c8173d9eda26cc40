//! Who does the work of a test: goroutines, plain threads, or both.

use crate::procs::Procs;
use std::thread;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crew {
    Goroutines,
    Threads,
    /// Every second is a goroutine, and the test itself a thread.
    Mixed,
}

/// Somebody who was started.
pub(crate) enum Member<T> {
    Goroutine(sortie::task::JoinHandle<T>),
    Thread(thread::JoinHandle<T>),
}

impl<T> Member<T> {
    /// What it returned. A panic goes on here.
    #[track_caller]
    pub(crate) fn join(self) -> T {
        self.outcome()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    pub(crate) fn outcome(self) -> thread::Result<T> {
        match self {
            Member::Goroutine(handle) => handle.join(),
            Member::Thread(handle) => handle.join(),
        }
    }
}

impl Crew {
    /// Runs a test on so many processors.
    pub(crate) fn run(self, procs: usize, test: fn(Crew)) {
        let _procs = Procs::set(procs);
        match self {
            Crew::Goroutines => sortie::run(|| test(self)),
            Crew::Threads | Crew::Mixed => test(self),
        }
    }

    /// Starts its member of that number.
    pub(crate) fn start<T: Send + 'static>(
        self,
        number: usize,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> Member<T> {
        match self {
            Crew::Goroutines => Member::Goroutine(sortie::go(f)),
            Crew::Mixed if number.is_multiple_of(2) => Member::Goroutine(sortie::go(f)),
            Crew::Threads | Crew::Mixed => Member::Thread(thread::spawn(f)),
        }
    }

    /// Starts so many, each with its number, and returns what they returned.
    pub(crate) fn all<T: Send + 'static>(
        self,
        count: usize,
        f: impl Fn(usize) -> T + Clone + Send + 'static,
    ) -> Vec<T> {
        let members: Vec<_> = (0..count)
            .map(|number| {
                let f = f.clone();
                self.start(number, move || f(number))
            })
            .collect();
        members.into_iter().map(Member::join).collect()
    }
}

/// Lets others run.
pub(crate) fn pause() {
    if sortie::task::current().is_some() {
        sortie::yield_now();
    } else {
        thread::yield_now();
    }
}

/// Makes each of these functions, which take the crew, a test for every crew on 1, 2
/// and 8 processors.
macro_rules! everywhere {
    ($($case:ident),* $(,)?) => {
        $(mod $case {
            $crate::crew::on_procs!($case goroutines Goroutines);
            $crate::crew::on_procs!($case threads Threads);
            $crate::crew::on_procs!($case mixed Mixed);
        })*
    };
}

macro_rules! on_procs {
    ($case:ident $name:ident $crew:ident) => {
        mod $name {
            #[test]
            fn on_1() {
                $crate::crew::Crew::$crew.run(1, super::super::$case);
            }

            #[test]
            fn on_2() {
                $crate::crew::Crew::$crew.run(2, super::super::$case);
            }

            #[test]
            fn on_8() {
                $crate::crew::Crew::$crew.run(8, super::super::$case);
            }
        }
    };
}

pub(crate) use on_procs;
