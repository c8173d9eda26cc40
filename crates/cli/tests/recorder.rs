//! The recorder: what becomes of its writer, what is in the file, and when.

mod common;

use common::{Memory, alone, read};
use sortie::trace;
use sortie_cli::file::{Event, What};
use sortie_cli::model::State;
use std::io::{self, Write};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

/// A writer that panics is one that fails: nobody waits for it for ever.
#[test]
fn a_panic_of_the_writer_is_an_error() {
    struct Panics(u32);
    impl Write for Panics {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            assert_ne!(self.0, 0, "on purpose");
            self.0 -= 1;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            panic!("on purpose");
        }
    }
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    let _alone = alone();
    for writes in 0..6 {
        trace::start(Panics(writes)).unwrap();
        sortie::run(|| sortie::go(|| ()).join().unwrap());
        let error = trace::stop().unwrap_err();
        assert_eq!(error.to_string(), "the trace's writer panicked");
        assert!(!trace::is_enabled());
    }
}

/// Whoever shares something with the writer has it alone afterwards.
#[test]
fn the_writer_is_gone_when_the_trace_has_ended() {
    let _alone = alone();
    for _ in 0..300 {
        let memory = Memory::default();
        trace::start(memory.clone()).unwrap();
        trace::stop().unwrap();
        assert_eq!(Arc::strong_count(&memory.0), 1);
    }
}

/// A forked child that ends has nothing to complete, and does not try for seconds.
#[test]
fn a_forked_child_does_not_complete_the_trace() {
    let _alone = alone();
    let memory = Memory::default();
    trace::start(memory.clone()).unwrap();
    // SAFETY: the child ends, by a signal if it takes long. What ends it is its own.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            libc::alarm(2);
            libc::exit(7);
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(child, &mut status, 0), child);
        assert!(libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 7);
    }
    trace::stop().unwrap();
    read(&memory.0.lock().unwrap());
}

/// Bytes of a trace whose ticks are nanoseconds.
struct Bytes(Vec<u8>);

impl Bytes {
    fn new() -> Self {
        let mut bytes = Bytes(b"SORTIETR\x01\0\0\0".to_vec());
        bytes.chunk(b'H', b"ticks=0\nnanoseconds=0\nmax_procs=1\n");
        bytes
    }

    fn chunk(&mut self, tag: u8, payload: &[u8]) {
        self.0.push(tag);
        self.0.extend((payload.len() as u32).to_le_bytes());
        self.0.extend(payload);
    }

    /// A block with one event: its kind, its time in milliseconds, and small fields.
    fn event(
        &mut self,
        machine: u32,
        (processor, goroutine): (u32, u64),
        (kind, time): (u8, u64),
        fields: &[u8],
    ) {
        let mut payload = Vec::new();
        for number in [machine, 1, processor] {
            payload.extend(number.to_le_bytes());
        }
        let nanoseconds = time * 1_000_000;
        for number in [goroutine, nanoseconds, nanoseconds, 0] {
            payload.extend(number.to_le_bytes());
        }
        payload.extend([kind, 0, 0]);
        payload.extend(fields);
        self.chunk(b'E', &payload);
    }

    fn end(mut self, time: u64) -> Vec<u8> {
        let nanoseconds = time * 1_000_000;
        let numbers = [nanoseconds, nanoseconds, 0];
        self.chunk(b'Z', &numbers.map(u64::to_le_bytes).concat());
        self.0
    }
}

/// A processor is taken from a machine that is stuck, and whose next block begins later.
#[test]
fn what_is_between_two_blocks_is_not_in_the_first() {
    const RUN: u8 = 4;
    const PARK: u8 = 5;
    const RETAKE: u8 = 13;
    let mut bytes = Bytes::new();
    bytes.event(0, (1, 0), (RUN, 1), &[2]); // goroutine 1
    bytes.event(u32::MAX, (0, 0), (RETAKE, 2), &[0, 0]);
    bytes.event(0, (0, 1), (PARK, 10), &[0]);
    let (_, model) = read(&bytes.end(20));
    let spans: Vec<_> = model.goroutines[0]
        .spans
        .iter()
        .filter_map(|span| match span.state {
            State::Running { processor, .. } => {
                Some((span.start / 1_000_000, span.end / 1_000_000, processor))
            }
            _ => None,
        })
        .collect();
    assert_eq!(spans, [(1, 2, Some(0)), (2, 10, None)]);
}

fn is_in(text: &str, bytes: &[u8]) -> bool {
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

/// What was recorded is in the file soon, even if its thread then sleeps for ever.
#[test]
fn what_somebody_told_who_sleeps_now_is_written() {
    let _alone = alone();
    let memory = Memory::default();
    trace::start(memory.clone()).unwrap();
    trace::log("last", "the last for long");
    let start = Instant::now();
    while !is_in("the last for long", &memory.0.lock().unwrap()) {
        let waited = start.elapsed();
        assert!(waited < Duration::from_secs(20), "it is not written");
        std::thread::sleep(Duration::from_millis(10));
    }
    trace::log("then", "somebody wakes up");
    trace::stop().unwrap();
    let bytes = memory.0.lock().unwrap().clone();
    let (trace, _) = read(&bytes);
    let events = trace.blocks.iter().flat_map(|block| block.events(&trace));
    let is_message = |event: &Event| matches!(event.what, What::Log { .. });
    assert_eq!(events.filter(is_message).count(), 2, "each is told once");
}

/// What the file is about to get, the flight recorder has too.
#[test]
fn the_flight_recorder_has_what_is_being_written() {
    /// Says when it is asked to write the text, and waits.
    struct Gate(mpsc::Sender<()>, mpsc::Receiver<()>);
    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if is_in("the needle", bytes) {
                self.0.send(()).unwrap();
                self.1.recv().unwrap();
            }
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let _alone = alone();
    let (asked, is_asked) = mpsc::channel();
    let (open, opened) = mpsc::channel();
    trace::start(Gate(asked, opened)).unwrap();
    let recorder = trace::FlightRecorder::new().start().unwrap();
    trace::log("haystack", "the needle");
    while is_asked.try_recv().is_err() {
        trace::log("haystack", &"straw".repeat(50));
    }
    let mut flight = Vec::new();
    recorder.write_to(&mut flight).unwrap();
    open.send(()).unwrap();
    trace::stop().unwrap();
    assert!(is_in("the needle", &flight));
}
