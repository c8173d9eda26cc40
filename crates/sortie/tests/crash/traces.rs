//! Traces of programs that end badly: the file is complete, or readable up to where
//! the program was killed.

use crate::program::Case;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;

/// The tags of a file's chunks, as far as they are whole, and whether all are.
fn chunks(bytes: &[u8]) -> (Vec<u8>, bool) {
    assert!(bytes.starts_with(b"SORTIETR"), "a trace");
    let mut rest = &bytes[12..];
    let mut tags = Vec::new();
    while let Some((head, more)) = rest.split_at_checked(5) {
        let length = u32::from_le_bytes(head[1..].try_into().unwrap()) as usize;
        let Some((_, more)) = more.split_at_checked(length) else {
            return (tags, false);
        };
        tags.push(head[0]);
        rest = more;
    }
    (tags, rest.is_empty())
}

fn file(case: Case) -> PathBuf {
    let name = case.name.replace("::", "-");
    std::env::temp_dir().join(format!("sortie-{name}-{}.trace", std::process::id()))
}

/// Runs the program with a trace. Returns the trace, and how the program ended.
fn traced(case: Case) -> (Vec<u8>, Option<i32>, Option<i32>, String) {
    let file = file(case);
    let outcome = case.run_with(|command| command.env("SORTIE_TRACE", &file));
    let bytes = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    let status = outcome.output.status;
    (bytes, status.code(), status.signal(), outcome.stderr)
}

fn is_complete(case: Case, code: Option<i32>, signal: Option<i32>) {
    let (bytes, ended, killed, stderr) = traced(case);
    assert_eq!((ended, killed), (code, signal), "{stderr}");
    let (tags, whole) = chunks(&bytes);
    assert!(whole);
    assert_eq!((tags[0], tags[tags.len() - 1]), (b'H', b'Z'));
    assert!(tags.contains(&b'E'));
}

fn some_goroutines() {
    for _ in 0..100 {
        sortie::go(|| ()).join().unwrap();
    }
}

fn recurse(depth: u64) -> u64 {
    let frame = std::hint::black_box([depth; 64]);
    if depth == u64::MAX {
        return 0;
    }
    recurse(depth + 1) + frame[0]
}

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "traces::complete_when_main_returns",
        program: || sortie::run(some_goroutines),
        check: |case| is_complete(case, Some(0), None),
    },
    Case {
        name: "traces::complete_at_exit",
        program: || {
            sortie::run(|| {
                some_goroutines();
                sortie::go(|| std::process::exit(7)).join().unwrap();
            });
        },
        check: |case| is_complete(case, Some(7), None),
    },
    Case {
        name: "traces::complete_after_a_deadlock",
        program: || {
            sortie::run(|| {
                some_goroutines();
                let (_sender, receiver) = sortie::chan::bounded::<()>(0);
                let _ = receiver.recv();
            });
        },
        check: |case| is_complete(case, Some(2), None),
    },
    Case {
        name: "traces::complete_after_a_panic_that_ends_all",
        program: || {
            let policy = sortie::runtime::PanicPolicy::Exit;
            sortie::runtime::Builder::new()
                .panic(policy)
                .start()
                .unwrap();
            sortie::run(|| {
                some_goroutines();
                drop(sortie::go(|| panic!("on purpose")));
                sortie::sleep(std::time::Duration::from_secs(600));
            });
        },
        check: |case| is_complete(case, Some(2), None),
    },
    Case {
        name: "traces::complete_after_an_overflow",
        program: || {
            sortie::run(|| {
                some_goroutines();
                sortie::go(|| recurse(0)).join().unwrap();
            });
        },
        check: |case| {
            let (bytes, _, _, stderr) = traced(case);
            assert!(stderr.contains("has overflowed its stack"), "{stderr}");
            let (tags, whole) = chunks(&bytes);
            assert!(whole);
            assert_eq!(tags.last(), Some(&b'Z'));
        },
    },
    Case {
        name: "traces::readable_when_killed",
        program: || {
            sortie::run(|| {
                // Much more than a block, so that some of it has been written.
                for _ in 0..100_000 {
                    sortie::go(|| ()).join().unwrap();
                }
                let path = std::env::var("SORTIE_TRACE").unwrap();
                while std::fs::metadata(&path).unwrap().len() < 100_000 {
                    sortie::yield_now();
                }
                // SAFETY: kills this process.
                unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
            });
        },
        check: |case| {
            let (bytes, code, signal, stderr) = traced(case);
            assert_eq!((code, signal), (None, Some(libc::SIGKILL)), "{stderr}");
            let (tags, _) = chunks(&bytes);
            assert_eq!(tags[0], b'H');
            assert!(tags.contains(&b'E') && !tags.contains(&b'Z'));
        },
    },
    Case {
        name: "traces::a_file_that_cannot_be_made_is_named",
        program: || sortie::run(|| ()),
        check: |case| {
            let outcome =
                case.run_with(|command| command.env("SORTIE_TRACE", "/nowhere/at/all.trace"));
            assert!(!outcome.output.status.success());
            assert!(
                outcome
                    .stderr
                    .contains("SORTIE_TRACE: `/nowhere/at/all.trace`"),
                "{}",
                outcome.stderr
            );
        },
    },
];
