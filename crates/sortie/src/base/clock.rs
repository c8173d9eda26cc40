//! The runtime's clock: nanoseconds of the system's monotonic clock.

/// A point in time that is never reached.
pub(crate) const NEVER: u64 = u64::MAX;

/// Nanoseconds since some fixed point in the past.
#[inline]
pub(crate) fn now() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: writes the time; this clock always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Nanoseconds of CPU time that all threads of the process have used.
pub(crate) fn process_cpu_time() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: writes the time; this clock always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// The time `duration` from now, [`NEVER`] at most.
pub(crate) fn after(duration: std::time::Duration) -> u64 {
    let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(NEVER);
    now().saturating_add(nanoseconds)
}
