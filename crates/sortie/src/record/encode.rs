//! Events as bytes. `docs/trace-format.md` has the whole.
//!
//! An event is a byte with its kind, a byte that tells how long its fields are, at most
//! four of them (two bits each, the time lowest: `0` to `3` for 1, 2, 4 or 8 bytes),
//! and the fields. How many there are depends on the kind.

/// What happened. The numbers are part of the file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// A goroutine was made: goroutine, site.
    Created = 1,
    /// A goroutine was made ready by who runs here: goroutine.
    Ready = 2,
    /// A goroutine became ready by a timer, or needs not wait after all: goroutine.
    ReadyByNobody = 3,
    /// A goroutine runs here from now on: goroutine.
    Run = 4,
    /// The one that ran here waits: site.
    Park = 5,
    /// It lets others run.
    Yield = 6,
    /// It has ended.
    End = 7,
    /// It waits, and another runs here: goroutine, site.
    ParkRun = 8,
    /// It lets others run, and another does: goroutine.
    YieldRun = 9,
    /// It has ended, and another runs: goroutine.
    EndRun = 10,
    /// The machine has a processor: its number.
    Acquire = 11,
    /// The machine has none any more.
    Release = 12,
    /// A processor was taken from a machine: processor, machine.
    Retake = 13,
    /// A machine's thread begins.
    MachineStart = 14,
    /// A machine's thread ends.
    MachineEnd = 15,
    /// The number of processors: that.
    MaxProcs = 16,
    /// A goroutine that exists: goroutine, its state and machine, site of its wait.
    Exists = 17,
    /// Where a goroutine that exists was made: goroutine, site, creator.
    Origin = 18,
    /// A goroutine has a name: goroutine, and text.
    Named = 19,
    /// A region begins in the goroutine that runs here: task, and text.
    RegionBegin = 20,
    /// Its last region ends.
    RegionEnd = 21,
    /// A task begins: number, that of its parent, and text.
    TaskBegin = 22,
    /// A task ends: number.
    TaskEnd = 23,
    /// A message: task, bytes of the category, and text, which begins with it.
    Log = 24,
    /// A processor took so many goroutines from another: that.
    Steal = 25,
}

/// An event without text is not longer.
pub(crate) const LONGEST: usize = 40;

/// Differences as small numbers, whatever their sign.
#[inline(always)]
pub(crate) fn zigzag(difference: i64) -> u64 {
    ((difference << 1) ^ (difference >> 63)) as u64
}

/// Stores a field at `at`, in as few bytes as its code, 0 to 3, tells. Returns code
/// and length.
///
/// # Safety
/// 8 bytes at `at` may be written.
#[inline(always)]
pub(crate) unsafe fn field(at: *mut u8, value: u64) -> (u8, usize) {
    let code = u8::from(value > 0xff) + u8::from(value > 0xffff) + u8::from(value > 0xffff_ffff);
    // SAFETY: as this function's.
    unsafe { at.cast::<u64>().write_unaligned(value.to_le()) };
    (code, 1 << code)
}
