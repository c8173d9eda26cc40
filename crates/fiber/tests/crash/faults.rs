//! Faults that are no overflow.

use crate::overflow::report;
use crate::program::Case;
use sortie_fiber::overflow;
use sortie_fiber::{Fiber, Progress};
use std::ffi::{c_int, c_void};

/// Reads where nothing is.
fn fault() {
    let address = std::hint::black_box(std::ptr::without_provenance::<u8>(64));
    // SAFETY: there is none; this is to fault.
    let _ = std::hint::black_box(unsafe { address.read_volatile() });
}

fn on_a_fiber(f: fn()) {
    let mut fiber = Fiber::<(), (), ()>::new(move |_, ()| f()).unwrap();
    fiber.resume(());
}

/// Installs a handler of the program's own, before that for overflows.
fn handler(handler: usize, flags: c_int) {
    // SAFETY: an action with a handler of the type that the flags say.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler;
        action.sa_flags = flags | libc::SA_ONSTACK;
        libc::sigaction(libc::SIGSEGV, &action, std::ptr::null_mut());
    }
}

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "faults::a_null_pointer_on_a_fiber",
        program: || {
            overflow::install(report).unwrap();
            on_a_fiber(fault);
        },
        check: |outcome| {
            outcome.signal(libc::SIGSEGV).is_silent_about("overflow");
        },
    },
    Case {
        name: "faults::a_null_pointer_on_a_thread",
        program: || {
            overflow::install(report).unwrap();
            on_a_fiber(|| ());
            fault();
        },
        check: |outcome| {
            outcome.signal(libc::SIGSEGV).is_silent_about("overflow");
        },
    },
    Case {
        name: "faults::reach_the_handler_before",
        program: || {
            extern "C" fn exit(_: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
                // SAFETY: the kernel's description of the signal; ends the process.
                unsafe {
                    let address = (*info).si_addr().addr();
                    libc::_exit(if context.is_null() { 1 } else { address as i32 })
                }
            }
            handler(exit as *const () as usize, libc::SA_SIGINFO);
            overflow::install(report).unwrap();
            on_a_fiber(fault);
        },
        check: |outcome| {
            outcome.status(64).is_silent_about("overflow");
        },
    },
    Case {
        name: "faults::reach_a_plain_handler_before",
        program: || {
            extern "C" fn exit(signal: c_int) {
                // SAFETY: ends the process.
                unsafe { libc::_exit(signal + 50) }
            }
            handler(exit as *const () as usize, 0);
            overflow::install(report).unwrap();
            on_a_fiber(fault);
        },
        check: |outcome| {
            outcome
                .status(50 + libc::SIGSEGV)
                .is_silent_about("overflow");
        },
    },
    Case {
        name: "faults::with_the_default_action_before",
        program: || {
            handler(libc::SIG_DFL, 0);
            overflow::install(report).unwrap();
            on_a_fiber(fault);
        },
        check: |outcome| {
            outcome.signal(libc::SIGSEGV).is_silent_about("overflow");
        },
    },
    Case {
        name: "faults::in_the_guard_of_another_fiber",
        program: || {
            overflow::install(report).unwrap();
            let mut other = Fiber::<(), usize, ()>::new(|suspender, ()| {
                let here = 0u8;
                suspender.suspend((&raw const here).addr());
            })
            .unwrap();
            let Progress::Suspended(top) = other.resume(()) else {
                panic!("it suspends");
            };
            let mut fiber = Fiber::<usize, (), ()>::new(|_, address| {
                let address = std::ptr::with_exposed_provenance::<u8>(address);
                // SAFETY: there is none; this is to fault.
                let _ = std::hint::black_box(unsafe { address.read_volatile() });
            })
            .unwrap();
            // The guard of 16 KiB begins 256 KiB below the stack's top.
            fiber.resume(top - (256 << 10) - (8 << 10));
        },
        check: |outcome| {
            outcome.signal(libc::SIGSEGV).is_silent_about("overflow");
        },
    },
    Case {
        name: "faults::a_signal_that_somebody_sends",
        program: || {
            overflow::install(report).unwrap();
            on_a_fiber(|| {
                for _ in 0..2 {
                    // SAFETY: signals this process, which dies of the second at
                    // the latest.
                    unsafe { libc::raise(libc::SIGSEGV) };
                }
            });
        },
        check: |outcome| {
            outcome.signal(libc::SIGSEGV).is_silent_about("overflow");
        },
    },
];
