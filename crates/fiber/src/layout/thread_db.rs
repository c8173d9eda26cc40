//! glibc's own description of its thread structures.
//!
//! For the sake of debuggers glibc publishes, as data symbols, where the
//! members of `struct pthread` lie. A field's descriptor is three words (size
//! in bits, number of elements, offset in bytes); a structure's is its size.
//! Nothing here is compiled in: what this libc says is what is used.

use crate::error::Unsupported;
use std::ffi::{CStr, c_void};

/// Looks a symbol up in all loaded objects.
pub(super) fn symbol(name: &CStr) -> Option<*mut c_void> {
    // SAFETY: `name` is a C string; RTLD_DEFAULT searches what is loaded.
    let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!address.is_null()).then_some(address)
}

/// A symbol that must exist.
pub(super) fn needed(name: &CStr) -> Result<*mut c_void, Unsupported> {
    symbol(name).ok_or_else(|| {
        Unsupported::new(
            "glibc symbols",
            format!(
                "the C library does not publish `{}`",
                name.to_string_lossy()
            ),
        )
    })
}

/// Descriptor of one member.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) bits: u32,
    pub(super) offset: usize,
}

/// Reads the descriptor of a member.
pub(super) fn field(name: &CStr) -> Result<Field, Unsupported> {
    let words = needed(name)?.cast::<u32>();
    // SAFETY: a field's descriptor is an array of three 32-bit words by the
    // contract between glibc and its libthread_db (nptl_db/db_info.c).
    let [bits, _elements, offset] = unsafe { words.cast::<[u32; 3]>().read() };
    Ok(Field {
        bits,
        offset: offset as usize,
    })
}

/// Reads the size of a structure, in bytes.
pub(super) fn size(name: &CStr) -> Result<usize, Unsupported> {
    // SAFETY: a structure's descriptor is one 32-bit word, as above.
    Ok(unsafe { needed(name)?.cast::<u32>().read() } as usize)
}
