//! Making the lowest pages of a slot inaccessible.

use super::GUARD;
use super::slots::RUN;
use std::io;
use std::sync::{Mutex, OnceLock, PoisonError};

/// `madvise` request of Linux 6.13: fault on access, without a VMA of its own.
const MADV_GUARD_INSTALL: libc::c_int = 102;

/// How this kernel guards.
enum Method {
    /// Page-table markers; no limit.
    Marker,
    /// `mprotect`, as often as the number says.
    Protection(Mutex<usize>),
}

fn method() -> &'static Method {
    static METHOD: OnceLock<Method> = OnceLock::new();
    METHOD.get_or_init(|| match try_marker() {
        Ok(()) => Method::Marker,
        Err(_) => Method::Protection(Mutex::new(budget())),
    })
}

/// Makes sure that `count` more slots can be guarded.
pub(super) fn admit(count: usize) -> io::Result<()> {
    match method() {
        Method::Marker => Ok(()),
        Method::Protection(left) => {
            let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
            *left = left.checked_sub(count).ok_or_else(exhausted)?;
            Ok(())
        }
    }
}

/// Takes an admission back that is not needed.
pub(super) fn dismiss(count: usize) {
    if let Method::Protection(left) = method() {
        *left.lock().unwrap_or_else(PoisonError::into_inner) += count;
    }
}

/// Guards the slots that start there. A guard is never taken away again.
///
/// # Errors
/// How many have one before the first that cannot get one.
pub(super) fn install(slots: &[usize]) -> Result<(), (usize, io::Error)> {
    let marker = matches!(method(), Method::Marker);
    let mut guarded = 0;
    if marker && slots.len() > 1 {
        // SAFETY: advice about pages of our own mapping that hold no data.
        guarded = unsafe { advise(slots, 0, GUARD, MADV_GUARD_INSTALL) };
    }
    for (index, &low) in slots.iter().enumerate().skip(guarded) {
        let result = match marker {
            true => mark(low).or_else(|_| protect_pinned(low)),
            false => protect(low),
        };
        result.map_err(|error| (index, error))?;
    }
    Ok(())
}

/// Memory that `mlockall` has pinned can have no markers.
#[cold]
fn protect_pinned(low: usize) -> io::Result<()> {
    static LEFT: Mutex<Option<usize>> = Mutex::new(None);
    let mut left = LEFT.lock().unwrap_or_else(PoisonError::into_inner);
    let count = left.get_or_insert_with(budget);
    if *count == 0 {
        return Err(exhausted());
    }
    protect(low)?;
    *count -= 1;
    Ok(())
}

fn protect(low: usize) -> io::Result<()> {
    // SAFETY: protects pages of our own mapping that hold no data.
    match unsafe { libc::mprotect(low as *mut _, GUARD, libc::PROT_NONE) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

fn mark(low: usize) -> io::Result<()> {
    // SAFETY: advice about pages of our own mapping that hold no data.
    match unsafe { libc::madvise(low as *mut _, GUARD, MADV_GUARD_INSTALL) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Has the kernel give slots the memory now that they will touch next: `length` bytes from
/// `offset` on. If it does not want to, it does so when they are touched.
///
/// # Safety
/// The range is in all slots' mappings.
pub(super) unsafe fn populate(slots: &[usize], offset: usize, length: usize) {
    // SAFETY: as this function's; the advice changes no byte.
    unsafe { advise(slots, offset, length, libc::MADV_POPULATE_WRITE) };
}

/// Gives the same advice about the same part of several slots. Returns for how many
/// it was taken: none on kernels before 6.15.
///
/// # Safety
/// As `madvise` with this advice, for each of the slots.
unsafe fn advise(slots: &[usize], offset: usize, length: usize, advice: libc::c_int) -> usize {
    /// This process, without a descriptor (Linux 6.15).
    const PIDFD_SELF_PROCESS: libc::c_int = -10001;
    let mut ranges = [libc::iovec {
        iov_base: std::ptr::null_mut(),
        iov_len: length,
    }; RUN];
    for (range, low) in ranges.iter_mut().zip(slots) {
        range.iov_base = (low + offset) as *mut _;
    }
    let count = slots.len().min(RUN);
    // SAFETY: as this function's.
    let taken = unsafe {
        libc::syscall(
            libc::SYS_process_madvise,
            PIDFD_SELF_PROCESS,
            ranges.as_ptr(),
            count,
            advice,
            0,
        )
    };
    usize::try_from(taken).map_or(0, |bytes| bytes / length)
}

/// Tries the marker on some pages.
fn try_marker() -> io::Result<()> {
    let scratch = super::pool::map(GUARD)?;
    let result = mark(scratch);
    // SAFETY: our own mapping, not used any more.
    unsafe { libc::munmap(scratch as *mut _, GUARD) };
    result
}

/// How many `mprotect`ed guards fit below `vm.max_map_count`, with a quarter
/// left for the rest of the process. Each splits off two VMAs.
fn budget() -> usize {
    /// The kernel's default.
    const DEFAULT: usize = 65_530;
    let limit = std::fs::read_to_string("/proc/sys/vm/max_map_count")
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(DEFAULT);
    limit / 4 * 3 / 2
}

#[cold]
fn exhausted() -> io::Error {
    io::Error::new(
        io::ErrorKind::OutOfMemory,
        "this kernel lacks MADV_GUARD_INSTALL (Linux 6.13), or memory is locked by mlockall; \
         guards by mprotect are limited by vm.max_map_count; raise it with \
         `sysctl vm.max_map_count=...`",
    )
}
