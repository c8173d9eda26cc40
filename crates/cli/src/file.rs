//! The trace file: chunks, blocks of events, places. Reads what it can: a file that
//! ends in the middle of a chunk is read up to there.

use std::collections::BTreeMap;
use std::fmt;

/// What a file begins with.
const MAGIC: &[u8; 8] = b"SORTIETR";
/// The version of the layout that this reads.
const VERSION: u32 = 1;
/// Bytes of a block before its events.
const BLOCK_HEADER: usize = 44;

/// Why a file cannot be read at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileError {
    /// It is something else.
    NotATrace,
    /// It has another layout.
    Version(u32),
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileError::NotATrace => f.write_str("this is no trace of sortie"),
            FileError::Version(version) => write!(
                f,
                "the trace has version {version} of the format, this program knows {VERSION}"
            ),
        }
    }
}

impl std::error::Error for FileError {}

/// A place in the source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// The file, as the compiler named it.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
    /// Its column, from 1.
    pub column: u32,
}

impl Location {
    /// The file, without where the standard library and other crates were built.
    pub fn short_file(&self) -> &str {
        let file = self.file.as_str();
        let after = |part: &str| file.find(part).and_then(|at| file.get(at + part.len()..));
        if file.starts_with("/rustc/")
            && let Some(library) = after("/library/")
        {
            return library;
        }
        // Of what is below, the first part is a registry.
        let inside = after("/registry/src/").and_then(|rest| rest.split_once('/'));
        inside.map_or(file, |(_, rest)| rest)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.short_file(), self.line)
    }
}

/// Where goroutines are made, or where and for what they wait.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Site {
    /// What is waited for, in Go's words; empty where goroutines are made.
    pub reason: String,
    /// Where.
    pub place: Option<Location>,
    /// Where that was made: a channel.
    pub origin: Option<Location>,
}

/// What happened. Goroutines, machines, processors and tasks are named by number.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields are what their names say")]
pub enum What {
    /// A goroutine was made at a site, by the one that runs here.
    Created { goroutine: u64, site: u32 },
    /// A goroutine was made ready: by the one that runs here or, if `caller` is false,
    /// by time or by itself.
    Ready { goroutine: u64, caller: bool },
    /// What ran here stops, and another runs. At least one of the two happens.
    Switch {
        stop: Option<Stop>,
        run: Option<u64>,
    },
    /// The machine has a processor.
    Acquire { processor: u32 },
    /// It has none any more.
    Release,
    /// A processor was taken from a machine while it ran user code.
    Retake { processor: u32, machine: u32 },
    /// A machine's thread begins.
    MachineStart,
    /// It ends.
    MachineEnd,
    /// The number of processors.
    MaxProcs { count: u64 },
    /// A goroutine that exists: its state, and where it runs or waits.
    Exists {
        goroutine: u64,
        state: u8,
        machine: Option<u32>,
        processor: Option<u32>,
        site: u32,
    },
    /// Where, and by whom, a goroutine that exists was made.
    Origin {
        goroutine: u64,
        site: u32,
        creator: u64,
    },
    /// A goroutine's name.
    Named { goroutine: u64, name: String },
    /// A region begins in the goroutine that runs here.
    RegionBegin { task: u64, name: String },
    /// Its last region ends.
    RegionEnd,
    /// A task begins.
    TaskBegin {
        task: u64,
        parent: u64,
        name: String,
    },
    /// A task ends.
    TaskEnd { task: u64 },
    /// A message.
    Log {
        task: u64,
        category: String,
        message: String,
    },
    /// The machine took goroutines from the queue of a processor.
    Steal { processor: u32 },
}

/// How a goroutine stops running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields are what their names say")]
pub enum Stop {
    /// It waits.
    Park { site: u32 },
    /// It lets others run.
    Yield,
    /// It has ended.
    End,
}

/// An event, with the time in nanoseconds since the trace began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub time: u64,
    /// What.
    pub what: What,
}

/// Events of one machine, in order; or of threads that are none.
#[derive(Debug, Clone)]
pub struct Block {
    /// Who wrote it: `None` for threads that are no machines.
    pub machine: Option<u32>,
    /// The kernel's number of the thread.
    pub thread: u32,
    /// The processor the machine had.
    pub processor: Option<u32>,
    /// The goroutine that ran, or 0.
    pub goroutine: u64,
    /// When it began.
    pub time: u64,
    ticks: u64,
    nanoseconds: u64,
    /// As in the file: a tenth of what they take when read.
    events: Box<[u8]>,
    count: usize,
    /// Of the last.
    last: u64,
}

/// A place among the events of a block.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor {
    at: usize,
    now: u64,
    named: u64,
}

impl Block {
    /// Its events.
    pub fn events(&self, trace: &Trace) -> impl Iterator<Item = Event> {
        let mut cursor = self.begin();
        std::iter::from_fn(move || {
            let (time, what) = self.next(&mut cursor, trace)?;
            Some(Event { time, what })
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(crate) fn begin(&self) -> Cursor {
        Cursor {
            at: 0,
            now: self.ticks,
            named: self.goroutine,
        }
    }

    /// The event there, with its time; the cursor goes on.
    pub(crate) fn next(&self, cursor: &mut Cursor, trace: &Trace) -> Option<(u64, What)> {
        let mut bytes = Bytes(self.events.get(cursor.at..)?);
        let what = event(&mut bytes, &mut cursor.now, &mut cursor.named)?;
        cursor.at = self.events.len() - bytes.0.len();
        Some((trace.clock.time(cursor.now), what))
    }
}

/// From ticks to nanoseconds.
#[derive(Debug, Clone, Copy, Default)]
struct Clock {
    start: u64,
    /// Nanoseconds in a tick.
    pace: f64,
}

impl Clock {
    fn time(&self, ticks: u64) -> u64 {
        (ticks.saturating_sub(self.start) as f64 * self.pace) as u64
    }
}

/// A file, read.
#[derive(Debug, Clone, Default)]
pub struct Trace {
    /// What the recorder says about the program: `program`, `arguments`, `pid`, ...
    pub information: BTreeMap<String, String>,
    /// Places by their number; number 0 is unknown.
    pub sites: Vec<Site>,
    /// Blocks in the order of the file.
    pub blocks: Vec<Block>,
    /// Whether the recording came to its end.
    pub complete: bool,
    /// Events that were dropped.
    pub lost: u64,
    /// Nanoseconds of CPU time that all threads of the program used meanwhile, if its
    /// recording came to its end.
    pub cpu_time: Option<u64>,
    /// Bytes that could not be read.
    pub unread: usize,
    /// When the recording ended, or its last event.
    pub end: u64,
    clock: Clock,
}

/// A look into bytes that may end too early.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number of so many bytes, eight at most.
    fn number(&mut self, bytes: usize) -> Option<u64> {
        let taken = self.take(bytes)?;
        let mut number = [0; 8];
        number.get_mut(..bytes)?.copy_from_slice(taken);
        Some(u64::from_le_bytes(number))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(self.number(4)? as u32)
    }

    fn text(&mut self, length: usize) -> Option<String> {
        Some(String::from_utf8_lossy(self.take(length)?).into_owned())
    }

    fn short_text(&mut self) -> Option<String> {
        let length = self.number(2)? as usize;
        self.text(length)
    }

    fn location(&mut self) -> Option<Option<Location>> {
        let (file, line, column) = (self.short_text()?, self.u32()?, self.u32()?);
        Some((!file.is_empty()).then_some(Location { file, line, column }))
    }
}

impl Trace {
    /// Reads a file's bytes.
    ///
    /// # Errors
    /// If they are no trace, or one of another version. What is cut off or damaged
    /// is left out, and counted in [`unread`](Self::unread).
    pub fn read(bytes: &[u8]) -> Result<Trace, FileError> {
        let mut bytes = Bytes(bytes);
        if bytes.take(8) != Some(MAGIC) {
            return Err(FileError::NotATrace);
        }
        match bytes.u32() {
            Some(VERSION) => {}
            Some(version) => return Err(FileError::Version(version)),
            None => return Err(FileError::NotATrace),
        }
        let mut trace = Trace {
            sites: vec![Site::default()],
            ..Trace::default()
        };
        let mut last = None;
        loop {
            let before = bytes.0.len();
            let mut chunk = || {
                let tag = bytes.number(1)?;
                let length = bytes.u32()? as usize;
                Some((tag as u8, bytes.take(length)?))
            };
            let Some((tag, payload)) = chunk() else {
                trace.unread += before;
                break;
            };
            let payload = Bytes(payload);
            let read = match tag {
                b'H' => trace.information(payload),
                b'S' => trace.sites(payload),
                b'E' => trace.events(payload),
                b'Z' => trace.trailer(payload, &mut last),
                // Of a later version.
                _ => Some(()),
            };
            if read.is_none() {
                trace.unread += before - bytes.0.len();
            }
        }
        trace.set_clock(last);
        Ok(trace)
    }

    fn information(&mut self, payload: Bytes<'_>) -> Option<()> {
        let text = std::str::from_utf8(payload.0).ok()?;
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        self.information
            .extend(pairs.map(|(key, value)| (key.to_string(), value.to_string())));
        Some(())
    }

    fn sites(&mut self, mut payload: Bytes<'_>) -> Option<()> {
        while !payload.0.is_empty() {
            let number = payload.u32()? as usize;
            let site = Site {
                reason: payload.short_text()?,
                place: payload.location()?,
                origin: payload.location()?,
            };
            if number == self.sites.len() {
                self.sites.push(site);
            }
        }
        Some(())
    }

    fn events(&mut self, mut payload: Bytes<'_>) -> Option<()> {
        debug_assert_eq!(BLOCK_HEADER, 3 * 4 + 4 * 8);
        let (machine, thread, processor) = (payload.u32()?, payload.u32()?, payload.u32()?);
        let (goroutine, ticks) = (payload.number(8)?, payload.number(8)?);
        let (nanoseconds, lost) = (payload.number(8)?, payload.number(8)?);
        self.lost = self.lost.max(lost);
        let processor = match processor {
            0 => None,
            number => Some(self::processor(u64::from(number - 1))?),
        };
        // All that can be read.
        let (mut now, mut named, mut count) = (ticks, goroutine, 0);
        let mut rest = Bytes(payload.0);
        let mut good = 0;
        let mut last = ticks;
        while !rest.0.is_empty() && event(&mut rest, &mut now, &mut named).is_some() {
            count += 1;
            last = now;
            good = payload.0.len() - rest.0.len();
        }
        let whole = good == payload.0.len();
        self.blocks.push(Block {
            machine: (machine != u32::MAX).then_some(machine),
            thread,
            processor,
            goroutine,
            time: 0,
            ticks,
            nanoseconds,
            events: payload.0[..good].into(),
            count,
            last,
        });
        whole.then_some(())
    }

    fn trailer(&mut self, mut payload: Bytes<'_>, last: &mut Option<(u64, u64)>) -> Option<()> {
        *last = Some((payload.number(8)?, payload.number(8)?));
        self.lost = self.lost.max(payload.number(8)?);
        self.complete = true;
        // Earlier traces do not have it.
        self.cpu_time = payload.number(8);
        Some(())
    }

    /// Finds out how long a tick is, and when everything happened.
    fn set_clock(&mut self, last: Option<(u64, u64)>) {
        let number = |key: &str| self.information.get(key)?.parse::<u64>().ok();
        let first = number("ticks").zip(number("nanoseconds"));
        let blocks = self
            .blocks
            .iter()
            .map(|block| (block.ticks, block.nanoseconds));
        let first = blocks.clone().chain(first).min().unwrap_or((0, 0));
        let latest = blocks.chain(last).max().unwrap_or(first);
        let (ticks, nanoseconds) = (
            latest.0.saturating_sub(first.0),
            latest.1.saturating_sub(first.1),
        );
        self.clock = Clock {
            start: first.0,
            pace: if ticks == 0 || nanoseconds == 0 {
                1.0
            } else {
                nanoseconds as f64 / ticks as f64
            },
        };
        let clock = self.clock;
        for block in &mut self.blocks {
            block.time = clock.time(block.ticks);
            self.end = self.end.max(clock.time(block.last));
        }
        if let Some((ticks, _)) = last {
            self.end = self.end.max(clock.time(ticks));
        }
    }

    /// A place by its number.
    pub fn site(&self, number: u32) -> &Site {
        self.sites.get(number as usize).unwrap_or(&self.sites[0])
    }
}

/// The number of a processor, if it makes sense.
fn processor(number: u64) -> Option<u32> {
    /// More than any machine has; and tables are as long as this.
    const MOST: u64 = 1 << 16;
    (number <= MOST).then_some(number as u32)
}

/// Reads one event. `now` and `named` are the time of the last, and the goroutine that
/// was named last.
fn event(bytes: &mut Bytes<'_>, now: &mut u64, named: &mut u64) -> Option<What> {
    let kind = bytes.number(1)?;
    let codes = bytes.number(1)?;
    let mut index = 0;
    let mut next = |bytes: &mut Bytes<'_>| {
        let length = 1 << (codes >> (2 * index) & 3);
        index += 1;
        bytes.number(length)
    };
    let after = next(bytes)?;
    *now = now.wrapping_add(after.wrapping_mul(16));
    let mut goroutine = |zigzag: u64| {
        let difference = (zigzag >> 1) ^ (zigzag & 1).wrapping_neg();
        *named = named.wrapping_add(difference);
        *named
    };
    let switch = |stop, run| What::Switch { stop, run };
    Some(match kind {
        1 => What::Created {
            goroutine: goroutine(next(bytes)?),
            site: next(bytes)? as u32,
        },
        2 | 3 => What::Ready {
            goroutine: goroutine(next(bytes)?),
            caller: kind == 2,
        },
        4 => switch(None, Some(goroutine(next(bytes)?))),
        5 => {
            let site = next(bytes)? as u32;
            switch(Some(Stop::Park { site }), None)
        }
        6 => switch(Some(Stop::Yield), None),
        7 => switch(Some(Stop::End), None),
        8 => {
            let run = goroutine(next(bytes)?);
            let site = next(bytes)? as u32;
            switch(Some(Stop::Park { site }), Some(run))
        }
        9 => switch(Some(Stop::Yield), Some(goroutine(next(bytes)?))),
        10 => switch(Some(Stop::End), Some(goroutine(next(bytes)?))),
        11 => What::Acquire {
            processor: processor(next(bytes)?)?,
        },
        12 => What::Release,
        13 => What::Retake {
            processor: processor(next(bytes)?)?,
            machine: next(bytes)? as u32,
        },
        14 => What::MachineStart,
        15 => What::MachineEnd,
        16 => What::MaxProcs {
            count: processor(next(bytes)?)?.into(),
        },
        17 => {
            let goroutine = next(bytes)?;
            let state = next(bytes)?;
            What::Exists {
                goroutine,
                state: (state & 7) as u8,
                machine: (state >> 3 & 0xffff_ffff).checked_sub(1).map(|m| m as u32),
                processor: match state >> 35 {
                    0 => None,
                    number => Some(processor(number - 1)?),
                },
                site: next(bytes)? as u32,
            }
        }
        18 => What::Origin {
            goroutine: next(bytes)?,
            site: next(bytes)? as u32,
            creator: next(bytes)?,
        },
        19 => {
            let goroutine = goroutine(next(bytes)?);
            let length = next(bytes)? as usize;
            What::Named {
                goroutine,
                name: bytes.text(length)?,
            }
        }
        20 => {
            let task = next(bytes)?;
            let length = next(bytes)? as usize;
            What::RegionBegin {
                task,
                name: bytes.text(length)?,
            }
        }
        21 => What::RegionEnd,
        22 => {
            let (task, parent) = (next(bytes)?, next(bytes)?);
            let length = next(bytes)? as usize;
            What::TaskBegin {
                task,
                parent,
                name: bytes.text(length)?,
            }
        }
        23 => What::TaskEnd { task: next(bytes)? },
        24 => {
            let task = next(bytes)?;
            let (category, length) = (next(bytes)? as usize, next(bytes)? as usize);
            let mut text = Bytes(bytes.take(length)?);
            What::Log {
                task,
                category: text.text(category)?,
                message: text.text(text.0.len())?,
            }
        }
        25 => What::Steal {
            processor: processor(next(bytes)?)?,
        },
        _ => return None,
    })
}
