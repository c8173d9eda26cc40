//! Stacks that overflow.

use crate::program::Case;
use sortie_fiber::overflow::{self, Overflow};
use sortie_fiber::{Fiber, Progress};
use std::fmt::Write;

/// Writes to standard error, without allocation.
struct Raw;

impl Write for Raw {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        // SAFETY: writes what is there.
        unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
        Ok(())
    }
}

pub(crate) fn report(overflow: &Overflow) {
    // A page is a trifle.
    let kilobytes = overflow.stack_size / 16384 * 16;
    let _ = writeln!(Raw, "overflow at {} of {kilobytes} KiB", overflow.address);
}

/// Needs about so many kilobytes of stack.
#[inline(never)]
fn recurse(kilobytes: usize) -> usize {
    let frame = std::hint::black_box([kilobytes as u8; 1024]);
    if kilobytes == 0 {
        return 0;
    }
    recurse(kilobytes - 1) + usize::from(frame[17] == kilobytes as u8)
}

fn deep(size: usize) -> Fiber<(), (), ()> {
    Fiber::with_stack_size(size, |suspender, ()| {
        suspender.suspend(());
        recurse(100_000);
    })
    .unwrap()
}

/// The lowest address of the calling fiber's stack, as libc tells.
fn lowest() -> usize {
    // SAFETY: fills the caller's attributes, reads and destroys them once.
    unsafe {
        let mut attributes = std::mem::zeroed();
        assert_eq!(
            libc::pthread_getattr_np(libc::pthread_self(), &mut attributes),
            0
        );
        let (mut lowest, mut size) = (std::ptr::null_mut(), 0);
        libc::pthread_attr_getstack(&attributes, &mut lowest, &mut size);
        libc::pthread_attr_destroy(&mut attributes);
        lowest.addr()
    }
}

/// Writes a byte to each address, and says so.
fn touch(addresses: impl IntoIterator<Item = usize>) {
    for address in addresses {
        let _ = writeln!(Raw, "touch {address}");
        // SAFETY: the stack's own memory that is not in use; or its guard, where
        // it faults.
        unsafe { std::ptr::with_exposed_provenance_mut::<u8>(address).write_volatile(1) };
    }
}

/// The address that was touched last is the one that is reported.
fn reported_where_it_faulted(stderr: &str) -> bool {
    let mut touched = stderr.lines().rev();
    let last = touched.find_map(|line| line.strip_prefix("touch "));
    let last = last.expect("something was touched");
    stderr.contains(&format!("overflow at {last} of "))
}

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "overflow::is_reported",
        program: || {
            overflow::install(report).unwrap();
            let mut fiber = deep(256 << 10);
            assert_eq!(fiber.resume(()), Progress::Suspended(()));
            fiber.resume(());
        },
        check: |outcome| {
            outcome.signal(libc::SIGABRT).says(" of 256 KiB");
            assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
        },
    },
    Case {
        name: "overflow::on_another_thread_than_before",
        program: || {
            overflow::install(report).unwrap();
            let mut fiber = deep(1 << 20);
            assert_eq!(fiber.resume(()), Progress::Suspended(()));
            let _ = std::thread::spawn(move || fiber.resume(())).join();
        },
        check: |outcome| {
            outcome.signal(libc::SIGABRT).says(" of 1024 KiB");
        },
    },
    Case {
        name: "overflow::of_an_inner_fiber",
        program: || {
            overflow::install(report).unwrap();
            let mut outer = Fiber::<(), (), ()>::with_stack_size(1 << 20, |_, ()| {
                let mut inner = Fiber::<(), (), ()>::with_stack_size(64 << 10, |_, ()| {
                    touch([lowest() - 1]);
                })
                .unwrap();
                inner.resume(());
            })
            .unwrap();
            outer.resume(());
        },
        check: |outcome| {
            outcome.signal(libc::SIGABRT).says(" of 64 KiB");
            assert!(reported_where_it_faulted(&outcome.stderr));
        },
    },
    Case {
        name: "overflow::begins_right_below_the_stack",
        program: || {
            overflow::install(report).unwrap();
            let mut fiber = Fiber::<(), (), ()>::new(|_, ()| {
                let lowest = lowest();
                touch([lowest + 100, lowest + 1, lowest, lowest - 1]);
            })
            .unwrap();
            fiber.resume(());
        },
        check: |outcome| {
            outcome.signal(libc::SIGABRT);
            assert_eq!(outcome.stderr.matches("touch").count(), 4);
            assert!(reported_where_it_faulted(&outcome.stderr));
        },
    },
    Case {
        name: "overflow::by_a_step_of_several_pages",
        program: || {
            overflow::install(report).unwrap();
            let mut fiber = Fiber::<(), (), ()>::new(|_, ()| {
                let lowest = lowest();
                touch([lowest, lowest - 4 * 4096]);
            })
            .unwrap();
            fiber.resume(());
        },
        check: |outcome| {
            outcome.signal(libc::SIGABRT);
            assert!(reported_where_it_faulted(&outcome.stderr));
        },
    },
    Case {
        name: "overflow::of_a_frame_larger_than_the_guard",
        program: || {
            overflow::install(report).unwrap();
            let mut fiber = Fiber::<(), (), ()>::with_stack_size(64 << 10, |_, ()| {
                // Rust touches a large frame page by page.
                let mut frame = [0u8; 1 << 20];
                std::hint::black_box(&mut frame);
            })
            .unwrap();
            fiber.resume(());
        },
        check: |outcome| {
            outcome.signal(libc::SIGABRT).says(" of 64 KiB");
        },
    },
    Case {
        name: "overflow::on_a_thread_of_c_code",
        program: || {
            extern "C" fn start(_: *mut std::ffi::c_void) -> *mut std::ffi::c_void {
                overflow::prepare_thread().unwrap();
                overflow::prepare_thread().unwrap();
                let mut fiber = deep(256 << 10);
                fiber.resume(());
                fiber.resume(());
                std::ptr::null_mut()
            }
            overflow::install(report).unwrap();
            // SAFETY: starts a thread and waits for it.
            unsafe {
                let mut thread = std::mem::zeroed();
                let (attributes, argument) = (std::ptr::null(), std::ptr::null_mut());
                let error = libc::pthread_create(&mut thread, attributes, start, argument);
                assert_eq!(error, 0);
                libc::pthread_join(thread, std::ptr::null_mut());
            }
        },
        check: |outcome| {
            outcome.signal(libc::SIGABRT).says("overflow at ");
        },
    },
    Case {
        name: "overflow::of_a_plain_thread_is_stds_business",
        program: || {
            overflow::install(report).unwrap();
            deep(256 << 10).resume(());
            let thread = std::thread::Builder::new().name("plain".into());
            let _ = thread.spawn(|| recurse(1_000_000)).unwrap().join();
        },
        check: |outcome| {
            outcome
                .signal(libc::SIGABRT)
                .says("thread 'plain'")
                .says("has overflowed its stack")
                .is_silent_about("overflow at");
        },
    },
    Case {
        name: "overflow::without_a_handler_dies_of_the_fault",
        program: || {
            let mut fiber = deep(256 << 10);
            fiber.resume(());
            fiber.resume(());
        },
        check: |outcome| {
            outcome.signal(libc::SIGSEGV);
        },
    },
    Case {
        name: "overflow::is_installed_when_the_call_returns_on_many_threads",
        program: || {
            fn handler() -> usize {
                // SAFETY: only reads the action.
                unsafe {
                    let mut action: libc::sigaction = std::mem::zeroed();
                    libc::sigaction(libc::SIGBUS, std::ptr::null(), &mut action);
                    action.sa_sigaction
                }
            }
            let before = handler();
            let barrier = std::sync::Barrier::new(8);
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| {
                        barrier.wait();
                        overflow::install(report).unwrap();
                        assert_ne!(handler(), before);
                    });
                }
            });
        },
        check: |outcome| {
            outcome.status(0);
        },
    },
];
