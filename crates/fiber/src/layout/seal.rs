//! Using up what is left of the static TLS area.
//!
//! glibc keeps a surplus of 1 to 2 KiB below every thread's static TLS, for
//! libraries that are loaded later and insist on an address relative to FS
//! (`-ftls-model=initial-exec`, or descriptors that ld.so resolves to one).
//! When such a library comes, glibc lays its variables into the surplus of
//! every thread *it knows*. It knows no fibers. A fiber without that surplus
//! would find its own stack there; a fiber with it would pay a page for it and
//! still miss the initial values.
//!
//! So the surplus is taken before the first fiber exists, by loading a tiny
//! library that consists of nothing but a block of static TLS. From then on a
//! library that merely prefers static TLS gets dynamic TLS, which works per
//! fiber, and one that insists fails to load with glibc's own message, "cannot
//! allocate memory in static TLS block". Its cure is the usual one: link it, or
//! load it before the first fiber.
//!
//! The library is some 600 bytes, written here, kept in a memory file. The
//! file's descriptor stays open: its path, `/proc/self/fd/N`, is the library's
//! name, which symbolizers open to look for debug information.

use super::thread_db;
use std::ffi::{CString, c_void};
use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd};

/// Takes all of the surplus it can get. Returns the TLS module ids it used, and
/// the number of bytes at most that could not be taken.
pub(super) fn seal() -> (Vec<usize>, usize) {
    let mut modules = Vec::new();
    // From large to small, down to a single byte: nothing must remain, since an
    // integer is enough for a library that insists.
    let mut size = total().next_power_of_two();
    while size > 0 {
        match load(size) {
            Some(module) => modules.push(module),
            None => size /= 2,
        }
        if modules.len() > 64 {
            break; // no libc has a megabyte of surplus; do not loop for ever
        }
    }
    // If nothing at all could be loaded, or the loop was given up, it was not for
    // lack of room.
    let left = if modules.is_empty() || size > 0 {
        total()
    } else {
        0
    };
    (modules, left)
}

/// The size of the whole static TLS area with the thread-control block, an
/// upper bound of the surplus.
fn total() -> usize {
    /// What a glibc without the symbol may keep, generously.
    const UNKNOWN: usize = 8192;
    let Some(symbol) = thread_db::symbol(c"__pthread_get_minstack") else {
        return UNKNOWN;
    };
    // SAFETY: glibc exports this function for language runtimes; std calls it
    // with this signature.
    let minstack: unsafe extern "C" fn(*const libc::pthread_attr_t) -> libc::size_t =
        unsafe { std::mem::transmute(symbol) };
    // SAFETY: an all-zero attribute object is what pthread_attr_init makes of
    // it, up to the defaults it looks up.
    let mut attributes: libc::pthread_attr_t = unsafe { std::mem::zeroed() };
    // SAFETY: initialises the object it is given, which the next calls use and
    // destroy once.
    unsafe {
        libc::pthread_attr_init(&mut attributes);
        let bytes = minstack(&attributes).saturating_sub(libc::PTHREAD_STACK_MIN);
        libc::pthread_attr_destroy(&mut attributes);
        bytes.clamp(UNKNOWN / 2, 1 << 16)
    }
}

/// Loads a library with `size` bytes of static TLS. Returns its TLS module id.
fn load(size: usize) -> Option<usize> {
    // SAFETY: plain system calls on a name and buffer that outlive them.
    let file = unsafe {
        let fd = libc::memfd_create(c"sortie-static-tls".as_ptr(), libc::MFD_CLOEXEC);
        if fd < 0 {
            return None;
        }
        OwnedFd::from_raw_fd(fd)
    };
    let fd = file.into_raw_fd();
    let close = || {
        // SAFETY: `fd` is ours and not used after this.
        unsafe { libc::close(fd) };
        None
    };
    let image = library(size);
    // SAFETY: writes `image` to our own descriptor.
    let written = unsafe { libc::write(fd, image.as_ptr().cast(), image.len()) };
    if written != image.len() as isize {
        return close();
    }
    let path = CString::new(format!("/proc/self/fd/{fd}")).expect("no NUL in a number");
    let flags = libc::RTLD_NOW | libc::RTLD_LOCAL | libc::RTLD_NODELETE;
    // SAFETY: the library has no code and no constructors; loading it only maps
    // one page and allocates TLS.
    let handle = unsafe { libc::dlopen(path.as_ptr(), flags) };
    if handle.is_null() {
        // SAFETY: takes the error off the calling thread, so that nobody else
        // reads ours.
        unsafe { libc::dlerror() };
        return close();
    }
    module_id(handle)
}

/// The TLS module id of a loaded library.
fn module_id(handle: *mut c_void) -> Option<usize> {
    /// From <dlfcn.h>, request of dlinfo.
    const RTLD_DI_TLS_MODID: libc::c_int = 9;
    unsafe extern "C" {
        fn dlinfo(handle: *mut c_void, request: libc::c_int, info: *mut c_void) -> libc::c_int;
    }
    let mut id = 0usize;
    // SAFETY: this request writes one size_t to `info`.
    let result = unsafe { dlinfo(handle, RTLD_DI_TLS_MODID, (&raw mut id).cast()) };
    (result == 0).then_some(id)
}

/// The library: headers, a dynamic section, one relocation that forces static
/// TLS, and a TLS segment of `size` zero bytes. Layout by the ELF-64 format.
fn library(size: usize) -> Vec<u8> {
    const HEADER: u64 = 64;
    const PROGRAM_HEADER: u64 = 56;
    const PROGRAM_HEADERS: u64 = 4;
    const DYNAMIC: u64 = HEADER + PROGRAM_HEADER * PROGRAM_HEADERS;
    const DYNAMIC_ENTRIES: u64 = 9;
    const SYMBOLS: u64 = DYNAMIC + DYNAMIC_ENTRIES * 16;
    const STRINGS: u64 = SYMBOLS + 24;
    const RELOCATION: u64 = STRINGS + 8;
    const SLOT: u64 = RELOCATION + 24;
    const END: u64 = SLOT + 8;

    let mut file = Vec::with_capacity(END as usize);
    // e_ident: magic, 64-bit, little-endian, version 1, System V.
    file.extend(*b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    let half = |file: &mut Vec<u8>, value: u16| file.extend(value.to_le_bytes());
    let word = |file: &mut Vec<u8>, value: u32| file.extend(value.to_le_bytes());
    let long = |file: &mut Vec<u8>, value: u64| file.extend(value.to_le_bytes());
    half(&mut file, 3); // ET_DYN
    half(&mut file, 62); // EM_X86_64
    word(&mut file, 1); // EV_CURRENT
    long(&mut file, 0); // no entry point
    long(&mut file, HEADER); // program headers follow the header
    long(&mut file, 0); // no sections
    word(&mut file, 0); // flags
    half(&mut file, HEADER as u16);
    half(&mut file, PROGRAM_HEADER as u16);
    half(&mut file, PROGRAM_HEADERS as u16);
    half(&mut file, 64); // size of a section header, of which
    half(&mut file, 0); // there are none
    half(&mut file, 0);

    const READ_WRITE: u32 = 4 | 2;
    let mut segment = |kind: u32, at: u64, in_file: u64, in_memory: u64, align: u64| {
        word(&mut file, kind);
        word(&mut file, READ_WRITE);
        for value in [at, at, at, in_file, in_memory, align] {
            long(&mut file, value);
        }
    };
    segment(1, 0, END, END, 4096); // PT_LOAD
    segment(2, DYNAMIC, DYNAMIC_ENTRIES * 16, DYNAMIC_ENTRIES * 16, 8); // PT_DYNAMIC
    segment(7, SLOT, 0, size as u64, 1); // PT_TLS
    segment(0x6474_e551, 0, 0, 0, 16); // PT_GNU_STACK: no executable stack wanted

    for (tag, value) in [
        (5, STRINGS),    // DT_STRTAB
        (6, SYMBOLS),    // DT_SYMTAB
        (10, 8),         // DT_STRSZ
        (11, 24),        // DT_SYMENT
        (7, RELOCATION), // DT_RELA
        (8, 24),         // DT_RELASZ
        (9, 24),         // DT_RELAENT
        (30, 0x10),      // DT_FLAGS: DF_STATIC_TLS
        (0, 0),          // DT_NULL
    ] {
        long(&mut file, tag);
        long(&mut file, value);
    }
    file.extend([0; 24]); // the null symbol, local to the library
    file.extend([0; 8]); // the empty string
    long(&mut file, SLOT); // relocate this word ...
    long(&mut file, 18); // ... R_X86_64_TPOFF64 against the null symbol:
    long(&mut file, 0); //     the library's own offset from FS
    long(&mut file, 0); // the word
    debug_assert_eq!(file.len() as u64, END);
    file
}
