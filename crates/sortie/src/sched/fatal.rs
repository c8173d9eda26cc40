//! Errors that end the process: a message on standard error, exit status 2.

use crate::base::syscall::syscall4;
use std::fmt;
use std::io::Write;

/// Writes to standard error, whatever happens, and ends the process without
/// running anything else.
pub(crate) fn exit(message: fmt::Arguments<'_>) -> ! {
    crate::record::end();
    let mut text = message.to_string();
    text.push('\n');
    // Not through std's handle, whose lock somebody may hold.
    let mut bytes = text.as_bytes();
    while !bytes.is_empty() {
        // SAFETY: writes a buffer of ours.
        let count = unsafe { libc::write(2, bytes.as_ptr().cast(), bytes.len()) };
        match usize::try_from(count) {
            Ok(count) if count > 0 => bytes = &bytes[count..],
            _ => break,
        }
    }
    let _ = std::io::stderr().flush();
    // Not by libc's function: a sanitizer would end the process in its own way.
    // SAFETY: ends the process.
    unsafe { syscall4(libc::SYS_exit_group, [2, 0, 0, 0]) };
    unreachable!("the process has ended")
}

/// Reports that the runtime cannot go on.
#[cold]
pub(crate) fn throw(message: fmt::Arguments<'_>) -> ! {
    exit(format_args!("fatal error: {message}"))
}

#[cold]
pub(super) fn thread_exhaustion(limit: usize) -> ! {
    exit(format_args!(
        "runtime: program exceeds {limit}-thread limit\nfatal error: thread exhaustion"
    ))
}

#[cold]
pub(super) fn no_thread(threads: usize, error: &std::io::Error) -> ! {
    exit(format_args!(
        "runtime: failed to create new OS thread (have {threads} already): {error}\n\
         runtime: may need to increase max user processes (ulimit -u)\n\
         fatal error: cannot start a thread"
    ))
}

#[cold]
pub(super) fn no_stack(error: &std::io::Error) -> ! {
    exit(format_args!(
        "runtime: cannot make a stack accessible: {error}\nfatal error: out of memory"
    ))
}
