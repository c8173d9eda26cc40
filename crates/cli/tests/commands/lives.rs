//! `sortie top` and `sortie dump`, where there is no terminal.

use crate::command::{self, Directory, Test, contains, sortie};
use crate::live::Live;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

pub(crate) const TESTS: &[Test] = &[
    ("top::once_tells_what_there_is", once),
    ("top::json_tells_it_exactly", json),
    ("top::json_goes_on_until_the_program_ends", json_until_end),
    ("top::prints_lines_without_a_terminal", lines),
    ("top::takes_the_path_of_a_socket", path),
    ("top::nobody_need_read_it", closed_pipe),
    ("top::two_at_a_time", two_at_a_time),
    ("dump::has_all_goroutines_with_stacks", dump),
    ("dump::takes_the_program_nothing", dump_again),
    ("live::wrong_targets", wrong_targets),
    ("live::dead_processes", dead_processes),
    ("live::programs_without_a_socket", without_socket),
    ("live::sockets_of_others", other_sockets),
    ("live::users_that_are_foreign", foreign_users),
    ("live::wrong_usage", wrong_usage),
];

const KNOWN: &str = "seven wait, three sleep, one computes";

fn once() {
    let directory = Directory::new();
    let live = Live::with_socket(KNOWN, directory.path());
    let outcome = sortie(&["top", &live.pid(), "--once", "--interval", "0.2"]);
    contains(
        outcome.succeeds(),
        &[
            &format!("process {}\n", live.pid()),
            "goroutines   11: ",
            " 10 waiting\n",
            "on 2 processors",
            "threads ",
            "latency ",
            "per second ",
            "memory ",
            " resident; ",
            "  P   queue   turns/s",
            "\n  0 ",
            "\n  1 ",
            "\n      7  chan receive\n      3  sleep\n",
            "\n      7  crates/cli/tests/commands/program.rs:",
            "(chan receive, made at crates/cli/tests/commands/program.rs:",
            "\n      3  crates/cli/tests/commands/program.rs:",
            "(sleep)",
        ],
    );
}

/// The figures of this moment.
fn sample(target: &str) -> Value {
    let outcome = sortie(&["top", target, "--once", "--json"]);
    let text = outcome.succeeds();
    assert_eq!(text.lines().count(), 1);
    serde_json::from_str(text).unwrap()
}

fn json() {
    let directory = Directory::new();
    let live = Live::with_socket(KNOWN, directory.path());
    let first = sample(&live.pid());
    let number = |sample: &Value, key: &str| sample[key].as_u64().unwrap();
    for (key, expected) in [
        ("version", 1),
        ("pid", live.pid().parse().unwrap()),
        ("goroutines", 11),
        ("runnable", 0),
        ("waiting", 10),
        ("places", 2),
        ("max_procs", 2),
        ("goroutines_created", 11),
        ("timers", 3),
        ("sockets", 0),
        ("global_queue", 0),
    ] {
        assert_eq!(number(&first, key), expected, "{key} in {first}");
    }
    assert_eq!(
        number(&first, "running") + number(&first, "without_proc"),
        1
    );
    assert!(number(&first, "stacks") >= 11);
    assert_eq!(first["waits"][0]["reason"], "chan receive");
    assert_eq!(first["waits"][0]["count"], 7);
    assert_eq!(first["waits"][1]["reason"], "sleep");
    assert_eq!(first["waits"][1]["count"], 3);
    assert_eq!(first["procs"].as_array().unwrap().len(), 2);
    // One computes: time passes, and CPU time, at most as fast.
    loop {
        let then = sample(&live.pid());
        let passed = number(&then, "time") - number(&first, "time");
        let used = number(&then, "cpu_time") - number(&first, "cpu_time");
        assert!(used <= passed * 5 / 4 + 50_000_000, "{used} ns in {passed}");
        if used > 20_000_000 {
            break;
        }
    }
}

fn json_until_end() {
    let directory = Directory::new();
    let mut live = Live::with_socket(KNOWN, directory.path());
    let mut top = command::command(&["top", &live.pid(), "--json", "-i", "0.02"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(top.stdout.take().unwrap()).lines();
    let mut last = 0;
    for _ in 0..5 {
        let sample: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        let time = sample["time"].as_u64().unwrap();
        assert!(time > last);
        last = time;
    }
    live.kill_only();
    assert!(lines.all(|line| serde_json::from_str::<Value>(&line.unwrap()).is_ok()));
    assert!(top.wait().unwrap().success());
}

fn lines() {
    let directory = Directory::new();
    let mut live = Live::with_socket(KNOWN, directory.path());
    let mut top = command::command(&["top", &live.pid(), "-i", "0.05"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(top.stdout.take().unwrap()).lines();
    for _ in 0..3 {
        let line = lines.next().unwrap().unwrap();
        assert!(line.starts_with("goroutines 11: "), "{line}");
        assert!(
            line.contains(" 10 waiting (7 chan receive, 3 sleep); "),
            "{line}"
        );
    }
    live.kill_only();
    let last = lines.last().unwrap().unwrap();
    assert_eq!(last, "the program has ended, or closed its socket");
    assert!(top.wait().unwrap().success());
}

fn path() {
    let directory = Directory::new();
    let path = directory.join("chosen");
    let live = Live::with_socket("all wait", &path);
    let by_path = sample(path.to_str().unwrap());
    assert_eq!(by_path["goroutines"], 11);
    // Found by the process, too, though its name tells nothing.
    let by_process = sample(&live.pid());
    assert_eq!(by_process["pid"], by_path["pid"]);
}

fn closed_pipe() {
    let directory = Directory::new();
    let live = Live::with_socket("all wait", directory.path());
    for arguments in [
        vec!["top", "--json", "-i", "0.01"],
        vec!["top", "-i", "0.01"],
        vec!["dump"],
    ] {
        let mut child = command::command(&arguments)
            .arg(live.pid())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let outcome = child.wait_with_output().unwrap();
        assert!(outcome.status.success(), "{outcome:?}");
        assert!(outcome.stderr.is_empty(), "{outcome:?}");
    }
}

fn two_at_a_time() {
    let directory = Directory::new();
    let live = Live::with_socket("all wait", directory.path());
    let mut tops: Vec<_> = (0..2)
        .map(|_| {
            command::command(&["top", &live.pid(), "--json", "-i", "0.01"])
                .stdout(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    for top in &mut tops {
        let lines = BufReader::new(top.stdout.take().unwrap()).lines();
        assert_eq!(lines.take(20).flatten().count(), 20);
    }
    for mut top in tops {
        assert!(top.wait().unwrap().success());
    }
}

fn dump() {
    let directory = Directory::new();
    let mut live = Live::with_socket(KNOWN, directory.path());
    let outcome = sortie(&["dump", &live.pid()]);
    let text = outcome.succeeds();
    assert!(text.starts_with("goroutine 1 [running]:\n"), "{text}");
    for (part, count) in [
        ("[chan receive]:\n", 7),
        ("[sleep]:\n", 3),
        ("waits_for_a_message", 7),
        ("sleeps_long", 3),
        ("created by goroutine 1 at ", 10),
        ("parked at ", 10),
        (", on what was made at ", 7),
    ] {
        assert_eq!(text.matches(part).count(), count, "`{part}` in:\n{text}");
    }
    assert!(live.is_running());
}

fn dump_again() {
    let directory = Directory::new();
    let mut live = Live::with_socket("end when told", directory.path());
    for _ in 0..50 {
        let outcome = sortie(&["dump", &live.pid()]);
        contains(
            outcome.succeeds(),
            &["goroutine 1 [", "[sleep]:\n", "sleeps_long"],
        );
    }
    assert!(live.is_running());
    live.tell();
    assert!(live.end().success());
}

fn wrong_targets() {
    for command in ["top", "dump"] {
        for target in ["web", "0", "-1", "99999999999999", ""] {
            sortie(&[command, "--", target]).fails(&[&format!(
                "`{target}` is neither the number of a process nor the path of a socket"
            )]);
        }
        sortie(&[command, "/no/such/socket"]).fails(&["there is nothing at `/no/such/socket`"]);
    }
}

fn dead_processes() {
    let directory = Directory::new();
    let mut live = Live::with_socket("all wait", directory.path());
    let (pid, socket) = (live.pid(), live.socket(directory.path()));
    live.kill_only();
    // A zombie, at the latest when its descriptors are closed.
    loop {
        let outcome = sortie(&["dump", &pid]);
        if outcome.stderr.contains("has ended\n") {
            outcome.fails(&[&format!("process {pid} has ended")]);
            break;
        }
    }
    live.kill();
    for command in ["top", "dump"] {
        sortie(&[command, &pid]).fails(&[&format!("there is no process {pid}")]);
        sortie(&[command, socket.to_str().unwrap()])
            .fails(&["nobody listens at `", "`: its program has ended"]);
    }
}

fn without_socket() {
    let how = "start it with SORTIE_SOCKET=1 in its environment, or let it call \
               `sortie::runtime::socket::open()`";
    let live = Live::start("all wait", |command| command);
    for command in ["top", "dump"] {
        sortie(&[command, &live.pid()]).fails(&[
            &format!("process {} (", live.pid()),
            ") uses sortie, but has not opened its socket: ",
            how,
        ]);
    }
    // Off is off.
    let live = Live::start("all wait", |command| command.env("SORTIE_SOCKET", "0"));
    sortie(&["top", &live.pid()]).fails(&["has not opened its socket"]);
    let live = Live::start("no runtime", |command| command);
    sortie(&["top", &live.pid()]).fails(&[
        "has no socket, and the runtime of sortie does not run in it; if it should: ",
        how,
    ]);
}

fn other_sockets() {
    let directory = Directory::new();
    let path = directory.join("mail.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let peer = std::thread::spawn(move || {
        use std::io::Write;
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"220 mail is served here\r\n").unwrap();
        // A second that says nothing, and ends.
        drop(listener.accept().unwrap());
    });
    let path = path.to_str().unwrap();
    sortie(&["top", path]).fails(&["is not the socket of a program that uses sortie"]);
    sortie(&["top", path]).fails(&["the program has ended, or closed its socket"]);
    peer.join().unwrap();
    let file = directory.join("file");
    fs::write(&file, "text").unwrap();
    sortie(&["top", file.to_str().unwrap()]).fails(&["nobody listens at `"]);
}

/// Needs to be root, to be somebody else.
fn foreign_users() {
    // SAFETY: asks for a number.
    if unsafe { libc::geteuid() } != 0 {
        return;
    }
    const NOBODY: u32 = 65534;
    let directory = Directory::new();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = directory.join("sortie");
    fs::copy(command::SORTIE, &copy).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    let live = Live::with_socket("all wait", directory.path());
    let as_nobody = |target: &str| -> command::Outcome {
        let mut command = Command::new(&copy);
        let command = command.args(["dump", target]).uid(NOBODY).gid(NOBODY);
        command.current_dir("/").output().unwrap().into()
    };
    as_nobody(&live.pid()).fails(&[
        &format!("process {} is run by user 0, ", live.pid()),
        "only that user, or root, may look at it",
    ]);
    // The file's mode refuses,
    let socket = live.socket(directory.path());
    let path = socket.to_str().unwrap();
    as_nobody(path).fails(&["Permission denied"]);
    // and the program, when somebody has changed that.
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o666)).unwrap();
    as_nobody(path)
        .fails(&["the program refuses: only the user who runs the program may look at it"]);
    sortie(&["dump", path]).succeeds();
}

fn wrong_usage() {
    for (arguments, part) in [
        (&["top"][..], "PID"),
        (&["dump"], "PID"),
        (&["dump", "1", "2"], "unexpected argument '2'"),
        (
            &["top", "1", "-i", "0"],
            "expected seconds, from 0.01 to 86400",
        ),
        (&["top", "1", "-i", "soon"], "expected seconds"),
        (&["topp"], "unrecognized subcommand"),
        (&[], "Usage: sortie"),
    ] {
        let outcome = sortie(arguments);
        assert_eq!(outcome.code, Some(2), "{arguments:?}: {outcome:#?}");
        contains(&outcome.stderr, &[part]);
    }
}
