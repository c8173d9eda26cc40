//! The socket that a program opens: where it is, who can use it, what it disturbs.

use crate::command::{self, Directory, Test, contains, sortie};
use crate::live::{self, Live};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::process::Stdio;

pub(crate) const TESTS: &[Test] = &[
    ("socket::is_removed_at_the_end", removed),
    ("socket::of_a_killed_program_is_removed_by_the_next", swept),
    ("socket::is_the_users_alone", mode),
    ("socket::does_not_hide_a_deadlock", deadlock),
    (
        "socket::does_not_hide_a_deadlock_from_who_looks_on",
        deadlock_watched,
    ),
    ("socket::has_a_usual_place", usual_place),
    ("socket::path_in_use_is_an_error", in_use),
    ("socket::wrong_places_are_errors", wrong_places),
    ("socket::can_be_opened_by_the_program", opened_by_program),
    ("socket::speaks_as_documented", protocol),
    ("socket::waits_for_no_client", slow_client),
    ("socket::has_room_for_some", crowd),
];

fn removed() {
    let directory = Directory::new();
    for (name, code) in [("end when told", 0), ("exit when told", 3)] {
        let mut live = Live::with_socket(name, directory.path());
        assert_eq!(directory.names(), [live.socket_name()]);
        live.tell();
        assert_eq!(live.end().code(), Some(code));
        assert!(directory.names().is_empty());
    }
}

fn swept() {
    let directory = Directory::new();
    let killed = Live::with_socket("all wait", directory.path());
    let alive = Live::with_socket("all wait", directory.path());
    let name = killed.socket_name();
    killed.kill();
    // What is not a socket of ours stays.
    for other in ["sortie-1.sock", "sortie-x.sock", "notes"] {
        fs::write(directory.join(other), "").unwrap();
    }
    assert!(directory.names().contains(&name));
    let next = Live::with_socket("all wait", directory.path());
    let mut expected = vec![
        "notes".into(),
        "sortie-1.sock".into(),
        "sortie-x.sock".into(),
        alive.socket_name(),
        next.socket_name(),
    ];
    expected.sort();
    assert_eq!(directory.names(), expected);
    sortie(&["dump", &alive.pid()]).succeeds();
    sortie(&["dump", &next.pid()]).succeeds();
}

fn mode() {
    let directory = Directory::new();
    let live = Live::with_socket("all wait", directory.path());
    let metadata = fs::metadata(live.socket(directory.path())).unwrap();
    assert_eq!(metadata.mode() & 0o777, 0o600);
}

fn deadlock() {
    let directory = Directory::new();
    let mut live = Live::with_socket("deadlock when told", directory.path());
    live.tell();
    let outcome = live.outcome();
    assert_eq!(outcome.code, Some(2));
    contains(
        &outcome.stderr,
        &[
            "fatal error: all goroutines are asleep - deadlock!",
            "goroutine 1 [chan receive]:",
        ],
    );
    assert!(directory.names().is_empty());
}

fn deadlock_watched() {
    let directory = Directory::new();
    let mut live = Live::with_socket("deadlock when told", directory.path());
    let mut top = command::command(&["top", &live.pid(), "--json", "-i", "0.05"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(top.stdout.take().unwrap()).lines();
    lines.next().unwrap().unwrap();
    // Somebody who is connected and asks nothing, too.
    let _idle = UnixStream::connect(live.socket(directory.path())).unwrap();
    live.tell();
    let outcome = live.outcome();
    assert_eq!(outcome.code, Some(2));
    contains(&outcome.stderr, &["all goroutines are asleep - deadlock!"]);
    assert!(lines.all(|line| line.is_ok()));
    assert!(top.wait().unwrap().success());
}

fn usual_place() {
    let directory = Directory::new();
    let live = Live::start("all wait", |command| {
        command
            .env("SORTIE_SOCKET", "1")
            .env("XDG_RUNTIME_DIR", directory.path())
    });
    assert_eq!(directory.names(), [live.socket_name()]);
    // Whoever looks need not have the same environment.
    sortie(&["dump", &live.pid()]).succeeds();
    // Without one, or one that is no use.
    // SAFETY: asks for a number.
    let user = unsafe { libc::geteuid() };
    for runtime in [None, Some("/no/such/directory"), Some("relative")] {
        let live = Live::start("all wait", |command| {
            command.env_remove("XDG_RUNTIME_DIR");
            if let Some(runtime) = runtime {
                command.env("XDG_RUNTIME_DIR", runtime);
            }
            command.env("SORTIE_SOCKET", "1")
        });
        let parent = format!("/tmp/sortie-{user}");
        assert_eq!(fs::metadata(&parent).unwrap().mode() & 0o777, 0o700);
        let socket = live.socket(parent.as_ref());
        assert!(socket.exists());
        sortie(&["dump", &live.pid()]).succeeds();
        live.kill();
        let _ = fs::remove_file(socket);
    }
}

/// Starts a program whose socket cannot be opened, and returns what it says.
fn refused(place: &str) -> String {
    let output = live::command("all wait")
        .env("SORTIE_SOCKET", place)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(101), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn in_use() {
    let directory = Directory::new();
    let path = directory.join("mine");
    let first = Live::with_socket("all wait", &path);
    contains(
        &refused(path.to_str().unwrap()),
        &["SORTIE_SOCKET: `", "/mine`: another program listens there"],
    );
    sortie(&["dump", &first.pid()]).succeeds();
    // Once it is gone the place is free.
    first.kill();
    assert_eq!(directory.names(), ["mine"]);
    let second = Live::with_socket("all wait", &path);
    sortie(&["dump", &second.pid()]).succeeds();
    assert_eq!(directory.names(), ["mine"]);
}

fn wrong_places() {
    let directory = Directory::new();
    let file = directory.join("file");
    fs::write(&file, "precious").unwrap();
    contains(
        &refused(file.to_str().unwrap()),
        &["SORTIE_SOCKET: `", "/file`: exists, and is no socket"],
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    contains(
        &refused("/no/such/directory/socket"),
        &["SORTIE_SOCKET: `/no/such/directory/socket`: No such file or directory"],
    );
    let long = directory.join(&"x".repeat(120));
    contains(
        &refused(long.to_str().unwrap()),
        &["SORTIE_SOCKET: `", "SUN_LEN"],
    );
    assert_eq!(directory.names(), ["file"]);
}

fn opened_by_program() {
    let directory = Directory::new();
    let mut live = Live::start_only("open when told", |command| command.arg(directory.path()));
    assert_eq!(live.line(), "true");
    sortie(&["dump", &live.pid()]).fails(&["uses sortie, but has not opened its socket"]);
    live.tell();
    let path = live.socket(directory.path());
    assert_eq!(live.line(), path.to_str().unwrap());
    assert_eq!(
        live.line(),
        format!("a socket is open already: `{}`", path.display())
    );
    sortie(&["dump", &live.pid()]).succeeds();
    // A connection that stays open does not keep it from being closed.
    let mut client = BufReader::new(UnixStream::connect(&path).unwrap());
    let mut greeting = String::new();
    client.read_line(&mut greeting).unwrap();
    live.tell();
    assert_eq!(live.line(), "true false");
    assert_eq!(client.read_to_string(&mut greeting).unwrap(), 0);
    assert!(directory.names().is_empty());
    sortie(&["dump", &live.pid()]).fails(&["has not opened its socket"]);
}

fn protocol() {
    let directory = Directory::new();
    let live = Live::with_socket("all wait", directory.path());
    let connect = || UnixStream::connect(live.socket(directory.path())).unwrap();
    let said = |text: &str| {
        let mut stream = connect();
        // It may have closed the connection before it has read all.
        let _ = stream.write_all(text.as_bytes());
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let greeting = format!("sortie 1 pid={} version=", live.pid());
    assert!(said("").starts_with(&greeting));
    assert_eq!(said("").lines().count(), 1);
    // The last request needs no newline; an empty line is a request like any other.
    let text = said("metrics\r\n\nwhat\ndump\nmetrics");
    let mut rest = text.split_once('\n').unwrap().1;
    let mut answer = || {
        let (line, after) = rest.split_once('\n').unwrap();
        let length = line.strip_prefix("ok ").map_or(0, |n| n.parse().unwrap());
        let (body, after) = after.split_at(length);
        rest = after;
        (line.to_string(), body)
    };
    let (_, first) = answer();
    assert!(first.starts_with(r#"{"version":1,"#) && first.ends_with("}\n"));
    serde_json::from_str::<serde_json::Value>(first).unwrap();
    let unknown = "error no such request; known are: metrics, dump";
    assert_eq!(answer(), (unknown.into(), ""));
    assert_eq!(answer(), (unknown.into(), ""));
    assert!(answer().1.starts_with("goroutine 1 ["));
    assert!(answer().1.starts_with(r#"{"version":1,"#));
    assert_eq!(rest, "");
    // Who sends no line is not listened to for ever.
    let mut stream = connect();
    while stream.write_all(&[b'x'; 64]).is_ok() {}
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
}

fn slow_client() {
    let directory = Directory::new();
    let live = Live::with_socket("all wait", directory.path());
    let path = live.socket(directory.path());
    // It asks much and takes nothing, until there is no room to ask in.
    let mut greedy = UnixStream::connect(&path).unwrap();
    greedy.set_nonblocking(true).unwrap();
    while greedy.write_all(&b"dump\n".repeat(10)).is_ok() {}
    // Others are served,
    for _ in 0..10 {
        sortie(&["dump", &live.pid()]).succeeds();
    }
    // and it gets what it has asked for, when it takes that.
    greedy.set_nonblocking(false).unwrap();
    let mut lines = BufReader::new(greedy).lines();
    let answers = lines
        .by_ref()
        .filter(|line| line.as_ref().is_ok_and(|line| line.starts_with("ok ")));
    assert_eq!(answers.take(100).count(), 100);
}

fn crowd() {
    let directory = Directory::new();
    let live = Live::with_socket("all wait", directory.path());
    let path = live.socket(directory.path());
    let greeted = || {
        let stream = UnixStream::connect(&path).unwrap();
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        (stream, line)
    };
    let mut crowd: Vec<UnixStream> = Vec::new();
    loop {
        let (stream, line) = greeted();
        if line == "error too many others are connected\n" {
            break;
        }
        assert!(line.starts_with("sortie 1 "), "{line}");
        crowd.push(stream);
    }
    assert_eq!(crowd.len(), 16);
    sortie(&["dump", &live.pid()]).fails(&["the program refuses: too many others are connected"]);
    crowd.clear();
    // It notices that they are gone as soon as it looks.
    while !greeted().1.starts_with("sortie 1 ") {}
}
