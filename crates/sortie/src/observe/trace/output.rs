//! The file. `docs/trace-format.md` has its layout.

use crate::base::clock;
use crate::goroutine::WaitReason;
use crate::record::encode::{self, Kind};
use crate::record::pool::{self, BLOCK, Header, NO_MACHINE, Pool, Who};
use crate::record::{sites, ticks};
use std::io::{self, Write};
use std::panic::Location;
use std::time::{SystemTime, UNIX_EPOCH};

/// What a file begins with.
const MAGIC: &[u8; 8] = b"SORTIETR";
/// The version of the layout.
const VERSION: u32 = 1;

/// A file that is being written. After an error nothing more is written.
pub(super) struct Output<W> {
    writer: W,
    sites: u32,
    /// Events that were lost before, and CPU time that was used.
    lost: u64,
    cpu_time: u64,
    pub(super) result: io::Result<()>,
}

impl<W: Write> Output<W> {
    /// Begins a file.
    pub(super) fn new(writer: W, max_procs: usize) -> Self {
        let mut output = Output {
            writer,
            sites: 0,
            lost: pool::get().map_or(0, Pool::lost),
            cpu_time: clock::process_cpu_time(),
            result: Ok(()),
        };
        let mut start = MAGIC.to_vec();
        start.extend(VERSION.to_le_bytes());
        output.write(&start);
        output.chunk(b'H', information(max_procs).as_bytes());
        output
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.result.is_ok() {
            self.result = self.writer.write_all(bytes);
        }
    }

    /// Writes a chunk at once, so that a killed program leaves whole ones.
    fn chunk(&mut self, tag: u8, payload: &[u8]) {
        let mut chunk = vec![tag];
        chunk.extend((payload.len() as u32).to_le_bytes());
        chunk.extend(payload);
        self.write(&chunk);
    }

    /// Writes a block of events, after the places it may name.
    pub(super) fn events(&mut self, header: &Header, events: &[u8]) {
        self.sites();
        let who = &header.who;
        let mut payload = Vec::with_capacity(48 + events.len());
        for number in [who.machine, who.thread, who.processor] {
            payload.extend(number.to_le_bytes());
        }
        for number in [
            who.goroutine,
            header.ticks & !0xf,
            header.nanoseconds,
            header.lost.saturating_sub(self.lost),
        ] {
            payload.extend(number.to_le_bytes());
        }
        payload.extend(events);
        self.chunk(b'E', &payload);
    }

    fn sites(&mut self) {
        let new = sites::since(self.sites);
        if new.is_empty() {
            return;
        }
        let mut payload = Vec::new();
        for site in &new {
            self.sites = site.number;
            payload.extend(site.number.to_le_bytes());
            let reason = WaitReason::from_number(site.reason);
            text(&mut payload, reason.map_or("", WaitReason::as_str));
            location(&mut payload, Some(site.place));
            location(&mut payload, site.origin);
        }
        self.chunk(b'S', &payload);
    }

    /// Completes the file.
    pub(super) fn finish(&mut self) {
        let lost = pool::get().map_or(0, Pool::lost) - self.lost;
        let mut payload = Vec::new();
        let cpu_time = clock::process_cpu_time() - self.cpu_time;
        for number in [ticks::now(), clock::now(), lost, cpu_time] {
            payload.extend(number.to_le_bytes());
        }
        self.chunk(b'Z', &payload);
        if self.result.is_ok() {
            self.result = self.writer.flush();
        }
    }
}

impl<W> Output<W> {
    /// Gives the writer up. Returns its first error.
    pub(super) fn close(self) -> io::Result<()> {
        self.result
    }
}

fn information(max_procs: usize) -> String {
    let wall = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let program = std::env::current_exe().unwrap_or_default();
    let arguments: Vec<_> = std::env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().replace('\n', " "))
        .collect();
    format!(
        "program={}\narguments={}\npid={}\nticks={}\nnanoseconds={}\nwall={}\nmax_procs={max_procs}\n",
        program.display().to_string().replace('\n', " "),
        arguments.join(" "),
        std::process::id(),
        ticks::now(),
        clock::now(),
        wall.as_nanos(),
    )
}

fn text(payload: &mut Vec<u8>, text: &str) {
    let text = &text[..text.floor_char_boundary(usize::from(u16::MAX))];
    payload.extend((text.len() as u16).to_le_bytes());
    payload.extend(text.as_bytes());
}

fn location(payload: &mut Vec<u8>, location: Option<&Location<'_>>) {
    text(payload, location.map_or("", |place| place.file()));
    for number in location.map_or([0, 0], |place| [place.line(), place.column()]) {
        payload.extend(number.to_le_bytes());
    }
}

/// Blocks of events that no machine wrote.
pub(super) struct Notes {
    blocks: Vec<(Header, Vec<u8>)>,
}

impl Notes {
    pub(super) fn new() -> Self {
        Notes { blocks: Vec::new() }
    }

    /// Adds an event that happens now, with numbers only.
    pub(super) fn add(&mut self, kind: Kind, fields: &[u64]) {
        let full = |(_, bytes): &(Header, Vec<u8>)| bytes.len() + encode::LONGEST > BLOCK;
        if self.blocks.last().is_none_or(full) {
            let header = Header {
                who: Who {
                    machine: NO_MACHINE,
                    ..Who::default()
                },
                ticks: ticks::now(),
                nanoseconds: clock::now(),
                ..Header::default()
            };
            self.blocks.push((header, Vec::with_capacity(BLOCK)));
        }
        if let Some((_, bytes)) = self.blocks.last_mut() {
            let mut codes = 0;
            let start = bytes.len();
            bytes.extend([kind as u8, 0]);
            // All have the time of their block.
            for (index, value) in [0].iter().chain(fields).enumerate() {
                let mut field = [0; 8];
                // SAFETY: it has 8 bytes.
                let (code, length) = unsafe { encode::field(field.as_mut_ptr(), *value) };
                codes |= code << (2 * index);
                bytes.extend(&field[..length]);
            }
            bytes[start + 1] = codes;
        }
    }

    pub(super) fn write(&self, output: &mut Output<impl Write>) {
        for (header, bytes) in &self.blocks {
            output.events(header, bytes);
        }
    }
}
