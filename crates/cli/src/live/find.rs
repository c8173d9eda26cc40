//! From a process to the path of its socket.
//!
//! The kernel lists the Unix sockets that listen, with inode and path, and what
//! descriptors a process has, with inode. So the path is found wherever the program
//! has put it, in another mount namespace too. The list has the path at which the socket
//! was bound. Programs bind theirs under its name and `.sortie`, and rename it once it
//! listens, so they are told from any others.

use super::LiveError;
use rustix::process::geteuid;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// What a path had at its end when the socket was bound.
const MARK: &[u8] = b".sortie";

/// How often to look for the runtime's thread, and the time in between.
const LOOKS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(30);

/// The socket of a process, given by its number, or by the socket's path itself.
///
/// # Errors
/// If there is none, with what to do about it.
pub fn socket_of(target: &OsStr) -> Result<PathBuf, LiveError> {
    if target.as_bytes().contains(&b'/') {
        return Ok(PathBuf::from(target));
    }
    let text = target.to_string_lossy();
    match text.parse() {
        Ok(0) | Err(_) => Err(LiveError::NotATarget(text.into_owned())),
        Ok(pid) => of_process(pid),
    }
}

/// Whether a process exists, and has not ended.
pub fn is_alive(pid: u32) -> bool {
    !matches!(state(pid), None | Some('Z' | 'X'))
}

/// The kernel's letter for what a process does.
fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The state follows the name, which is in parentheses and may hold any.
    stat.rsplit_once(')')?.1.trim_start().chars().next()
}

fn of_process(pid: u32) -> Result<PathBuf, LiveError> {
    let process = PathBuf::from(format!("/proc/{pid}"));
    // A thread has an entry too, which is not listed, and is not a process.
    let Ok(metadata) = fs::metadata(&process) else {
        return Err(LiveError::NoProcess(pid));
    };
    if !is_alive(pid) {
        return Err(LiveError::Ended(pid));
    }
    let me = geteuid().as_raw();
    if metadata.uid() != me && me != 0 {
        return Err(LiveError::Foreign(pid, metadata.uid()));
    }
    if let Some(path) = listening(&process) {
        return Ok(seen_from_here(&process, path));
    }
    let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
    if !is_alive(pid) {
        return Err(LiveError::Ended(pid));
    }
    let name = name.trim_end().to_string();
    Err(LiveError::NotOpen(pid, name, runs_runtime(&process)))
}

/// The path of the socket that a process has opened for us.
fn listening(process: &Path) -> Option<PathBuf> {
    /// Set while a socket listens.
    const ACCEPTS: u64 = 0x10000;
    let inodes = inodes(process);
    let table = fs::read(process.join("net/unix")).unwrap_or_default();
    table.split(|&byte| byte == b'\n').skip(1).find_map(|line| {
        // Num RefCount Protocol Flags Type St Inode Path
        let mut rest = line;
        let mut field = || {
            rest = rest.trim_ascii_start();
            let end = rest.iter().position(|&byte| byte == b' ');
            let (field, after) = rest.split_at(end.unwrap_or(rest.len()));
            rest = after;
            std::str::from_utf8(field).unwrap_or_default()
        };
        let fields: Vec<&str> = (0..7).map(|_| field()).collect();
        let flags = u64::from_str_radix(fields[3], 16).unwrap_or(0);
        let path = rest.strip_prefix(b" ")?.strip_suffix(MARK)?;
        let is_it = flags & ACCEPTS != 0 && path.starts_with(b"/") && inodes.contains(fields[6]);
        is_it.then(|| PathBuf::from(OsString::from_vec(path.to_vec())))
    })
}

/// Inodes of the sockets that a process has.
fn inodes(process: &Path) -> HashSet<String> {
    let Ok(descriptors) = fs::read_dir(process.join("fd")) else {
        return HashSet::new();
    };
    let targets = descriptors
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok());
    targets
        .filter_map(|target| {
            let text = target.to_str()?;
            let inode = text.strip_prefix("socket:[")?.strip_suffix(']')?;
            Some(inode.to_string())
        })
        .collect()
}

/// A path of a process that may have another root.
fn seen_from_here(process: &Path, path: PathBuf) -> PathBuf {
    match fs::read_link(process.join("root")) {
        Ok(root) if root != Path::new("/") => {
            let inside = path.strip_prefix("/").unwrap_or(&path).to_path_buf();
            process.join("root").join(inside)
        }
        _ if path.exists() => path,
        // Another mount namespace with the same root's name.
        _ => {
            let inside = path.strip_prefix("/").unwrap_or(&path).to_path_buf();
            process.join("root").join(inside)
        }
    }
}

/// Whether the runtime has started in a process.
fn runs_runtime(process: &Path) -> bool {
    let has_its_thread = || {
        let threads = fs::read_dir(process.join("task")).into_iter().flatten();
        threads.flatten().any(|thread| {
            let name = fs::read_to_string(thread.path().join("comm"));
            name.is_ok_and(|name| name == "sortie-sysmon\n")
        })
    };
    // Threads name themselves, soon after they have begun.
    (0..LOOKS).any(|look| {
        if look > 0 {
            thread::sleep(PAUSE);
        }
        has_its_thread()
    })
}
