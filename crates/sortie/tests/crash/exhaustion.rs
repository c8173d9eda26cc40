//! Running out of threads, of address space, of descriptors for guards.

use crate::program::Case;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

/// Limits a resource in the program that a command will start.
fn limit(command: &mut Command, resource: u32, value: u64) -> &mut Command {
    // SAFETY: between fork and exec, calls only setrlimit.
    unsafe {
        command.pre_exec(move || {
            let limit = libc::rlimit {
                rlim_cur: value,
                rlim_max: value,
            };
            match libc::setrlimit(resource, &limit) {
                0 => Ok(()),
                _ => Err(io::Error::last_os_error()),
            }
        })
    }
}

pub(crate) const CASES: &[Case] = &[
    Case {
        // TestThreadExhaustion.
        name: "exhaustion::of_threads",
        program: || {
            sortie::runtime::Builder::new()
                .max_threads(10)
                .start()
                .unwrap();
            sortie::run(|| {
                for _ in 0..100 {
                    sortie::go(|| std::thread::sleep(Duration::from_secs(600)));
                    sortie::sleep(Duration::from_millis(1));
                }
            });
        },
        check: |case| {
            case.run().status(2).says(&[
                "runtime: program exceeds 10-thread limit\nfatal error: thread exhaustion",
            ]);
        },
    },
    Case {
        name: "exhaustion::of_address_space_is_an_error_of_spawn",
        program: || {
            sortie::run(|| {
                let mut parked = Vec::new();
                let error = loop {
                    let sleeper = || sortie::sleep(Duration::from_secs(600));
                    match sortie::task::Builder::new().spawn(sleeper) {
                        Ok(handle) => parked.push(handle),
                        Err(error) => break error,
                    }
                };
                assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
                eprintln!("after {} goroutines: {error}", parked.len());
                // Those that exist are not harmed, and nothing else is.
                sortie::sleep(Duration::from_millis(10));
                assert!(parked.iter().all(|handle| !handle.is_finished()));
                let outcome = std::panic::catch_unwind(|| sortie::go(|| ()));
                let payload = outcome.unwrap_err();
                let message = payload.downcast_ref::<String>().unwrap();
                assert!(
                    message.starts_with("cannot start a goroutine: "),
                    "{message}"
                );
            });
        },
        check: |case| {
            let outcome = case.run_with(|command| limit(command, libc::RLIMIT_AS, 1 << 30));
            outcome.status(0).says(&[
                "goroutines: cannot reserve another stack of 256 KiB",
                "ulimit -v",
            ]);
        },
    },
    Case {
        name: "exhaustion::goroutines_that_end_make_room",
        program: || {
            sortie::run(|| {
                for _ in 0..100_000 {
                    sortie::task::Builder::new()
                        .spawn(|| ())
                        .unwrap()
                        .join()
                        .unwrap();
                }
            });
        },
        check: |case| {
            case.run_with(|command| limit(command, libc::RLIMIT_AS, 1 << 30))
                .status(0);
        },
    },
    Case {
        name: "exhaustion::of_processes",
        program: || {
            sortie::run(|| {
                sortie::go(|| ()).join().unwrap();
                // From now on no thread can be made.
                let limit = libc::rlimit {
                    rlim_cur: 1,
                    rlim_max: 1,
                };
                // SAFETY: limits this process, and gives up the privilege that
                // would lift it.
                unsafe {
                    libc::setrlimit(libc::RLIMIT_NPROC, &limit);
                    libc::setgid(65534);
                    if libc::setuid(65534) != 0 {
                        eprintln!("cannot start a thread: not tested, for lack of privilege");
                        libc::_exit(2);
                    }
                }
                for _ in 0..100 {
                    sortie::go(|| std::thread::sleep(Duration::from_secs(600)));
                    sortie::sleep(Duration::from_millis(1));
                }
            });
        },
        check: |case| {
            case.run().status(2).says(&["cannot start a thread"]);
        },
    },
];
