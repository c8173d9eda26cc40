//! All goroutines: who, why, where.

use super::stack;
use crate::base::atomic::Ordering;
use crate::goroutine::header::Wait;
use crate::goroutine::{GRef, State, current};
use crate::sched::{Scheduler, fatal};
use sortie_fiber::race;
use std::backtrace::Backtrace;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// So many goroutines are shown with their stacks, unless all are asked for.
const STACKS: usize = 1000;

/// A picture of all goroutines, made by [`runtime::dump`](crate::runtime::dump).
#[derive(Debug)]
pub struct Dump {
    goroutines: Vec<Record>,
}

#[derive(Debug)]
struct Record {
    id: u64,
    name: Option<Arc<str>>,
    state: Doing,
    locked: bool,
    created_at: Option<&'static Location<'static>>,
    creator: u64,
    stack: Option<Backtrace>,
}

#[derive(Debug)]
enum Doing {
    Running,
    Runnable { started: bool },
    Waiting { wait: Wait, minutes: u64 },
}

impl Dump {
    /// How many goroutines there were.
    pub fn len(&self) -> usize {
        self.goroutines.len()
    }

    /// Whether there were none.
    pub fn is_empty(&self) -> bool {
        self.goroutines.is_empty()
    }

    /// Takes the picture. The caller has no processor.
    pub(crate) fn take(scheduler: &'static Scheduler) -> Self {
        let _hidden = race::hide();
        let limit = match std::env::var("SORTIE_BACKTRACE").as_deref() {
            Ok("0") => 0,
            Ok("full") => usize::MAX,
            _ => STACKS,
        };
        let _stopped = scheduler.stop_world();
        let mut all: Vec<GRef> = Vec::new();
        scheduler.slab.for_each(|g| all.push(g));
        all.retain(|g| !matches!(g.state(), State::Free | State::Dead));
        all.sort_by_key(|g| g.id.load(Ordering::Relaxed));
        let now = crate::base::clock::now();
        let me = current::current();
        let goroutines = all
            .into_iter()
            .enumerate()
            .map(|(index, g)| {
                let mut record = Record::of(g, now);
                if me.is_some_and(|me| std::ptr::eq(me, g)) {
                    record.stack = (limit > 0).then(Backtrace::force_capture);
                } else if index < limit && record.is_suspended() {
                    // SAFETY: the world is stopped, and stays so meanwhile; it
                    // waits or is queued, and has been running before.
                    record.stack = unsafe { stack::capture(g) };
                }
                record
            })
            .collect();
        Dump { goroutines }
    }
}

impl Record {
    fn of(g: GRef, now: u64) -> Self {
        let state = match (g.state(), g.wait()) {
            (State::Waiting, Some(wait)) => Doing::Waiting {
                wait,
                minutes: now.saturating_sub(wait.since) / 60_000_000_000,
            },
            (State::Running, _) => Doing::Running,
            _ => Doing::Runnable {
                started: !g.is_fresh(),
            },
        };
        Record {
            id: g.id.load(Ordering::Relaxed),
            name: g.name(),
            state,
            locked: g.is_locked(),
            created_at: g.created_at(),
            creator: g.creator.load(Ordering::Relaxed),
            stack: None,
        }
    }

    fn is_suspended(&self) -> bool {
        matches!(
            self.state,
            Doing::Waiting { .. } | Doing::Runnable { started: true }
        )
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "goroutine {}", self.id)?;
        if let Some(name) = &self.name {
            write!(f, " ({name})")?;
        }
        match &self.state {
            Doing::Running => f.write_str(" [running")?,
            Doing::Runnable { .. } => f.write_str(" [runnable")?,
            Doing::Waiting { wait, minutes } => {
                write!(f, " [{}", wait.reason)?;
                match minutes {
                    0 => {}
                    1 => f.write_str(", 1 minute")?,
                    _ => write!(f, ", {minutes} minutes")?,
                }
            }
        }
        if self.locked {
            f.write_str(", locked to thread")?;
        }
        f.write_str("]:\n")?;
        match (&self.state, &self.stack) {
            (_, Some(backtrace)) => f.write_str(&stack::interesting(backtrace))?,
            (Doing::Running, None) => {
                f.write_str("      running on another thread; its stack is not available\n")?;
            }
            (Doing::Runnable { started: false }, None) => {
                f.write_str("      not started yet\n")?;
            }
            _ => {}
        }
        if let Doing::Waiting { wait, .. } = &self.state {
            write!(f, "parked at {}", wait.place)?;
            match wait.origin {
                Some(origin) => writeln!(f, ", on what was made at {origin}")?,
                None => writeln!(f)?,
            }
        }
        if let Some(place) = self.created_at {
            match self.creator {
                0 => writeln!(f, "created at {place}")?,
                creator => writeln!(f, "created by goroutine {creator} at {place}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, goroutine) in self.goroutines.iter().enumerate() {
            if index != 0 {
                writeln!(f)?;
            }
            goroutine.fmt(f)?;
        }
        Ok(())
    }
}

/// SIGQUIT: prints everything, and ends the process.
pub(crate) fn quit(scheduler: &'static Scheduler) {
    fatal::exit(format_args!("SIGQUIT: quit\n\n{}", Dump::take(scheduler)));
}

/// Deadlock: prints everything, and ends the process.
pub(crate) fn deadlock(scheduler: &'static Scheduler, message: &str) {
    fatal::exit(format_args!(
        "fatal error: {message}\n\n{}",
        Dump::take(scheduler)
    ));
}
