//! Confining machines to some of the CPUs: what is done to threads. [`overtime`] decides
//! when, and has the reasons.
//!
//! # Invariants
//! * A thread is only given a narrow set if it is a machine's, no goroutine is locked to it,
//!   and it may run where the process may. So nobody had plans for it.
//! * It is only given another, narrow or wide, while it has the one that it was given. If
//!   somebody changed that it is his from then on, until it may run anywhere again.
//! * Sysmon's thread runs no user code and is never confined: its set is *the process's*.
//!   Tools that change all threads of a process change that too.
//! * A machine's thread begins with the process's set, or that of a confinement, whatever
//!   the thread had that started it.
//!
//! All this happens under one lock. A machine takes it to clear its thread id before its
//! thread ends, so the ids that others see under the lock are not reused meanwhile; and a
//! goroutine takes it when it locks itself to its thread, which sets that free for good.
//!
//! # Threads that are not ours
//! A thread that a goroutine starts inherits the narrow set. Now and then, and at the end,
//! all threads are looked through for such that came during the confinement and have one of
//! its sets. Should one of them have asked for exactly these CPUs, that goes unnoticed, and
//! it gets all. Threads that were there before are left alone.
//!
//! A child process inherits the narrow set of the thread that starts it, and keeps it.
//!
//! # Setting free
//! The kernel keeps two sets for a thread: what was asked for, and that as far as the
//! cpuset allows. Only the second can be read. Had a thread asked for what the process has
//! now, it would not get the CPUs that the cpuset may be given later. So it asks for all, and
//! for the process's set only if that is less than what it gets.
//!
//! [`overtime`]: super::overtime

use super::machine::M;
use super::scheduler::Scheduler;
use crate::base::affinity::CpuSet;
use crate::base::atomic::{AtomicU32, Ordering};
use crate::base::lock::Lock;
use crate::base::rng::Rng;
use crate::goroutine::current;

/// Sets that are remembered. Threads that inherited one are found before it is forgotten.
const SETS: usize = 64;
/// Times in a row that all threads are looked through, as long as some are found: each of
/// those may have started another.
const SEARCHES: usize = 4;

/// Who may run where.
#[derive(Debug)]
pub(crate) struct Confinement {
    state: Lock<State>,
    /// The thread whose set is the process's, or 0.
    witness: AtomicU32,
}

#[derive(Debug)]
struct State {
    /// What each machine was given, by its index.
    given: Vec<Option<CpuSet>>,
    /// The sets since the confinement began, the current one last. Empty if there is none.
    sets: Vec<CpuSet>,
    /// Threads that have not inherited any of them, in order.
    known: Vec<u32>,
}

impl State {
    fn given(&mut self, m: &M) -> &mut Option<CpuSet> {
        let index = m.index as usize;
        if self.given.len() <= index {
            self.given.resize(index + 1, None);
        }
        &mut self.given[index]
    }

    /// Lets a machine run on the current set only, unless it is somebody else's matter.
    fn narrow(&mut self, m: &M, whole: &CpuSet) {
        let tid = m.tid.load(Ordering::Acquire);
        let Some(set) = self.sets.last().cloned() else {
            return;
        };
        if tid == 0 || m.is_locked.load(Ordering::Relaxed) {
            return;
        }
        let has = CpuSet::of(tid);
        let given = self.given(m);
        if has.as_ref() != Some(whole) && (given.is_none() || has != *given) {
            *given = None;
        } else if has.as_ref() == Some(&set) || set.give_to(tid) {
            *given = Some(set);
        }
    }

    /// Sets a machine free if it was confined.
    fn widen(&mut self, m: &M, whole: &CpuSet) {
        let tid = m.tid.load(Ordering::Acquire);
        if let Some(given) = self.given(m).take()
            && tid != 0
            && CpuSet::of(tid) == Some(given)
        {
            set_free(tid, whole);
        }
    }

    /// Sets threads free that have inherited a set.
    fn mend(&mut self, machines: &[&M], witness: u32, whole: &CpuSet) {
        let mut spared: Vec<u32> = machines
            .iter()
            .map(|m| m.tid.load(Ordering::Acquire))
            .collect();
        spared.push(witness);
        spared.sort_unstable();
        for _ in 0..SEARCHES {
            let threads = threads();
            let new = threads.iter().filter(|tid| {
                self.known.binary_search(tid).is_err() && spared.binary_search(tid).is_err()
            });
            let mut found = false;
            for &tid in new {
                if CpuSet::of(tid).is_some_and(|has| self.sets.contains(&has)) {
                    set_free(tid, whole);
                    found = true;
                }
            }
            self.known = threads;
            if !found {
                break;
            }
        }
    }
}

/// The ids of all threads of the process, in order.
fn threads() -> Vec<u32> {
    let mut threads: Vec<u32> = std::fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    threads.sort_unstable();
    threads
}

/// Lets a thread run wherever the process may.
fn set_free(tid: u32, whole: &CpuSet) {
    // The kernel may refuse when a cpuset changes meanwhile; then that has changed the
    // thread's set as well.
    if !CpuSet::ALL.give_to(tid) || CpuSet::of(tid).as_ref() != Some(whole) {
        whole.give_to(tid);
    }
}

impl Confinement {
    pub(super) const fn new() -> Self {
        Confinement {
            state: Lock::new(State {
                given: Vec::new(),
                sets: Vec::new(),
                known: Vec::new(),
            }),
            witness: AtomicU32::new(0),
        }
    }

    /// The calling thread's set is the process's. Said by sysmon.
    pub(super) fn witness(&self) {
        // SAFETY: gettid cannot fail.
        let tid = unsafe { libc::gettid() } as u32;
        self.witness.store(tid, Ordering::Release);
    }

    /// Where the process may run.
    pub(super) fn whole(&self) -> Option<CpuSet> {
        match self.witness.load(Ordering::Acquire) {
            0 => None,
            witness => CpuSet::of(witness),
        }
    }

    /// Confines all machines to `count` CPUs, other than before, if the process has more: `whole`.
    /// Returns whether that is so.
    pub(super) fn confine(&self, machines: &[&M], whole: &CpuSet, count: usize, rng: &Rng) -> bool {
        if whole.len() <= count {
            return false;
        }
        let mut state = self.state.lock();
        if state.sets.is_empty() {
            state.known = threads();
        }
        let mut set = whole.choose(count, |bound| rng.below(bound));
        while state.sets.last() == Some(&set) {
            set = whole.choose(count, |bound| rng.below(bound));
        }
        state.sets.retain(|old| *old != set);
        if state.sets.len() == SETS {
            state.sets.remove(0);
        }
        state.sets.push(set);
        for m in machines {
            state.narrow(m, whole);
        }
        true
    }

    /// Confines machines that are not, but should be, to the same CPUs as the others, and
    /// sets other threads free that inherited a set. Returns whether the process may still
    /// run where it might.
    pub(super) fn keep(&self, machines: &[&M], whole: &CpuSet) -> bool {
        let mut state = self.state.lock();
        for m in machines {
            state.narrow(m, whole);
        }
        state.mend(machines, self.witness.load(Ordering::Acquire), whole);
        self.whole().as_ref() == Some(whole)
    }

    /// Whether nobody has [released](Self::release) the machines since they were confined.
    pub(super) fn is_in_force(&self) -> bool {
        !self.state.lock().sets.is_empty()
    }

    /// Sets all free.
    pub(super) fn release(&self, machines: &[&M]) {
        let mut state = self.state.lock();
        let Some(whole) = self.whole().filter(|_| !state.sets.is_empty()) else {
            return;
        };
        for m in machines {
            state.widen(m, &whole);
        }
        state.mend(machines, self.witness.load(Ordering::Acquire), &whole);
        state.sets.clear();
        state.known = Vec::new();
    }

    /// A machine's thread begins: the caller.
    pub(super) fn begin(&self, m: &M) {
        m.is_locked.store(false, Ordering::Relaxed);
        let mut state = self.state.lock();
        if let Some(set) = state.sets.last().cloned() {
            if set.give_to(0) {
                *state.given(m) = Some(set);
            }
        } else if let Some(whole) = self.whole()
            && CpuSet::of(0).as_ref() != Some(&whole)
        {
            set_free(0, &whole);
        }
    }

    /// A machine's thread is about to end.
    pub(super) fn end(&self, m: &M) {
        let mut state = self.state.lock();
        *state.given(m) = None;
        m.tid.store(0, Ordering::Release);
    }

    /// A goroutine locks itself to the caller's machine, or not any more. In the first case
    /// that is set free, and left alone.
    pub(super) fn set_locked(&self, m: &M, is_locked: bool) {
        let mut state = self.state.lock();
        m.is_locked.store(is_locked, Ordering::Relaxed);
        if is_locked && let Some(whole) = self.whole() {
            state.widen(m, &whole);
        }
    }
}

impl Scheduler {
    /// The number of CPUs that the calling thread may run on, but for confinement.
    pub(crate) fn cpus(&self) -> Option<usize> {
        let _hidden = sortie_fiber::race::hide();
        let mut state = self.confinement.state.lock();
        let has = CpuSet::of(0)?;
        let inherited = state.sets.contains(&has)
            && match current::current() {
                Some(g) => state.given(M::of(g)).as_ref() == Some(&has),
                None => {
                    // SAFETY: gettid cannot fail.
                    let tid = unsafe { libc::gettid() } as u32;
                    state.known.binary_search(&tid).is_err()
                }
            };
        match inherited {
            true => Some(self.confinement.whole()?.len()),
            false => Some(has.len()),
        }
    }
}
