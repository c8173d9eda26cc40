//! What a thread looks like when it is born, seen from inside one.
//!
//! A thread is made with plain `pthread_create` and, before it calls anything,
//! copies its own control block and static TLS. That copy is what a fiber's
//! block must look like. Then it finds out by experiment which words of libc's
//! thread-locals hold a cache that belongs to an OS thread: it snapshots them,
//! makes libc fill such a cache, and compares.
//!
//! Such comparing must not be disturbed. Signals are blocked; but when another
//! thread calls `setuid` or one of its like, libc writes into the control blocks
//! of all threads, at any moment. A probe that is confused thereby is repeated.

use super::modules::{self, Module};
use super::thread_db;
use crate::error::Unsupported;
use crate::fs_base::Tcb;
use crate::race;
use std::ffi::{c_int, c_void};
use std::hint::black_box;
use std::ptr;

/// What the probe saw. Offsets are relative to the FS base.
#[derive(Debug)]
pub(super) struct Findings {
    /// Everything from `low` up to the end of `struct pthread`, as at birth.
    pub(super) image: Box<[u8]>,
    /// Offset of the image's first byte; negative.
    pub(super) low: isize,
    /// Address the probe's block had, into which pointers in `image` point.
    pub(super) tcb: usize,
    /// The probe's stack as libc reports it: lowest address and size.
    pub(super) stack: (usize, usize),
    /// Objects with TLS; those with static TLS have an offset.
    pub(super) modules: Vec<Module>,
    /// Id of the module that is libc.
    pub(super) libc: usize,
    /// Words of libc's TLS that hold a cache of the OS thread, and the word in which a
    /// race detector keeps who that is.
    pub(super) thread_words: Vec<isize>,
    /// Loader generation for which the probe's DTV was complete at birth.
    pub(super) generation: u64,
    /// The byte that says whether any `pthread_setspecific` happened.
    pub(super) specific_used: isize,
}

/// What parent and probe share.
struct Exchange {
    /// Size of `struct pthread`.
    pthread: usize,
    /// Range of `struct pthread` that holds thread-specific data.
    specific: std::ops::Range<isize>,
    /// Where `struct pthread` keeps the DTV's address.
    dtv_pointer: isize,
    /// Which word of an element is the address.
    dtv_value: usize,
    result: Result<Findings, Unsupported>,
}

/// Finds out, by as many probes as it takes.
pub(super) fn probe(
    pthread: usize,
    specific: std::ops::Range<isize>,
    dtv_pointer: isize,
    dtv_value: usize,
) -> Result<Findings, Unsupported> {
    const ATTEMPTS: usize = 100;
    let attempt = || once(pthread, specific.clone(), dtv_pointer, dtv_value);
    let mut result = attempt();
    for _ in 1..ATTEMPTS {
        if result.is_ok() {
            break;
        }
        result = attempt();
    }
    result
}

/// Starts a probe and waits for it.
fn once(
    pthread: usize,
    specific: std::ops::Range<isize>,
    dtv_pointer: isize,
    dtv_value: usize,
) -> Result<Findings, Unsupported> {
    let mut exchange = Exchange {
        pthread,
        specific,
        dtv_pointer,
        dtv_value,
        result: Err(Unsupported::new("probe", "the probe thread did not report")),
    };
    // SAFETY: `exchange` outlives the thread, which is joined here; nobody else
    // touches it in between.
    unsafe {
        let mut thread = std::mem::zeroed();
        let (mut all, mut before) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigfillset(&mut all);
        // The thread inherits it.
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
        let error =
            libc::pthread_create(&mut thread, ptr::null(), born, (&raw mut exchange).cast());
        libc::pthread_sigmask(libc::SIG_SETMASK, &before, ptr::null_mut());
        if error != 0 {
            return Err(Unsupported::new(
                "probe",
                format!(
                    "cannot start a thread: {}",
                    std::io::Error::from_raw_os_error(error)
                ),
            ));
        }
        libc::pthread_join(thread, ptr::null_mut());
    }
    exchange.result
}

/// The probe's start routine. Copies first, before anything has happened.
extern "C" fn born(exchange: *mut c_void) -> *mut c_void {
    // SAFETY: `probe` passes its own exchange and waits for us.
    let exchange = unsafe { &mut *exchange.cast::<Exchange>() };
    // The static TLS lies between this frame and the control block.
    let mut here = 0usize;
    let low = black_box(&raw mut here) as usize & !63;
    let tcb = Tcb::current();
    let end = tcb.address() + exchange.pthread;
    let length = end - low;
    // SAFETY: an anonymous private mapping, then a copy of memory that is this
    // thread's own stack and block into it. No allocator is called, since that
    // would change what is being copied.
    let copy = unsafe {
        let copy = libc::mmap(
            ptr::null_mut(),
            length,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        if copy == libc::MAP_FAILED {
            exchange.result = Err(Unsupported::new("probe", "out of memory"));
            return ptr::null_mut();
        }
        ptr::copy_nonoverlapping(low as *const u8, copy.cast::<u8>(), length);
        copy
    };
    // SAFETY: the mapping has `length` initialised bytes; it is unmapped right
    // after the copy into the heap.
    let image: Box<[u8]> = unsafe { std::slice::from_raw_parts(copy.cast::<u8>(), length) }.into();
    // SAFETY: as above.
    unsafe { libc::munmap(copy, length) };
    exchange.result = examine(exchange, tcb, low, image);
    ptr::null_mut()
}

fn examine(
    exchange: &Exchange,
    tcb: Tcb,
    low: usize,
    image: Box<[u8]>,
) -> Result<Findings, Unsupported> {
    let low_offset = (low as isize).wrapping_sub(tcb.address() as isize);
    let dtv = tcb.field::<*const u64>(exchange.dtv_pointer);
    // SAFETY: this thread's own table, whose element 0 is the generation. Read
    // before anything here could have brought it up to date.
    let generation = unsafe { dtv.read().read() };
    // SAFETY: this thread's own table, whose length is in the element before.
    let table = unsafe { table(dtv.read(), exchange.dtv_value) };
    let mut modules = modules::list();
    for module in &mut modules {
        // Static TLS is below FS, above this thread's frames. What lies
        // elsewhere was allocated for this thread, or not at all.
        module.offset = module.offset.filter(|&o| o < 0 && o >= low_offset);
    }
    add_unlisted(&mut modules, &table, tcb, low_offset);
    let offset_of = |address: *mut c_int| (address as isize).wrapping_sub(tcb.address() as isize);
    // SAFETY: returns the address of the calling thread's errno.
    let errno = offset_of(unsafe { libc::__errno_location() });
    let (libc_id, libc_range) = modules
        .iter()
        .find_map(|m| {
            let start = m.offset?;
            let range = start..start + m.size as isize;
            range.contains(&errno).then_some((m.id, range))
        })
        .ok_or_else(|| Unsupported::new("static TLS", "errno is in no module's static TLS"))?;
    let at_birth = |offset: isize| {
        let start = (offset - low_offset) as usize;
        u64::from_ne_bytes(image[start..start + 8].try_into().expect("eight bytes"))
    };
    let mut thread_words = thread_words(tcb, &libc_range, errno, at_birth)?;
    let lowest = modules.iter().filter_map(|module| module.offset).min();
    thread_words.extend(race::context_word(lowest.unwrap_or(0))?);
    let specific_used = specific_used(tcb, exchange.pthread, &exchange.specific)?;
    Ok(Findings {
        low: low_offset,
        tcb: tcb.address(),
        stack: stack_bounds()?,
        modules,
        libc: libc_id,
        thread_words,
        specific_used,
        generation,
        image,
    })
}

/// What a DTV holds for each module id from 1 on: the address of its thread-locals,
/// all ones if they are allocated on first use, or 0 if there is no such module.
///
/// # Safety
/// `dtv` is a thread's table, which does not change meanwhile; the address is
/// word `value` of an element.
unsafe fn table(dtv: *const u64, value: usize) -> Vec<usize> {
    // SAFETY: elements are pairs of words. Number -1 holds the highest number,
    // number 0 the generation.
    unsafe {
        let highest = dtv.sub(2).read() as usize;
        (1..=highest)
            .map(|id| dtv.add(2 * id + value).read() as usize)
            .collect()
    }
}

/// Adds the modules that `dl_iterate_phdr` conceals because they were loaded into
/// a namespace of their own (`dlmopen`).
fn add_unlisted(modules: &mut Vec<Module>, table: &[usize], tcb: Tcb, low: isize) {
    for (index, &address) in table.iter().enumerate() {
        let id = index + 1;
        if address == 0 || modules.iter().any(|module| module.id == id) {
            continue;
        }
        let offset = (address as isize).wrapping_sub(tcb.address() as isize);
        let offset = (low..0).contains(&offset).then_some(offset);
        // It reaches up to its neighbour's at most.
        let size = offset.map_or(0, |offset| {
            let above = modules.iter().filter_map(|module| module.offset);
            let end = above.filter(|&other| other > offset).min().unwrap_or(0);
            (end - offset) as usize
        });
        modules.push(Module {
            id,
            offset,
            image: None,
            size,
            align: 1,
        });
    }
}

/// The calling thread's stack as `pthread_getattr_np` tells: (lowest, size).
pub(crate) fn stack_bounds() -> Result<(usize, usize), Unsupported> {
    // SAFETY: the attribute object is filled by pthread_getattr_np, read, and
    // destroyed once.
    unsafe {
        let mut attributes = std::mem::zeroed();
        let error = libc::pthread_getattr_np(libc::pthread_self(), &mut attributes);
        if error != 0 {
            return Err(Unsupported::new(
                "stack bounds",
                "pthread_getattr_np failed",
            ));
        }
        let (mut lowest, mut size) = (ptr::null_mut(), 0);
        libc::pthread_attr_getstack(&attributes, &mut lowest, &mut size);
        libc::pthread_attr_destroy(&mut attributes);
        Ok((lowest as usize, size))
    }
}

/// Finds the words of libc's TLS that are caches of the OS thread: malloc's, the
/// resolver's, and the buffers of dlerror, strerror and strsignal. A goroutine
/// that kept its own would leave them behind at its end, because the function
/// that frees them at a thread's end is private to glibc.
fn thread_words(
    tcb: Tcb,
    range: &std::ops::Range<isize>,
    errno: isize,
    at_birth: impl Fn(isize) -> u64,
) -> Result<Vec<isize>, Unsupported> {
    let offsets: Vec<isize> = {
        let first = range.start.next_multiple_of_8();
        (first..range.end - 7).step_by(8).collect()
    };
    let now = |offset: isize| {
        // SAFETY: an aligned word of this thread's own static TLS. Volatile,
        // because the calls below change it behind the compiler's back.
        unsafe { tcb.field::<u64>(offset).read_volatile() }
    };
    let exercises: [fn(); 5] = [
        || {
            // SAFETY: each block is freed once.
            unsafe {
                for size in [24, 1000, 100_000] {
                    libc::free(black_box(libc::malloc(black_box(size))));
                }
            }
        },
        || {
            // SAFETY: looks for a file that does not exist, and takes the error.
            unsafe {
                black_box(libc::dlopen(c"/no/such/library".as_ptr(), libc::RTLD_LAZY));
                black_box(libc::dlerror());
            }
        },
        || {
            // SAFETY: returns a pointer to a static or thread's own string.
            unsafe { black_box(libc::strerror(black_box(123_456))) };
        },
        || {
            // SAFETY: as above.
            unsafe { black_box(libc::strsignal(black_box(12_345))) };
        },
        || {},
    ];
    let mut words: Vec<isize> = Vec::new();
    let mut before: Vec<u64> = offsets.iter().map(|&o| at_birth(o)).collect();
    for exercise in exercises {
        exercise();
        for (&offset, before) in offsets.iter().zip(&mut before) {
            let after = now(offset);
            if *before != after && !words.contains(&offset) {
                words.push(offset);
            }
            *before = after;
        }
    }
    if let Some(resolver) = thread_db::symbol(c"__resp") {
        // dlsym on a thread-local gives the caller's copy.
        let offset = (resolver as isize).wrapping_sub(tcb.address() as isize);
        if offsets.contains(&offset) && !words.contains(&offset) {
            words.push(offset);
        }
    }
    // errno is the goroutine's own, like a thread's.
    words.retain(|&offset| !(offset..offset + 8).contains(&errno));
    words.sort_unstable();
    Ok(words)
}

/// Finds the flag that glibc sets at a thread's first `pthread_setspecific`, by
/// doing one and looking for the byte that changed outside the data itself.
///
/// A sanitizer may have done one on this thread before us. Then no byte changes; the
/// flag is the one that does when it was cleared before. Bytes of addresses must not be
/// cleared: only those are tried that have nothing but flags around them.
fn specific_used(
    tcb: Tcb,
    pthread: usize,
    specific: &std::ops::Range<isize>,
) -> Result<isize, Unsupported> {
    let unsupported = |found: &str| Unsupported::new("pthread_setspecific", found);
    // SAFETY: bytes of this thread's own control block; volatile since libc changes
    // them.
    let read = |offset: isize| unsafe { tcb.field::<u8>(offset).read_volatile() };
    let write = |offset: isize, value| {
        // SAFETY: as above; see the callers for what may be written.
        unsafe { tcb.field::<u8>(offset).write_volatile(value) }
    };
    let mut key = 0;
    // SAFETY: creates a key without destructor.
    if unsafe { libc::pthread_key_create(&mut key, None) } != 0 {
        return Err(unsupported("no key is left"));
    }
    // SAFETY: the key exists; what it is set to is never used.
    let set = |value| unsafe { libc::pthread_setspecific(key, ptr::without_provenance(value)) };
    // The kernel writes there whenever the thread goes to another CPU.
    let kernels = super::rseq_area().unwrap_or(0..0);
    let outside: Vec<isize> = (0..pthread as isize)
        .filter(|offset| !specific.contains(offset) && !kernels.contains(offset))
        .collect();
    let before: Vec<u8> = outside.iter().map(|&offset| read(offset)).collect();
    set(1);
    let mut found: Vec<isize> = outside
        .iter()
        .zip(before)
        .filter(|&(&offset, before)| before == 0 && read(offset) != 0)
        .map(|(&offset, _)| offset)
        .collect();
    if found.is_empty() {
        let is_flag = |offset: isize| {
            let word = offset & !7..(offset & !7) + 8;
            read(offset) == 1 && word.into_iter().all(|offset| read(offset) <= 1)
        };
        // None of this thread's flags matters to setting a key, but the one.
        found.extend(outside.iter().filter(|&&offset| {
            if !is_flag(offset) {
                return false;
            }
            write(offset, 0);
            set(1);
            let is_set = read(offset) == 1;
            write(offset, 1);
            is_set
        }));
    }
    set(0);
    // SAFETY: our own key.
    unsafe { libc::pthread_key_delete(key) };
    match found[..] {
        [flag] => Ok(flag),
        _ => Err(unsupported("cannot tell where its flag is")),
    }
}

trait NextMultiple {
    fn next_multiple_of_8(self) -> Self;
}

impl NextMultiple for isize {
    fn next_multiple_of_8(self) -> isize {
        (self + 7) & !7
    }
}
