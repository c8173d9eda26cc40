//! Reporting the overflow of a fiber's stack.
//!
//! Below each stack is a guard. A fault in it is an overflow; any other fault is
//! none of our business and goes to whoever handled it before. The handler runs
//! on the thread's alternate signal stack and never returns to the fiber.

use crate::raw;
use std::ffi::{c_int, c_void};
use std::io;
use std::sync::OnceLock;

/// A fiber that ran out of stack.
#[derive(Debug, Clone, Copy)]
pub struct Overflow {
    /// Bytes of stack the fiber had.
    pub stack_size: usize,
    /// The address that was touched, in the guard.
    pub address: usize,
}

/// Where faults go that are not ours.
struct Previous {
    segv: libc::sigaction,
    bus: libc::sigaction,
}

static PREVIOUS: OnceLock<Previous> = OnceLock::new();
static REPORT: OnceLock<fn(&Overflow)> = OnceLock::new();

/// Installs a handler for overflows of fiber stacks, once for the process:
/// further calls do nothing. When a stack overflows, the handler calls `report`
/// and aborts.
///
/// `report` runs in a signal handler on the overflowed fiber, on the alternate
/// stack. It may read thread-locals without lazy initialisation, and call what
/// is async-signal-safe.
///
/// # Errors
/// If the system refuses the handler.
pub fn install(report: fn(&Overflow)) -> io::Result<()> {
    // Whoever comes second waits until the first is done.
    static INSTALLED: OnceLock<Result<(), i32>> = OnceLock::new();
    INSTALLED
        .get_or_init(|| {
            let _ = REPORT.set(report);
            set_handlers().map_err(|error| error.raw_os_error().unwrap_or(libc::EINVAL))
        })
        .map_err(io::Error::from_raw_os_error)
}

fn set_handlers() -> io::Result<()> {
    let previous = Previous {
        segv: action(libc::SIGSEGV)?,
        bus: action(libc::SIGBUS)?,
    };
    let _ = PREVIOUS.set(previous);
    for signal in [libc::SIGSEGV, libc::SIGBUS] {
        // SAFETY: a zeroed action is the default one, then filled; `handle` has
        // the signature that SA_SIGINFO promises.
        let result = unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = handle as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigemptyset(&mut action.sa_mask);
            libc::sigaction(signal, &action, std::ptr::null_mut())
        };
        if result != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// The action in force for a signal.
fn action(signal: c_int) -> io::Result<libc::sigaction> {
    // SAFETY: only reads the action.
    unsafe {
        let mut action = std::mem::zeroed();
        match libc::sigaction(signal, std::ptr::null(), &mut action) {
            0 => Ok(action),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// Gives the calling OS thread an alternate signal stack if it has none. Threads
/// of std have one; threads that C code made need this before they run fibers.
///
/// # Errors
/// If there is no memory for it.
pub fn prepare_thread() -> io::Result<()> {
    const SIZE: usize = 64 * 1024;
    // SAFETY: queries the thread's alternate stack; if there is none, sets one
    // of fresh memory. It is left behind if the thread ends, like any other
    // memory that a thread of C code had.
    unsafe {
        let mut stack: libc::stack_t = std::mem::zeroed();
        if libc::sigaltstack(std::ptr::null(), &mut stack) != 0 {
            return Err(io::Error::last_os_error());
        }
        if stack.ss_flags & libc::SS_DISABLE == 0 {
            return Ok(());
        }
        let memory = libc::mmap(
            std::ptr::null_mut(),
            SIZE,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        stack.ss_sp = memory;
        stack.ss_size = SIZE;
        stack.ss_flags = 0;
        match libc::sigaltstack(&stack, std::ptr::null_mut()) {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

extern "C" fn handle(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel passes a valid siginfo, which has an address for these
    // two signals when it sends them itself: then the code is positive.
    let (code, address) = unsafe { ((*info).si_code, (*info).si_addr() as usize) };
    if code > 0
        && let Some((guard, stack_size)) = raw::current_guard()
        && guard.contains(&address)
    {
        if let Some(report) = REPORT.get() {
            report(&Overflow {
                stack_size,
                address,
            });
        }
        // SAFETY: ends the process.
        unsafe { libc::abort() }
    }
    pass_on(signal, info, context);
}

/// Lets the previous handler have a fault.
fn pass_on(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    let Some(previous) = PREVIOUS.get() else {
        return;
    };
    let action = match signal {
        libc::SIGBUS => &previous.bus,
        _ => &previous.segv,
    };
    // SAFETY: calls a handler with what its flags promise it, or restores the
    // default, upon which the fault repeats and ends the process.
    unsafe {
        match action.sa_sigaction {
            libc::SIG_DFL | libc::SIG_IGN => {
                libc::sigaction(signal, action, std::ptr::null_mut());
            }
            handler if action.sa_flags & libc::SA_SIGINFO != 0 => {
                let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) =
                    std::mem::transmute(handler);
                handler(signal, info, context);
            }
            handler => {
                let handler: extern "C" fn(c_int) = std::mem::transmute(handler);
                handler(signal);
            }
        }
    }
}
