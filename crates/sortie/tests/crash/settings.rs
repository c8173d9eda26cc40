//! Settings, right and wrong.

use crate::program::Case;
use sortie::runtime::{self, Builder, StartError};
use std::time::Duration;

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "settings::from_the_environment",
        program: || {
            assert_eq!(runtime::max_procs(), 3);
            sortie::run(|| ());
        },
        check: |case| {
            case.run_with(|command| command.env("SORTIE_MAXPROCS", "3").env("GOMAXPROCS", "5"))
                .status(0);
            case.run_with(|command| command.env("GOMAXPROCS", "3"))
                .status(0);
        },
    },
    Case {
        name: "settings::that_make_no_sense_are_refused",
        program: || sortie::run(|| ()),
        check: |case| {
            case.run_with(|command| command.env("SORTIE_MAXPROCS", "many"))
                .status(101)
                .says(&["SORTIE_MAXPROCS: `many`: expected a number, 1 at least"]);
            case.run_with(|command| command.env("SORTIE_DEBUG", "everything"))
                .status(101)
                .says(&["SORTIE_DEBUG", "schedtrace=MILLISECONDS"]);
        },
    },
    Case {
        name: "settings::come_before_the_start",
        program: || {
            assert!(matches!(
                Builder::new().max_procs(0).start(),
                Err(StartError::Invalid("max_procs", _))
            ));
            Builder::new()
                .max_procs(1)
                .stack_size(64 << 10)
                .start()
                .unwrap();
            let again = Builder::new().start().unwrap_err();
            assert!(matches!(again, StartError::AlreadyStarted));
            assert!(again.to_string().contains("must come before"));
            assert_eq!(runtime::max_procs(), 1);
            sortie::run(|| ());
        },
        check: |case| {
            case.run_with(|command| command.env("SORTIE_MAXPROCS", "2"))
                .status(0);
        },
    },
    Case {
        name: "settings::the_default_is_the_affinity_mask",
        program: || {
            // SAFETY: restricts this thread to the first CPU it may use.
            unsafe {
                let mut set: libc::cpu_set_t = std::mem::zeroed();
                libc::sched_getaffinity(0, size_of_val(&set), &mut set);
                let first = (0..1024).find(|&cpu| libc::CPU_ISSET(cpu, &set)).unwrap();
                libc::CPU_ZERO(&mut set);
                libc::CPU_SET(first, &mut set);
                libc::sched_setaffinity(0, size_of_val(&set), &set);
            }
            assert_eq!(runtime::num_cpu(), 1);
            assert_eq!(runtime::max_procs(), 1);
        },
        check: |case| {
            case.run().status(0);
        },
    },
    Case {
        name: "settings::schedtrace_prints_lines",
        program: || sortie::run(|| sortie::sleep(Duration::from_millis(500))),
        check: |case| {
            case.run_with(|command| {
                command
                    .env("SORTIE_DEBUG", "schedtrace=50")
                    .env("SORTIE_MAXPROCS", "2")
            })
            .status(0)
            .says(&[
                "SCHED ",
                "ms: gomaxprocs=2 idleprocs=2 threads=",
                " runqueue=0 [ 0 0 ]",
            ])
            .says(&["SCHED", "SCHED", "SCHED"]);
        },
    },
    Case {
        // The notes' first surprise: main does not wait.
        name: "settings::goroutines_end_with_the_process",
        program: || {
            sortie::run(|| {
                sortie::go(|| {
                    sortie::sleep(Duration::from_secs(600));
                    eprintln!("never");
                });
            });
        },
        check: |case| {
            case.run().status(0).is_silent_about("never");
        },
    },
];
