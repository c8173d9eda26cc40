//! Where the socket is.
//!
//! The name is `sortie-PID.sock`, in `$XDG_RUNTIME_DIR` or else `/tmp/sortie-UID`, unless
//! somebody has said something else. It appears there when it can be connected to, so
//! whoever finds a socket that refuses knows that its program is gone.

use rustix::process::geteuid;
use socket2::{Domain, SockAddr, Socket, Type};
use std::env;
use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

/// What the path has at its end when the socket is bound. The kernel's list of sockets
/// keeps that name, and `sortie` finds it there.
const MARK: &str = ".sortie";

/// So many files of a directory are looked at for what killed programs left.
const SWEPT: usize = 4096;

/// A listener at the place that `wanted` says: a directory, or else the socket itself;
/// without one the default.
pub(super) fn bind(wanted: Option<&Path>) -> io::Result<(PathBuf, UnixListener)> {
    let name = format!("sortie-{}.sock", std::process::id());
    let directory = match wanted {
        None => Some(default_directory()?),
        Some(path) if path.is_dir() => Some(path.to_path_buf()),
        Some(_) => None,
    };
    let path = match (directory, wanted) {
        (Some(directory), _) => {
            sweep(&directory);
            directory.join(name)
        }
        (None, Some(path)) => std::path::absolute(path)?,
        (None, None) => unreachable!("the default is a directory"),
    };
    make_room(&path)?;
    let mut temporary = path.clone().into_os_string();
    temporary.push(MARK);
    let temporary = PathBuf::from(temporary);
    // Left by a program that was killed at this very point.
    let _ = fs::remove_file(&temporary);
    let listen = || {
        let listener = UnixListener::bind(&temporary)?;
        fs::set_permissions(&temporary, Permissions::from_mode(0o600))?;
        listener.set_nonblocking(true)?;
        fs::rename(&temporary, &path)?;
        Ok(listener)
    };
    match listen() {
        Ok(listener) => Ok((path, listener)),
        Err(error) => {
            let _ = fs::remove_file(&temporary);
            Err(at(&path, error))
        }
    }
}

/// An error that says where.
fn at(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
}

/// Where sockets are if nobody says anything else; made if need be.
fn default_directory() -> io::Result<PathBuf> {
    let user = geteuid().as_raw();
    let runtime = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let is_ours = |metadata: Metadata| metadata.is_dir() && metadata.uid() == user;
    if let Some(runtime) = runtime
        && runtime.is_absolute()
        && fs::metadata(&runtime).is_ok_and(is_ours)
    {
        return Ok(runtime);
    }
    let path = PathBuf::from(format!("/tmp/sortie-{user}"));
    match DirBuilder::new().mode(0o700).create(&path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(at(&path, error));
        }
        _ => {}
    }
    // Not followed: anybody may put a link there.
    let metadata = fs::symlink_metadata(&path).map_err(|error| at(&path, error))?;
    if metadata.mode() & 0o077 != 0 || !is_ours(metadata) {
        let text = "exists, and is not a directory that is yours alone; \
                    remove it, or choose another place with SORTIE_SOCKET";
        return Err(at(&path, io::Error::other(text)));
    }
    Ok(path)
}

/// Makes sure that a socket may replace what is at `path`.
fn make_room(path: &Path) -> io::Result<()> {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    let problem = if !metadata.file_type().is_socket() {
        "exists, and is no socket"
    } else if is_stale(path) {
        return Ok(());
    } else {
        "another program listens there; several need a directory, or SORTIE_SOCKET=1"
    };
    Err(at(
        path,
        io::Error::new(io::ErrorKind::AddrInUse, problem.to_string()),
    ))
}

/// Whether nobody listens at a socket.
fn is_stale(path: &Path) -> bool {
    let connect = || {
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
        // If there are too many others it need not wait: then there is somebody.
        socket.set_nonblocking(true)?;
        socket.connect(&SockAddr::unix(path)?)
    };
    connect().is_err_and(|error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// Removes the sockets of programs that were killed.
fn sweep(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else {
        return;
    };
    for entry in entries.take(SWEPT).flatten() {
        let name = entry.file_name();
        let number = name
            .to_str()
            .and_then(|name| name.strip_prefix("sortie-")?.strip_suffix(".sock"));
        let is_socket = |kind: fs::FileType| kind.is_socket();
        // A process of that number may be another; one in another container may have
        // none here. So only the socket itself tells.
        if number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
            && entry.file_type().is_ok_and(is_socket)
            && is_stale(&entry.path())
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}
