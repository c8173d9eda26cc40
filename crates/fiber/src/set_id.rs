//! Letting `setuid` and its like work while fibers run.
//!
//! The kernel keeps user and group ids per thread. glibc makes a change apply to
//! the process by sending each of its threads an internal signal; the handler
//! makes the system call and marks *its own thread's* control block as done, which
//! the caller waits for. A thread that runs a fiber has the fiber's block, so the
//! mark would go astray, and the caller would wait for ever.
//!
//! So the signal gets a handler around glibc's, that puts the OS thread's own
//! block in place while glibc's runs. libc's `sigaction` refuses the signal; the
//! system call does not.

use crate::error::Unsupported;
use crate::fs_base::Tcb;
use crate::layout::Layout;
use crate::raw;
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicUsize, Ordering};

/// The signal (glibc's SIGSETXID).
const SIGNAL: c_int = 33;

/// The kernel's `struct sigaction`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Action {
    handler: usize,
    flags: u64,
    restorer: usize,
    mask: u64,
}

type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// glibc's handler.
static PREVIOUS: AtomicUsize = AtomicUsize::new(0);

/// Installs the handler, if glibc has one.
pub(crate) fn wrap() -> Result<(), Unsupported> {
    let failed = |what| {
        let error = std::io::Error::last_os_error();
        Unsupported::new(
            "signal of setuid",
            format!("cannot {what} its handler: {error}"),
        )
    };
    let mut action = Action {
        handler: 0,
        flags: 0,
        restorer: 0,
        mask: 0,
    };
    if !change(None, Some(&mut action)) {
        return Err(failed("read"));
    }
    let ours = handle as *const () as usize;
    if action.handler == libc::SIG_DFL || action.handler == libc::SIG_IGN || action.handler == ours
    {
        return Ok(());
    }
    PREVIOUS.store(action.handler, Ordering::Release);
    action.handler = ours;
    if !change(Some(&action), None) {
        return Err(failed("set"));
    }
    Ok(())
}

fn change(new: Option<&Action>, old: Option<&mut Action>) -> bool {
    let new = new.map_or(std::ptr::null(), std::ptr::from_ref);
    let old = old.map_or(std::ptr::null_mut(), std::ptr::from_mut);
    // SAFETY: both are null or valid; the handler has the signature that glibc's
    // flags promise it, and does only what is allowed in one.
    unsafe { libc::syscall(libc::SYS_rt_sigaction, SIGNAL, new, old, size_of::<u64>()) == 0 }
}

extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let previous = PREVIOUS.load(Ordering::Acquire);
    // SAFETY: a handler that was installed with SA_SIGINFO, as glibc's is.
    let previous: Handler = unsafe { std::mem::transmute(previous) };
    match raw::current_blocks() {
        None => previous(signal, info, context),
        Some((fiber, thread)) => on_thread(fiber, thread, || previous(signal, info, context)),
    }
}

/// Kept apart from code that uses thread-locals; see `fs_base`.
#[inline(never)]
fn on_thread(fiber: Tcb, thread: Tcb, f: impl FnOnce()) {
    let setter = Layout::get()
        .expect("a fiber runs, so the layout is known")
        .setter;
    // SAFETY: the thread's own block is current nowhere while it runs a fiber.
    // glibc's handler makes system calls and writes its control block; it uses
    // none of the words that move with the thread.
    unsafe {
        setter.set(thread);
        f();
        setter.set(fiber);
    }
}
