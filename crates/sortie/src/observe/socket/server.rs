//! The thread that serves.

use super::client::Client;
use crate::sched::{Scheduler, deadlock};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::sockopt::socket_peercred;
use rustix::process::{Uid, geteuid};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};

/// Clients at the same time.
const MOST: usize = 16;

/// Serves until somebody writes to `end`.
pub(super) fn serve(scheduler: &'static Scheduler, listener: &UnixListener, end: &OwnedFd) {
    let _hidden = sortie_fiber::race::hide();
    let mut clients: Vec<Client> = Vec::new();
    loop {
        let events = wait(listener, end, &clients);
        let [ended, comes, others @ ..] = &*events else {
            return;
        };
        if !ended.is_empty() {
            return;
        }
        let mut events = others.iter();
        clients.retain_mut(|client| match events.next() {
            Some(events) if !events.is_empty() => client.go_on(scheduler, *events),
            _ => true,
        });
        if !comes.is_empty()
            && let Ok((stream, _)) = listener.accept()
            && let Ok(client) = welcome(stream, clients.len())
        {
            clients.push(client);
        }
    }
}

/// Waits for something to happen, to each in turn: `end`, the listener, the clients.
fn wait(listener: &UnixListener, end: &OwnedFd, clients: &[Client]) -> Vec<PollFlags> {
    let mut all = vec![
        PollFd::new(end, PollFlags::IN),
        PollFd::new(listener, PollFlags::IN),
    ];
    all.extend(
        clients
            .iter()
            .map(|client| PollFd::new(client.stream(), client.interest())),
    );
    // Nobody's deadlock is hidden by this thread, which makes no goroutine ready.
    deadlock::thread_waits();
    // Fails by an interruption, or without memory: then there is no event.
    let _ = poll(&mut all, None);
    deadlock::thread_is_ready();
    all.iter().map(PollFd::revents).collect()
}

/// Accepts a client, or tells it why not.
fn welcome(stream: UnixStream, clients: usize) -> std::io::Result<Client> {
    let user = socket_peercred(&stream)?.uid;
    let problem = if user != geteuid() && user != Uid::ROOT {
        Some("only the user who runs the program may look at it")
    } else if clients >= MOST {
        Some("too many others are connected")
    } else {
        None
    };
    Client::new(stream, problem)
}
