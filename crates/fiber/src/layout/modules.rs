//! The loaded objects that have a TLS segment.

use crate::fs_base::Tcb;
use std::ffi::{c_int, c_void};

/// One object with thread-locals.
#[derive(Debug)]
pub(super) struct Module {
    /// Index into every thread's DTV.
    pub(super) id: usize,
    /// Where the calling thread's copy lies, relative to its FS base; `None`
    /// while that thread has none.
    pub(super) offset: Option<isize>,
    /// Initial contents; what follows up to `size` is zero. `None` if only a
    /// thread at its birth can tell.
    pub(super) image: Option<Box<[u8]>>,
    /// Bytes in memory.
    pub(super) size: usize,
    /// Required alignment.
    pub(super) align: usize,
}

/// Lists them, with offsets as seen by the calling thread.
pub(super) fn list() -> Vec<Module> {
    let mut modules: Vec<Module> = Vec::new();
    // SAFETY: `visit` has the expected signature and takes the vector for the
    // duration of the call only.
    unsafe { libc::dl_iterate_phdr(Some(visit), (&raw mut modules).cast()) };
    modules
}

unsafe extern "C" fn visit(
    info: *mut libc::dl_phdr_info,
    info_size: libc::size_t,
    data: *mut c_void,
) -> c_int {
    if info_size < size_of::<libc::dl_phdr_info>() {
        return 0; // too old to tell about TLS
    }
    // SAFETY: `list` passes its vector; ld.so passes a filled-in structure.
    let (modules, info) = unsafe { (&mut *data.cast::<Vec<Module>>(), &*info) };
    for index in 0..info.dlpi_phnum {
        // SAFETY: there are `dlpi_phnum` program headers at `dlpi_phdr`.
        let header = unsafe { &*info.dlpi_phdr.add(index.into()) };
        if header.p_type != libc::PT_TLS {
            continue;
        }
        let start = (info.dlpi_addr + header.p_vaddr) as *const u8;
        modules.push(Module {
            id: info.dlpi_tls_modid,
            offset: (!info.dlpi_tls_data.is_null()).then(|| {
                (info.dlpi_tls_data as isize).wrapping_sub(Tcb::current().address() as isize)
            }),
            // SAFETY: ld.so has mapped the segment's image there, copies it
            // into new threads, and keeps the object loaded during this call.
            image: Some(
                unsafe { std::slice::from_raw_parts(start, header.p_filesz as usize) }.into(),
            ),
            size: header.p_memsz as usize,
            align: (header.p_align as usize).max(1),
        });
    }
    0
}
