//! Stacks that overflow, and faults that are none.

use crate::program::Case;

/// Needs about `kilobytes` of stack.
fn recurse(kilobytes: usize) -> usize {
    // By reference: by value, a build without optimisation copies it.
    let frame = [kilobytes as u8; 1024];
    std::hint::black_box(&frame);
    if kilobytes == 0 {
        return 0;
    }
    recurse(kilobytes - 1) + usize::from(frame[17] == kilobytes as u8)
}

pub(crate) const CASES: &[Case] = &[
    Case {
        // TestStackOverflow.
        name: "overflow::is_reported",
        program: || {
            sortie::run(|| {
                sortie::yield_now();
                let handle = sortie::task::Builder::new()
                    .name("deep")
                    .spawn(|| recurse(100_000))
                    .unwrap();
                handle.join().unwrap();
            });
        },
        check: |case| {
            case.run().signal(libc::SIGABRT).says(&[
                "goroutine 2 (deep) has overflowed its stack of 256 KiB",
                "created at ",
                "overflow.rs",
                "stack_size",
                "fatal error: stack overflow",
            ]);
        },
    },
    Case {
        name: "overflow::of_a_stack_of_its_own_size",
        program: || {
            sortie::run(|| {
                let spawn = |kilobytes| {
                    sortie::task::Builder::new()
                        .stack_size(2 << 20)
                        .spawn(move || recurse(kilobytes))
                        .unwrap()
                };
                spawn(1500).join().unwrap();
                spawn(3000).join().unwrap();
            });
        },
        check: |case| {
            case.run()
                .signal(libc::SIGABRT)
                .says(&["goroutine 3 has overflowed its stack of 2048 KiB"]);
        },
    },
    Case {
        name: "overflow::of_a_plain_thread_is_reported_by_std",
        program: || {
            sortie::run(|| ());
            let thread = std::thread::Builder::new().name("plain".into());
            let _ = thread.spawn(|| recurse(1_000_000)).unwrap().join();
        },
        check: |case| {
            case.run()
                .signal(libc::SIGABRT)
                .says(&["thread 'plain'", "has overflowed its stack"])
                .is_silent_about("goroutine");
        },
    },
    Case {
        name: "overflow::other_faults_are_not_ours",
        program: || {
            sortie::run(|| {
                let address = std::hint::black_box(64 as *const u8);
                // SAFETY: there is none; this is to fault.
                let _ = std::hint::black_box(unsafe { address.read_volatile() });
            });
        },
        check: |case| {
            case.run()
                .signal(libc::SIGSEGV)
                .is_silent_about("overflowed");
        },
    },
];
