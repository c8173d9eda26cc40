//! The programs that are looked at, whose state is known.

use sortie::chan::bounded;
use sortie::runtime::{self, WaitReason, socket};
use std::env;
use std::io::{self, BufRead, Read};
use std::time::Duration;

const VARIABLE: &str = "SORTIE_COMMANDS_PROGRAM";
/// Longer than any test.
const LONG: Duration = Duration::from_secs(3600);

/// The program that this process is to be, if any.
pub(crate) fn requested() -> Option<String> {
    env::var(VARIABLE).ok()
}

/// The variable that asks for a program.
pub(crate) fn request(name: &str) -> (&'static str, &str) {
    (VARIABLE, name)
}

/// Runs a program.
pub(crate) fn be(name: &str) {
    match name {
        "seven wait, three sleep, one computes" => sortie::run(seven_three_one),
        "all wait" => sortie::run(all_wait),
        "deadlock when told" => sortie::run(deadlock_when_told),
        "end when told" => sortie::run(end_when_told),
        "exit when told" => {
            sortie::run(end_when_told);
            std::process::exit(3);
        }
        "open when told" => open_when_told(),
        "no runtime" => {
            ready();
            wait_for_the_word();
        }
        "work" => sortie::run(work),
        "work and fail" => {
            sortie::run(work);
            std::process::exit(7);
        }
        "work for ever" => sortie::run(|| {
            work();
            ready();
            loop {
                work();
            }
        }),
        "fail" => {
            eprintln!("it went wrong");
            std::process::exit(5);
        }
        other => panic!("no program `{other}`"),
    }
}

/// Says that the state is reached.
fn ready() {
    println!("ready");
}

/// Returns when standard input says something, or ends.
fn wait_for_the_word() {
    let _ = io::stdin().lock().read_line(&mut String::new());
}

#[inline(never)]
fn waits_for_a_message(receiver: &sortie::chan::Receiver<()>) {
    let _ = receiver.recv();
    // Not a tail call, which would leave no frame.
    std::hint::black_box(());
}

#[inline(never)]
fn sleeps_long() {
    sortie::sleep(LONG);
    std::hint::black_box(());
}

/// Starts seven that wait for messages, and three that sleep. Returns once they do.
fn seven_and_three() {
    let (sender, receiver) = bounded::<()>(0);
    for _ in 0..7 {
        let receiver = receiver.clone();
        sortie::go(move || waits_for_a_message(&receiver));
    }
    for _ in 0..3 {
        sortie::go(sleeps_long);
    }
    // They would see that it is gone.
    std::mem::forget(sender);
    let expected = [(WaitReason::ChannelReceive, 7), (WaitReason::Sleep, 3)];
    while runtime::goroutine_profile().reasons() != expected {
        sortie::yield_now();
    }
}

fn seven_three_one() {
    seven_and_three();
    ready();
    loop {
        std::hint::spin_loop();
    }
}

fn all_wait() {
    seven_and_three();
    ready();
    sleeps_long();
}

fn deadlock_when_told() {
    let (sender, receiver) = bounded::<()>(0);
    ready();
    wait_for_the_word();
    let _ = receiver.recv();
    drop(sender);
}

fn end_when_told() {
    sortie::go(sleeps_long);
    ready();
    wait_for_the_word();
}

/// A socket opened, and closed, by the program itself.
fn open_when_told() {
    let directory = env::args_os().nth(1).expect("a directory");
    sortie::run(|| {
        println!("{}", socket::path().is_none());
        wait_for_the_word();
        println!("{}", socket::open_at(&directory).unwrap().display());
        let again = socket::open_at(&directory).unwrap_err();
        println!("{again}");
        wait_for_the_word();
        println!("{} {}", socket::close(), socket::close());
        let _ = io::stdin().read(&mut [0]);
    });
}

/// Some goroutines that compute and talk.
fn work() {
    let (sender, receiver) = bounded(0);
    for number in 0..4u64 {
        let sender = sender.clone();
        sortie::go(move || {
            let mut sum = number;
            for step in 0..20_000 {
                sum = std::hint::black_box(sum ^ step);
            }
            sender.send(sum).unwrap();
        });
    }
    drop(sender);
    assert_eq!(receiver.into_iter().count(), 4);
}
