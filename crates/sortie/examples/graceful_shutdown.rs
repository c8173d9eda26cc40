//! A server that ends politely: on Ctrl-C, or when it is told to end, it takes no more
//! requests, but answers those it has taken.
//!
//! The signal cancels a context. Who takes requests waits with that context; who
//! answers them ends when there are no more. A second Ctrl-C ends the program at once,
//! since the signals do what they always did as soon as the shutdown has begun.

use sortie::chan::{Receiver, bounded};
use sortie::context::Context;
use sortie::signal::{Signal, notify_context};
use sortie::sleep_ctx;
use std::time::Duration;

/// Takes requests until the context ends.
fn take_requests(context: &Context) -> Receiver<u32> {
    let (sender, requests) = bounded(16);
    let context = context.clone();
    sortie::go(move || {
        for request in 1.. {
            // A client, who also thinks it is time to end, now and then.
            if request == 100 {
                end_soon();
            }
            if sender.send_ctx(request, &context).is_err() {
                return;
            }
        }
    });
    requests
}

/// What a terminal does on Ctrl-C, and `kill`, and a service manager.
fn end_soon() {
    // SAFETY: sends this process a signal, which is caught.
    unsafe { libc::kill(libc::getpid(), libc::SIGTERM) };
}

/// Answers requests until there are no more. Returns how many.
fn answer(requests: &Receiver<u32>) -> usize {
    requests
        .iter()
        .inspect(|request| drop(request.to_string()))
        .count()
}

/// Serves until it is told to end. Returns why, and how many answers were given.
pub(crate) fn serve(workers: usize) -> (String, usize) {
    let signals = [Signal::SIGINT, Signal::SIGTERM];
    let (context, stop) = notify_context(&Context::background(), &signals);
    let requests = take_requests(&context);
    let workers: Vec<_> = (0..workers)
        .map(|_| {
            let requests = requests.clone();
            sortie::go(move || answer(&requests))
        })
        .collect();
    // Nothing to do here until the context ends.
    let _ = sleep_ctx(Duration::MAX, &context);
    let why = context
        .cause()
        .map_or_else(String::new, |cause| cause.to_string());
    stop.stop();
    let answers = workers.into_iter().map(|worker| worker.join().unwrap());
    (why, answers.sum())
}

#[sortie::main]
pub(crate) fn main() {
    let (why, answers) = serve(4);
    println!("{why}: no more requests");
    println!(
        "all that were taken are answered, at least 99: {}",
        answers >= 99
    );
}
