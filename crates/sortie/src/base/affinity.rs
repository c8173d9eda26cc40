//! On which CPUs a thread may run.

use super::syscall::syscall4;

/// CPUs that are known: as many as a `cpu_set_t` has.
const CPUS: usize = 1024;
const WORD: usize = u64::BITS as usize;

/// A set of CPUs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CpuSet([u64; CPUS / WORD]);

impl CpuSet {
    /// All that are known, whether they exist or not.
    pub(crate) const ALL: CpuSet = CpuSet([u64::MAX; CPUS / WORD]);

    /// Where a thread of this process may run, 0 for the caller. `None` if there is no such
    /// thread, or the machine has more CPUs than are known.
    pub(crate) fn of(tid: u32) -> Option<CpuSet> {
        let mut set = CpuSet([0; CPUS / WORD]);
        let address = set.0.as_mut_ptr().expose_provenance();
        // SAFETY: writes no more than the set's size to it.
        let written = unsafe {
            let arguments = [tid as usize, size_of::<CpuSet>(), address, 0];
            syscall4(libc::SYS_sched_getaffinity, arguments)
        };
        (written > 0).then_some(set)
    }

    /// Lets a thread of this process, 0 for the caller, run on these only. Returns whether
    /// the kernel agreed.
    pub(crate) fn give_to(&self, tid: u32) -> bool {
        let address = self.0.as_ptr().expose_provenance();
        // SAFETY: reads the set.
        let result = unsafe {
            let arguments = [tid as usize, size_of::<CpuSet>(), address, 0];
            syscall4(libc::SYS_sched_setaffinity, arguments)
        };
        result == 0
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    fn members(&self) -> impl Iterator<Item = usize> {
        (0..CPUS).filter(|cpu| self.0[cpu / WORD] >> (cpu % WORD) & 1 != 0)
    }

    /// So many of them, or all if there are fewer. `below` chooses a number below another.
    pub(crate) fn choose(&self, count: usize, below: impl Fn(u32) -> u32) -> CpuSet {
        let mut members: Vec<usize> = self.members().collect();
        let mut chosen = CpuSet([0; CPUS / WORD]);
        for _ in 0..count.min(members.len()) {
            let cpu = members.swap_remove(below(members.len() as u32) as usize);
            chosen.0[cpu / WORD] |= 1 << (cpu % WORD);
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    #[test]
    fn chooses_some_of_them() {
        let mut set = CpuSet([0; CPUS / WORD]);
        for cpu in [0, 5, 63, 64, 700, 1023] {
            set.0[cpu / WORD] |= 1 << (cpu % WORD);
        }
        assert_eq!(set.len(), 6);
        let rng = Rng::new(7);
        for count in 0..10 {
            let chosen = set.choose(count, |bound| rng.below(bound));
            assert_eq!(chosen.len(), count.min(6));
            assert!(chosen.members().all(|cpu| set.members().any(|c| c == cpu)));
        }
        // In time each of them is.
        let mut seen = std::collections::HashSet::new();
        while seen.len() < 6 {
            seen.extend(set.choose(1, |bound| rng.below(bound)).members());
        }
    }

    #[test]
    fn a_thread_is_moved_and_set_free() {
        // On a thread of its own, which nothing else relies on.
        let other = std::thread::spawn(|| {
            let all = CpuSet::of(0).unwrap();
            let rng = Rng::new(1);
            let one = all.choose(1, |bound| rng.below(bound));
            assert!(one.give_to(0));
            assert_eq!(CpuSet::of(0), Some(one));
            assert!(all.give_to(0));
            assert_eq!(CpuSet::of(0), Some(all));
        });
        other.join().unwrap();
        // No CPU is not enough.
        let none = CpuSet([0; CPUS / WORD]);
        assert!(!none.give_to(0));
    }
}
