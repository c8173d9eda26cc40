//! Name resolution, files, pipes and child processes are std's. Such a call blocks the
//! thread it is made on, and never another goroutine: the processor goes on elsewhere.

use crate::procs::Procs;
use sortie::net::ToSocketAddrs;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

#[test]
fn names_are_looked_up() {
    let _procs = Procs::set(1);
    let lookups: Vec<_> = (0..20)
        .map(|_| sortie::go(|| ("localhost", 80).to_socket_addrs().unwrap().count()))
        .collect();
    for lookup in lookups {
        assert!(lookup.join().unwrap() > 0);
    }
}

/// All readers block before anybody writes. There is one processor: if the first reader
/// kept it, the others would not get as far, and the writer would never begin.
#[test]
fn blocked_on_pipes_they_let_the_processor_go() {
    let _procs = Procs::set(1);
    const PIPES: usize = 50;
    let begun = Arc::new(AtomicUsize::new(0));
    let mut writers = Vec::new();
    let readers: Vec<_> = (0..PIPES)
        .map(|_| {
            let (mut reader, writer) = std::io::pipe().unwrap();
            writers.push(writer);
            let begun = begun.clone();
            sortie::go(move || {
                begun.fetch_add(1, Ordering::AcqRel);
                let mut byte = [0];
                reader.read_exact(&mut byte).unwrap();
                byte[0]
            })
        })
        .collect();
    sortie::run(move || {
        while begun.load(Ordering::Acquire) < PIPES {
            sortie::yield_now();
        }
        for (i, writer) in writers.iter_mut().enumerate() {
            writer.write_all(&[i as u8]).unwrap();
        }
    });
    for (i, reader) in readers.into_iter().enumerate() {
        assert_eq!(reader.join().unwrap(), i as u8);
    }
}

#[test]
fn children_are_waited_for() {
    let _procs = Procs::set(1);
    let children: Vec<_> = (0..10)
        .map(|i| {
            sortie::go(move || {
                let mut child = Command::new("cat")
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
                    .unwrap();
                let mut stdin = child.stdin.take().unwrap();
                write!(stdin, "child {i}").unwrap();
                drop(stdin);
                let output = child.wait_with_output().unwrap();
                String::from_utf8(output.stdout).unwrap()
            })
        })
        .collect();
    for (i, child) in children.into_iter().enumerate() {
        assert_eq!(child.join().unwrap(), format!("child {i}"));
    }
}

#[test]
fn files_are_read_and_written() {
    let _procs = Procs::set(2);
    let folder = std::env::temp_dir().join(format!("sortie-files-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    sortie::scope(|s| {
        for i in 0..50 {
            let path = folder.join(i.to_string());
            s.go(move || {
                let text = i.to_string().repeat(10_000);
                std::fs::write(&path, &text).unwrap();
                assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
            });
        }
    });
    std::fs::remove_dir_all(&folder).unwrap();
}
