//! What the process is told by signals: overflowed stacks, and SIGQUIT.

use crate::base::atomic::{AtomicPtr, Ordering};
use crate::goroutine::current;
use crate::sched::Scheduler;
use sortie_fiber::overflow::{self, Overflow};
use std::fmt::{self, Write};
use std::io;
use std::ptr;

/// Whom SIGQUIT is for.
static SCHEDULER: AtomicPtr<Scheduler> = AtomicPtr::new(ptr::null_mut());

/// Installs the handlers. SIGQUIT is left alone if somebody handles it already.
pub(crate) fn install(scheduler: &'static Scheduler) -> io::Result<()> {
    overflow::install(report)?;
    SCHEDULER.store(ptr::from_ref(scheduler).cast_mut(), Ordering::Release);
    // SAFETY: queries the action, and sets a handler that does only what is
    // allowed in one.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        if libc::sigaction(libc::SIGQUIT, ptr::null(), &mut action) != 0 {
            return Err(io::Error::last_os_error());
        }
        if action.sa_sigaction != libc::SIG_DFL {
            return Ok(());
        }
        action.sa_sigaction = on_quit as *const () as usize;
        action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
        libc::sigemptyset(&mut action.sa_mask);
        if libc::sigaction(libc::SIGQUIT, &action, ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

extern "C" fn on_quit(_signal: libc::c_int) {
    // SAFETY: set from a `&'static`.
    if let Some(scheduler) = unsafe { SCHEDULER.load(Ordering::Acquire).as_ref() } {
        scheduler.sysmon.request_quit();
    }
}

/// Text without an allocator, for a signal handler.
struct Text {
    bytes: [u8; 1024],
    length: usize,
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = &mut self.bytes[self.length..];
        let count = text.len().min(room.len());
        room[..count].copy_from_slice(&text.as_bytes()[..count]);
        self.length += count;
        Ok(())
    }
}

/// Tells which goroutine has overflowed its stack. In a signal handler, on the
/// alternate stack, with the goroutine's thread-locals.
fn report(overflow: &Overflow) {
    crate::record::end();
    const PAGE: usize = 4096;
    let size = overflow.stack_size / PAGE * PAGE / 1024;
    let mut text = Text {
        bytes: [0; 1024],
        length: 0,
    };
    let _ = match current::current() {
        Some(g) => {
            let _ = write!(text, "\ngoroutine {}", g.id.load(Ordering::Relaxed));
            if let Some(name) = g.name() {
                let _ = write!(text, " ({name})");
                // Freeing memory is not for signal handlers.
                std::mem::forget(name);
            }
            let _ = writeln!(text, " has overflowed its stack of {size} KiB");
            if let Some(place) = g.created_at() {
                let _ = writeln!(text, "created at {place}");
            }
            writeln!(
                text,
                "give it a larger one with `task::Builder::stack_size`, or all of them with \
                 SORTIE_STACK_SIZE or `runtime::Builder::stack_size`\n\
                 fatal error: stack overflow"
            )
        }
        None => writeln!(text, "\na fiber has overflowed its stack of {size} KiB"),
    };
    // SAFETY: writes a buffer of ours.
    unsafe { libc::write(2, text.bytes.as_ptr().cast(), text.length) };
}
