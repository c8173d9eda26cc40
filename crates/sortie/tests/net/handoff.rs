//! Name resolution, files, pipes and child processes are std's. Such a call blocks the
//! thread it is made on, and never another goroutine: the processor goes on elsewhere.

use crate::procs::Procs;
use sortie::net::ToSocketAddrs;
use std::ffi::CString;
use std::io::{PipeWriter, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc;

#[test]
fn names_are_looked_up() {
    let _procs = Procs::set(1);
    let lookups: Vec<_> = (0..100)
        .map(|_| sortie::go(|| ("localhost", 80).to_socket_addrs().unwrap().count()))
        .collect();
    for lookup in lookups {
        assert!(lookup.join().unwrap() > 0);
    }
}

/// So many goroutines, on one processor, each in a call that blocks until main lets it go
/// on: were the processor held by the first, main would never do that. Each starts by telling
/// main what it waits for.
fn all_block_at_once<K, T>(
    count: usize,
    block: impl Fn(usize, mpsc::Sender<K>) -> T + Copy + Send + 'static,
    let_go: impl FnOnce(Vec<K>) + Send,
) -> Vec<T>
where
    K: Send + 'static,
    T: Send + 'static,
{
    let _procs = Procs::set(1);
    let (sender, keys) = mpsc::channel();
    let blocked: Vec<_> = (0..count)
        .map(|i| {
            let sender = sender.clone();
            sortie::go(move || block(i, sender))
        })
        .collect();
    sortie::run(move || {
        let keys: Vec<_> = keys.iter().take(count).collect();
        let_go(keys);
    });
    let results = blocked.into_iter().map(|blocked| blocked.join().unwrap());
    results.collect()
}

#[test]
fn pipes_are_read_at_once() {
    let read = |_, keys: mpsc::Sender<PipeWriter>| {
        let (mut reader, writer) = std::io::pipe().unwrap();
        keys.send(writer).unwrap();
        let mut byte = [0];
        reader.read_exact(&mut byte).unwrap();
        byte[0]
    };
    let mut bytes = all_block_at_once(50, read, |writers| {
        for (i, mut writer) in writers.into_iter().enumerate() {
            writer.write_all(&[i as u8]).unwrap();
        }
    });
    bytes.sort_unstable();
    assert!(bytes.into_iter().eq(0..50));
}

#[test]
fn children_are_waited_for_at_once() {
    let wait = |i: usize, keys: mpsc::Sender<ChildStdin>| {
        let mut child = Command::new("sh")
            .args(["-c", &format!("read line; exit {i}")])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        // Dropped by main; `wait` would do that at once.
        keys.send(child.stdin.take().unwrap()).unwrap();
        child.wait().unwrap().code()
    };
    let codes = all_block_at_once(30, wait, drop);
    assert!(codes.into_iter().eq((0..30).map(Some)));
}

/// Opening a named pipe waits for the other side.
#[test]
fn files_are_opened_at_once() {
    let folder = Folder::new("pipes");
    let path: &'static Path = Box::leak(folder.0.clone().into_boxed_path());
    let open = move |i: usize, keys: mpsc::Sender<PathBuf>| {
        let path = path.join(i.to_string());
        let name = CString::new(path.as_os_str().as_bytes()).unwrap();
        // SAFETY: a C string.
        assert_eq!(unsafe { libc::mkfifo(name.as_ptr(), 0o600) }, 0);
        keys.send(path.clone()).unwrap();
        std::fs::read_to_string(&path).unwrap()
    };
    let texts = all_block_at_once(30, open, |paths| {
        for path in paths {
            let text = path.file_name().unwrap().as_bytes();
            std::fs::write(&path, text).unwrap();
        }
    });
    assert!(texts.into_iter().eq((0..30).map(|i| i.to_string())));
}

/// A child that runs is not in the way of who talks with another one.
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

/// A folder that goes when this does.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let id = std::process::id();
        let path = std::env::temp_dir().join(format!("sortie-{name}-{id}"));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn files_are_read_and_written() {
    let _procs = Procs::set(2);
    let folder = Folder::new("files");
    sortie::scope(|s| {
        for i in 0..50 {
            let path = folder.0.join(i.to_string());
            s.go(move || {
                let text = i.to_string().repeat(10_000);
                std::fs::write(&path, &text).unwrap();
                assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
            });
        }
    });
}
