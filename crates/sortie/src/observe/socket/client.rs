//! One connection: requests in, answers out, without ever waiting.

use super::sample;
use crate::observe::dump::Dump;
use crate::sched::Scheduler;
use rustix::event::PollFlags;
use rustix::net::{SendFlags, send};
use std::io::{self, Read};
use std::os::unix::net::UnixStream;

/// Bytes of a request at most.
const LONGEST: usize = 256;
/// While so many bytes wait to be taken, no more requests are read.
const PLENTY: usize = 64 * 1024;

/// A connection.
#[derive(Debug)]
pub(super) struct Client {
    stream: UnixStream,
    /// What came and is no whole request yet.
    input: Vec<u8>,
    /// What is to be sent, and how much of it was.
    output: Vec<u8>,
    sent: usize,
    /// Whether nothing more is read.
    done: bool,
}

impl Client {
    /// A new one. It is told who we are, or why it is refused.
    pub(super) fn new(stream: UnixStream, refused: Option<&str>) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let greeting = match refused {
            None => format!(
                "sortie 1 pid={} version={}\n",
                std::process::id(),
                env!("CARGO_PKG_VERSION")
            ),
            Some(problem) => format!("error {problem}\n"),
        };
        Ok(Client {
            stream,
            input: Vec::new(),
            output: greeting.into_bytes(),
            sent: 0,
            done: refused.is_some(),
        })
    }

    pub(super) fn stream(&self) -> &UnixStream {
        &self.stream
    }

    fn unsent(&self) -> usize {
        self.output.len() - self.sent
    }

    /// What it waits for.
    pub(super) fn interest(&self) -> PollFlags {
        let mut flags = PollFlags::empty();
        if !self.done && self.unsent() < PLENTY {
            flags |= PollFlags::IN;
        }
        if self.unsent() > 0 {
            flags |= PollFlags::OUT;
        }
        flags
    }

    /// Goes on after an event. Returns whether there will be more.
    pub(super) fn go_on(&mut self, scheduler: &'static Scheduler, events: PollFlags) -> bool {
        if events.intersects(PollFlags::ERR | PollFlags::NVAL) {
            return false;
        }
        if events.intersects(PollFlags::IN | PollFlags::HUP)
            && !self.done
            && self.read(scheduler).is_err()
        {
            return false;
        }
        self.write().is_ok() && !(self.done && self.unsent() == 0)
    }

    fn read(&mut self, scheduler: &'static Scheduler) -> io::Result<()> {
        let mut bytes = [0; LONGEST];
        match self.stream.read(&mut bytes) {
            Ok(0) => {
                self.done = true;
                // The last request need not end in a newline.
                if !self.input.is_empty() {
                    self.input.push(b'\n');
                }
            }
            Ok(count) => self.input.extend(&bytes[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(error),
        }
        while let Some(end) = self.input.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.input.drain(..=end).collect();
            self.answer(scheduler, String::from_utf8_lossy(&line).trim());
        }
        if self.input.len() >= LONGEST {
            self.refuse("a request is one short line");
            self.done = true;
        }
        Ok(())
    }

    /// Answers a request.
    fn answer(&mut self, scheduler: &'static Scheduler, request: &str) {
        match request {
            "metrics" => self.reply(&sample::take(scheduler)),
            "dump" => self.reply(&Dump::take(scheduler).to_string()),
            _ => self.refuse("no such request; known are: metrics, dump"),
        }
    }

    fn reply(&mut self, text: &str) {
        self.output
            .extend(format!("ok {}\n{text}", text.len()).as_bytes());
    }

    fn refuse(&mut self, problem: &str) {
        self.output.extend(format!("error {problem}\n").as_bytes());
    }

    /// Sends what the client takes now.
    fn write(&mut self) -> io::Result<()> {
        while self.unsent() > 0 {
            match send(
                &self.stream,
                &self.output[self.sent..],
                SendFlags::NOSIGNAL | SendFlags::DONTWAIT,
            ) {
                Ok(count) => self.sent += count,
                Err(rustix::io::Errno::AGAIN) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.output = Vec::new();
        self.sent = 0;
        Ok(())
    }
}
