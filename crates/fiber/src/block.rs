//! A fiber's block: written when its stack is new, renewed between uses.
//!
//! See [`layout`](crate::layout) for what is in it and why. From FS up:
//!
//! ```text
//!  FS                                    page boundary
//!  | struct pthread | Control | DTV head  | DTV tail          |
//!                                         (pages not touched
//!                                          unless many libraries
//!                                          have thread-locals)
//! ```
//!
//! The DTV is declared larger than it needs to be, by a thousand modules, so that
//! glibc, which grows it by `realloc`, never does so.

use crate::fs_base::Tcb;
use crate::layout::{Layout, Specific};
use std::ffi::c_void;

/// What a DTV element of a module holds whose thread-locals the thread has not
/// used yet (glibc's `TLS_DTV_UNALLOCATED`).
const UNALLOCATED: u64 = u64::MAX;

/// Bytes of the DTV's tail.
pub(crate) const DTV_TAIL: usize = 4 * 4096;

/// Room between `struct pthread` and the DTV, for the fiber's own record.
pub(crate) const CONTROL: usize = 128;

/// How much room a block takes, on this machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    /// Bytes from the end of the stack up to FS.
    pub(crate) below: usize,
    /// Bytes from FS up to the tail of the DTV.
    pub(crate) above: usize,
}

impl Extent {
    pub(crate) fn of(layout: &Layout) -> Self {
        let head = (layout.dtv.modules.len() + 1) * layout.dtv.element;
        Extent {
            below: layout.below + layout.reserve,
            above: (control_offset(layout) + CONTROL + head).next_multiple_of(layout.align),
        }
    }
}

/// Offset from FS of the fiber's own record.
#[inline(always)]
pub(crate) fn control_offset(layout: &Layout) -> usize {
    control_after(layout.pthread)
}

/// The same, with a `struct pthread` of so many bytes.
#[inline(always)]
pub(crate) fn control_after(pthread: usize) -> usize {
    pthread.next_multiple_of(64)
}

/// Offset from FS of the DTV's element 0.
fn dtv_offset(layout: &Layout) -> usize {
    control_offset(layout) + CONTROL + layout.dtv.element
}

/// Number of modules the DTV has room for.
fn dtv_capacity(layout: &Layout) -> usize {
    let end = Extent::of(layout).above + DTV_TAIL;
    (end - dtv_offset(layout)) / layout.dtv.element - 1
}

/// Writes a newborn block.
///
/// # Safety
/// - all of the block's [`Extent`] around `tcb`, and [`DTV_TAIL`], is zero, ours
///   and writable;
/// - `tcb` is aligned as the layout says.
pub(crate) unsafe fn build(layout: &Layout, tcb: Tcb, stack: std::ops::Range<usize>) {
    let fs = tcb.address() as u64;
    let put = |offset: isize, value: u64| {
        // SAFETY: every offset of the layout lies in the extent.
        unsafe { tcb.field::<u64>(offset).write(value) }
    };
    for word in &layout.newborn {
        let base = if word.relocated { fs } else { 0 };
        put(word.offset, word.value.wrapping_add(base));
    }
    let lowest = stack.start - layout.stack_guard;
    put(layout.stack_bounds, lowest as u64);
    put(layout.stack_bounds + 8, (stack.end - lowest) as u64);

    let dtv = dtv_offset(layout) as isize;
    put(layout.dtv.pointer, fs + dtv as u64);
    put(
        dtv - layout.dtv.element as isize,
        dtv_capacity(layout) as u64,
    );
    put(dtv, layout.dtv.generation);
    for (id, offset) in layout.dtv.modules.iter().enumerate().skip(1) {
        let element = dtv + (id * layout.dtv.element) as isize;
        let value = offset.map_or(UNALLOCATED, |offset| fs.wrapping_add_signed(offset as i64));
        put(element + layout.dtv.value as isize, value);
    }
}

/// The bounds of the stack that belongs to a block.
///
/// # Safety
/// `tcb` was built from `layout`.
pub(crate) unsafe fn stack_of(layout: &Layout, tcb: Tcb) -> std::ops::Range<usize> {
    // SAFETY: two words that `build` wrote and nobody changes.
    let (lowest, size) = unsafe {
        (
            tcb.field::<usize>(layout.stack_bounds).read(),
            tcb.field::<usize>(layout.stack_bounds + 8).read(),
        )
    };
    lowest + layout.stack_guard..lowest + size
}

/// Runs what a thread runs at its end: destructors of thread-locals, then those
/// of `pthread_setspecific` data, again and again until there is none left.
///
/// # Safety
/// - `tcb` is the caller's own FS base, built from `layout`;
/// - the caller is prepared for destructors to run arbitrary code.
pub(crate) unsafe fn run_destructors(layout: &Layout, tcb: Tcb) {
    // SAFETY: glibc's own function, on the block of the calling context.
    unsafe { (layout.call_tls_destructors)() };
    // SAFETY: a byte of the caller's own block. Volatile: libc writes it.
    if unsafe { tcb.field::<u8>(layout.specific.used).read_volatile() } != 0 {
        // SAFETY: the same obligations, passed on.
        unsafe { destroy_specific(layout, tcb) };
    }
}

/// # Safety
/// As [`run_destructors`].
#[cold]
unsafe fn destroy_specific(layout: &Layout, tcb: Tcb) {
    let specific = &layout.specific;
    let used = tcb.field::<u8>(specific.used);
    /// POSIX's PTHREAD_DESTRUCTOR_ITERATIONS; glibc gives up after as many.
    const ROUNDS: usize = 4;
    for _ in 0..ROUNDS {
        // SAFETY: the caller's own block, as below. glibc sets it anew if a
        // destructor stores something.
        unsafe { used.write_volatile(0) };
        for index in 0..specific.block_count {
            // SAFETY: as this function's.
            unsafe { destroy_block(layout, tcb, index) };
        }
        // SAFETY: destructors of thread-locals that those just run registered.
        unsafe { (layout.call_tls_destructors)() };
        // SAFETY: as above.
        if unsafe { used.read_volatile() } == 0 {
            break;
        }
    }
    // SAFETY: as above; nobody reads the data of this thread any more.
    unsafe {
        used.write_volatile(0);
        for index in 1..specific.block_count {
            let slot = block_slot(specific, tcb, index);
            libc::free(slot.read().cast());
            slot.write(std::ptr::null_mut());
        }
        let bytes = specific.keys_per_block * specific.data;
        tcb.field::<u8>(specific.first_block).write_bytes(0, bytes);
    }
}

/// Where the pointer to a block of thread-specific data is kept.
fn block_slot(specific: &Specific, tcb: Tcb, index: usize) -> *mut *mut u8 {
    tcb.field(specific.blocks + (index * size_of::<usize>()) as isize)
}

/// Runs the destructors of one block's keys.
///
/// # Safety
/// As [`run_destructors`].
unsafe fn destroy_block(layout: &Layout, tcb: Tcb, index: usize) {
    let specific = &layout.specific;
    // SAFETY: a pointer in the caller's own block.
    let block = unsafe { block_slot(specific, tcb, index).read_volatile() };
    if block.is_null() {
        return;
    }
    for key in 0..specific.keys_per_block {
        // SAFETY: element `key` of a block of thread-specific data.
        let data = unsafe { block.add(key * specific.data) };
        let global = (index * specific.keys_per_block + key) * specific.key;
        let entry = (specific.keys + global) as *const u8;
        // SAFETY: layouts by glibc's descriptors; the table has an entry for
        // every key of every block. Its words may change under us when another
        // thread deletes the key, as for glibc's own clean-up.
        unsafe {
            let value_at = data.add(specific.data_value).cast::<*mut c_void>();
            let value = value_at.read_volatile();
            if value.is_null() {
                continue;
            }
            value_at.write_volatile(std::ptr::null_mut());
            let sequence = data
                .add(specific.data_sequence)
                .cast::<usize>()
                .read_volatile();
            let current = entry
                .add(specific.key_sequence)
                .cast::<usize>()
                .read_volatile();
            let destructor = entry
                .add(specific.key_destructor)
                .cast::<Option<unsafe extern "C" fn(*mut c_void)>>()
                .read_volatile();
            if let (true, Some(destructor)) = (sequence == current, destructor) {
                destructor(value);
            }
        }
    }
}

/// Makes a block whose destructors have run as good as newborn.
///
/// # Safety
/// - `tcb` is the caller's own FS base, built from `layout`;
/// - nothing of the thread-locals is in use, and the caller keeps no value or
///   address of one across this call.
#[inline(never)]
pub(crate) unsafe fn renew(layout: &Layout, tcb: Tcb) {
    for range in &layout.renewed {
        let from = (layout.below as isize + range.start) as usize;
        let image = &layout.image[from..from + range.len()];
        // SAFETY: the range lies in the block's extent.
        unsafe {
            tcb.field::<u8>(range.start)
                .copy_from_nonoverlapping(image.as_ptr(), image.len());
        }
    }
    for word in &layout.renewed_relocations {
        let value = word.value.wrapping_add(tcb.address() as u64);
        // SAFETY: as above.
        unsafe { tcb.field::<u64>(word.offset).write(value) };
    }
    // SAFETY: as this function's.
    unsafe { free_dynamic(layout, tcb) };
}

/// Frees thread-locals that were allocated on first use.
///
/// # Safety
/// As [`renew`].
unsafe fn free_dynamic(layout: &Layout, tcb: Tcb) {
    let dtv = &layout.dtv;
    let table = dtv_offset(layout) as isize;
    // SAFETY: element 0 of the caller's own table.
    let generation = unsafe { tcb.field::<u64>(table).read_volatile() };
    let known = dtv.modules.len() - 1;
    let last = if generation == dtv.generation {
        known
    } else {
        dtv_capacity(layout) // libraries came later
    };
    for id in 1..=last {
        let element = table + (id * dtv.element) as isize;
        let value = tcb.field::<u64>(element + dtv.value as isize);
        let to_free = tcb.field::<*mut c_void>(element + dtv.to_free as isize);
        // SAFETY: an element of the caller's own table. glibc fills them in
        // order of their ids, so what comes after an empty one is empty too.
        if id > known && unsafe { value.read_volatile() } == 0 {
            break;
        }
        // SAFETY: an element of the caller's own table. glibc puts there what
        // it got from malloc for this thread and module, else null.
        unsafe {
            if !to_free.read_volatile().is_null() {
                libc::free(to_free.read_volatile());
                to_free.write_volatile(std::ptr::null_mut());
                value.write_volatile(UNALLOCATED);
            }
        }
    }
}
