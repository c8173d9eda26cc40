//! `sortie top` on a terminal.

use crate::command::{Directory, SORTIE, Test};
use crate::live::Live;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::num::NonZero;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

pub(crate) const TESTS: &[Test] = &[
    ("terminal::shows_pauses_sorts_and_quits", keys),
    ("terminal::ends_with_the_program", ends),
    ("terminal::control_c_quits", control_c),
    ("terminal::errors_come_before_it_is_touched", error),
];

const ROWS: NonZero<u16> = NonZero::new(30).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(120).unwrap();
/// So long nothing new may be shown.
const PATIENCE: Duration = Duration::from_secs(60);

/// A terminal on which `sortie` runs.
struct Terminal {
    control: File,
    child: Child,
    output: Receiver<Vec<u8>>,
    /// What it shows.
    screen: vt100::Parser,
    user: File,
}

impl Terminal {
    fn run(arguments: &[&str]) -> Self {
        let control = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&control).unwrap();
        unlockpt(&control).unwrap();
        let name = ptsname(&control, Vec::new()).unwrap();
        let user = OpenOptions::new()
            .read(true)
            .write(true)
            .open(name.to_str().unwrap())
            .unwrap();
        let size = Winsize {
            ws_row: ROWS.get(),
            ws_col: COLUMNS.get(),
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&control, size).unwrap();
        let child = Command::new(SORTIE)
            .args(arguments)
            .env("TERM", "xterm-256color")
            .stdin(user.try_clone().unwrap())
            .stdout(user.try_clone().unwrap())
            .stderr(user.try_clone().unwrap())
            .spawn()
            .unwrap();
        let control = File::from(control);
        let mut reader = control.try_clone().unwrap();
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Terminal {
            control,
            child,
            output,
            screen: vt100::Parser::new(ROWS, COLUMNS, 0),
            user,
        }
    }

    /// Waits until the screen shows something.
    #[track_caller]
    fn shows(&mut self, part: &str) {
        while !self.screen.screen().contents().contains(part) {
            match self.output.recv_timeout(PATIENCE) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(error) => panic!(
                    "{error}: expected `{part}` on the screen:\n{}",
                    self.screen.screen().contents()
                ),
            }
        }
    }

    fn press(&mut self, keys: &str) {
        self.control.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for its end. Returns its status, and whether the terminal is as before.
    fn end(&mut self) -> (Option<i32>, bool) {
        use rustix::termios::LocalModes;
        let status = self.child.wait().unwrap();
        let modes = tcgetattr(&self.user).unwrap().local_modes;
        (
            status.code(),
            modes.contains(LocalModes::ICANON | LocalModes::ECHO),
        )
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const KNOWN: &str = "seven wait, three sleep, one computes";

fn keys() {
    let directory = Directory::new();
    let live = Live::with_socket(KNOWN, directory.path());
    let mut terminal = Terminal::run(&["top", &live.pid(), "-i", "0.05"]);
    terminal.shows(" 11: ");
    terminal.shows(" 10 waiting");
    terminal.shows("       7 chan receive");
    terminal.shows("       3 sleep");
    terminal.shows("crates/cli/tests/commands/program.rs:");
    terminal.shows("p pause  s sort (by count)");
    terminal.press("p");
    terminal.shows(" paused\n");
    terminal.shows("p go on");
    terminal.press("s");
    terminal.shows("s sort (by growth)");
    terminal.press("s");
    terminal.shows("s sort (by place)");
    terminal.press("p");
    terminal.shows("p pause");
    let screen = terminal.screen.screen().contents();
    assert!(!screen.contains(" paused"), "{screen}");
    terminal.press("q");
    assert_eq!(terminal.end(), (Some(0), true));
}

fn ends() {
    let directory = Directory::new();
    let mut live = Live::with_socket(KNOWN, directory.path());
    let mut terminal = Terminal::run(&["top", &live.pid(), "-i", "0.05"]);
    terminal.shows("10 waiting");
    live.kill_only();
    terminal.shows("the program has ended, or closed its socket");
    assert_eq!(terminal.end(), (Some(0), true));
}

fn control_c() {
    let directory = Directory::new();
    let live = Live::with_socket("all wait", directory.path());
    let mut terminal = Terminal::run(&["top", &live.pid(), "-i", "0.05"]);
    terminal.shows("goroutines");
    terminal.press("\x03");
    assert_eq!(terminal.end(), (Some(0), true));
}

fn error() {
    let live = Live::start("all wait", |command| command);
    let mut terminal = Terminal::run(&["top", &live.pid()]);
    terminal.shows("sortie: process ");
    terminal.shows("has not opened its socket");
    assert_eq!(terminal.end(), (Some(1), true));
}
