//! Programs whose concurrency and parallelism are known, traced and read again.

mod common;

use common::{Memory, alone, read};
use sortie::chan::bounded;
use sortie::net::UnixStream;
use sortie::{runtime, trace};
use sortie_cli::file::{FileError, Trace};
use sortie_cli::model::{Model, State};
use sortie_cli::report::{self, CriticalPath, Figures};
use sortie_cli::{convert, file::Location};
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Traces a program on so many processors.
fn traced(processors: usize, program: impl FnOnce() + Send) -> Vec<u8> {
    runtime::set_max_procs(processors);
    let memory = Memory::default();
    trace::start(memory.clone()).unwrap();
    sortie::run(program);
    trace::stop().unwrap();
    memory.0.lock().unwrap().clone()
}

/// Computes for a while, and never enters the runtime.
fn compute(time: Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

#[test]
fn two_that_alternate_are_concurrent_but_not_parallel() {
    const ROUNDS: usize = 10_000;
    let _alone = alone();
    let bytes = traced(1, || {
        let (ping, pinged) = bounded::<()>(0);
        let (pong, ponged) = bounded::<()>(0);
        let other = sortie::go(move || {
            for () in pinged {
                pong.send(()).unwrap();
            }
        });
        for _ in 0..ROUNDS {
            ping.send(()).unwrap();
            ponged.recv().unwrap();
        }
        drop(ping);
        other.join().unwrap();
    });
    let (trace, model) = read(&bytes);
    // Each message makes its partner ready, from one goroutine to the other.
    let main = model.goroutines.iter().find(|g| g.creator == 0).unwrap().id;
    let other = model
        .goroutines
        .iter()
        .find(|g| g.creator == main)
        .unwrap()
        .id;
    let count = |from, to| {
        let wakes = model.wakes.iter();
        wakes
            .filter(|wake| (wake.from, wake.to) == (from, to))
            .count()
    };
    let there = count(main, other);
    let back = count(other, main);
    // Whoever comes second finds the first waiting, and so one of the two is woken by
    // each message; at the end the other's end wakes main once more.
    assert!(
        (2 * ROUNDS..=2 * ROUNDS + 3).contains(&(there + back)),
        "{there} {back}"
    );
    let figures = Figures::of(&model);
    assert!(figures.parallelism <= 1.0 + 1e-9, "{}", figures.parallelism);
    let both: u64 = figures.busy.iter().skip(2).sum();
    assert_eq!(both, 0, "never two at once");
    assert_eq!(figures.most_alive, 2);
    let path = CriticalPath::of(&model);
    assert_eq!(path.goroutines, 2);
    // Channels are told by where they were made.
    let channel = |wake: &sortie_cli::model::Wake| trace.site(wake.site).origin.clone();
    let origins: std::collections::HashSet<Option<Location>> = model
        .wakes
        .iter()
        .map(channel)
        .filter(Option::is_some)
        .collect();
    assert_eq!(origins.len(), 2);
    let mut text = String::new();
    report::write(&mut text, &trace, &model, Some(1_000_000_000)).unwrap();
    assert!(
        text.contains("Critical path") && text.contains("traces.rs"),
        "{text}"
    );
}

/// Two goroutines that compute at the same time.
fn two_compute() {
    let workers = [(); 2].map(|()| sortie::go(|| compute(Duration::from_millis(100))));
    for worker in workers {
        worker.join().unwrap();
    }
}

#[test]
fn what_computes_on_two_processors_overlaps() {
    let _alone = alone();
    let (_, model) = read(&traced(2, two_compute));
    let figures = Figures::of(&model);
    assert_eq!(figures.most_alive, 3);
    // As far as the kernel lets them; the runtime had both at work most of the time.
    let both: u64 = figures.busy.iter().skip(2).sum();
    assert!(both > figures.duration / 4, "{figures:?}");
    assert!(figures.parallelism <= 2.0 + 1e-9);
    let seen = report::windows(&model, model.end);
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].ran, seen[0].together), (3, 3));
    assert!(seen[0].overlapped >= 1);
}

#[test]
fn on_one_processor_the_same_is_concurrent_only() {
    let _alone = alone();
    let (_, model) = read(&traced(1, two_compute));
    let figures = Figures::of(&model);
    assert_eq!(figures.most_alive, 3);
    assert!(figures.parallelism <= 1.0 + 1e-9);
    let seen = report::windows(&model, model.end);
    assert_eq!((seen[0].together, seen[0].overlapped), (3, 0));
}

/// What one of two goroutines does until it is told to stop.
type Part = Box<dyn Fn(&AtomicBool) + Send + Sync>;

/// Traces 100 ms out of the life of two goroutines that both are at work before, and after.
/// Each does its part again and again, until it is told to stop.
fn out_of_the_middle(processors: usize, parts: [Part; 2]) -> (Figures, Model) {
    runtime::set_max_procs(processors);
    let begun = AtomicUsize::new(0);
    let stop = AtomicBool::new(false);
    let memory = Memory::default();
    std::thread::scope(|s| {
        s.spawn(|| {
            sortie::run(|| {
                sortie::scope(|s| {
                    for part in &parts {
                        let (begun, stop) = (&begun, &stop);
                        s.go(move || {
                            begun.fetch_add(1, Ordering::SeqCst);
                            // Both are on processors at the same time, if there are two.
                            while processors > 1 && begun.load(Ordering::SeqCst) < 2 {
                                std::hint::spin_loop();
                            }
                            part(stop);
                        });
                    }
                });
            });
        });
        while begun.load(Ordering::SeqCst) < 2 {
            std::thread::yield_now();
        }
        trace::start(memory.clone()).unwrap();
        std::thread::sleep(Duration::from_millis(100)); // as long as is traced
        trace::stop().unwrap();
        stop.store(true, Ordering::SeqCst);
    });
    let (_, model) = read(&memory.0.lock().unwrap().clone());
    (Figures::of(&model), model)
}

/// Computes in pieces far below the ten milliseconds after which a goroutine loses its
/// processor.
fn in_pieces() -> Part {
    Box::new(|stop| {
        while !stop.load(Ordering::SeqCst) {
            compute(Duration::from_micros(500));
            sortie::yield_now();
        }
    })
}

/// Two that hand a turn to and fro, and compute while they have it.
fn alternating() -> [Part; 2] {
    let (ping, pinged) = bounded::<()>(0);
    let (pong, ponged) = bounded::<()>(0);
    [
        Box::new(move |stop| {
            while !stop.load(Ordering::SeqCst) {
                compute(Duration::from_micros(500));
                ping.send(()).unwrap();
                ponged.recv().unwrap();
            }
            ping.close();
        }),
        Box::new(move |_| {
            while pinged.recv().is_ok() {
                compute(Duration::from_micros(500));
                pong.send(()).unwrap();
            }
        }),
    ]
}

/// What must hold for each run is checked for each. What the kernel may spoil by giving CPUs
/// to others, and hardly ever does ten times in a row, is checked for the best of ten.
fn one_of_ten(mut good: impl FnMut() -> Result<(), String>) {
    let mut errors = Vec::new();
    for _ in 0..10 {
        match good() {
            Ok(()) => return,
            Err(error) => errors.push(error),
        }
    }
    panic!("{errors:#?}");
}

/// The two of interest: main waits for them all the time.
fn able(figures: &Figures) -> f64 {
    figures.parallelism + figures.outside + figures.runnable
}

fn near(what: f64, wanted: f64, error: f64, figures: &Figures) -> Result<(), String> {
    match (what - wanted).abs() <= error {
        true => Ok(()),
        false => Err(format!("{what} instead of {wanted}: {figures:?}")),
    }
}

#[test]
fn two_that_compute_on_two_processors_have_parallelism_two() {
    let _alone = alone();
    one_of_ten(|| {
        let (figures, _) = out_of_the_middle(2, [in_pieces(), in_pieces()]);
        assert!(figures.parallelism <= 2.0 + 1e-9);
        near(able(&figures), 2.0, 0.02, &figures).unwrap();
        near(figures.alive, 3.0, 0.02, &figures).unwrap();
        near(figures.parallelism, 2.0, 0.05, &figures)?;
        near(
            figures.busy[2] as f64 / figures.duration as f64,
            1.0,
            0.05,
            &figures,
        )
    });
}

#[test]
fn two_that_compute_on_one_processor_have_parallelism_one() {
    let _alone = alone();
    one_of_ten(|| {
        let (figures, _) = out_of_the_middle(1, [in_pieces(), in_pieces()]);
        assert!(figures.parallelism <= 1.0 + 1e-9);
        assert_eq!(figures.busy.iter().skip(2).sum::<u64>(), 0);
        // As concurrent as on two.
        near(able(&figures), 2.0, 0.02, &figures).unwrap();
        near(figures.alive, 3.0, 0.02, &figures).unwrap();
        near(figures.parallelism, 1.0, 0.02, &figures)?;
        near(figures.runnable, 1.0, 0.05, &figures)
    });
}

#[test]
fn two_that_alternate_have_parallelism_one_on_any_number() {
    let _alone = alone();
    for processors in [1, 2] {
        one_of_ten(|| {
            let (figures, model) = out_of_the_middle(processors, alternating());
            near(figures.alive, 3.0, 0.02, &figures).unwrap();
            // Each turn of both is handed over: never less than 500 µs for each.
            assert!(model.wakes.len() as u64 <= 2 * figures.duration / 500_000 + 2);
            near(figures.parallelism, 1.0, 0.1, &figures)?;
            let both: u64 = figures.busy.iter().skip(2).sum();
            near(both as f64 / figures.duration as f64, 0.0, 0.1, &figures)
        });
    }
}

#[test]
fn a_process_that_begins_and_ends_is_not_the_program() {
    let _alone = alone();
    let (_, mut model) = read(&traced(1, || {
        compute(Duration::from_millis(5));
        sortie::go(|| compute(Duration::from_millis(5)))
            .join()
            .unwrap();
    }));
    // As if the recording had gone on for long. Other tests had a goroutine 1.
    for g in &mut model.goroutines {
        g.id = if g.creator == 0 { 1 } else { 2 };
    }
    model.goroutines.sort_by_key(|g| g.id);
    let end = model.goroutines[0].ended.unwrap();
    let first = model.goroutines[0].spans.iter();
    let first = first
        .filter(|span| matches!(span.state, State::Running { .. }))
        .map(|span| span.start);
    let start = first.min().unwrap();
    model.end = end + 1_000_000_000;
    let figures = Figures::of(&model);
    assert_eq!((figures.start, figures.duration), (start, end - start));
    assert!(figures.parallelism + figures.outside > 0.5, "{figures:?}");
}

#[test]
fn who_waited_for_the_network_is_ready_before_it_runs() {
    let _alone = alone();
    for processors in [1, 2] {
        let (trace, model) = read(&traced(processors, || {
            let (mut client, mut server) = UnixStream::pair().unwrap();
            let server = sortie::go(move || {
                let mut byte = [0];
                while server.read(&mut byte).unwrap() == 1 {
                    server.write_all(&byte).unwrap();
                }
            });
            for _ in 0..10 {
                parked(1, "IO wait");
                client.write_all(&[1]).unwrap();
                client.read_exact(&mut [0]).unwrap();
            }
            drop(client);
            server.join().unwrap();
        }));
        let mut waits = 0;
        for g in &model.goroutines {
            for pair in g.spans.windows(2) {
                if matches!(pair[0].state, State::Waiting { site } if trace.site(site).reason == "IO wait")
                {
                    waits += 1;
                    assert_eq!(pair[1].state, State::Runnable { by: 0 });
                }
            }
        }
        assert!(waits >= 10, "{waits}");
    }
}

#[test]
fn users_regions_tasks_and_messages_come_back() {
    let _alone = alone();
    let (_, model) = read(&traced(2, || {
        let task = trace::Task::new("bake");
        sortie::scope(|s| {
            s.go(|| {
                let _outer = task.region("knead");
                let _inner = trace::region("inner \"quoted\"");
                task.log("temperature", "180 °C");
                trace::log("plain", &"x".repeat(5000));
            });
        });
        drop(task);
        sortie::task::Builder::new()
            .name("baker")
            .spawn(|| ())
            .unwrap()
            .join()
            .unwrap();
    }));
    assert_eq!(model.tasks.len(), 1);
    assert_eq!(model.tasks[0].name, "bake");
    let worker = model
        .goroutines
        .iter()
        .find(|g| !g.regions.is_empty())
        .unwrap();
    let names: Vec<_> = worker
        .regions
        .iter()
        .map(|region| region.name.as_str())
        .collect();
    assert_eq!(names, ["knead", "inner \"quoted\""]);
    assert_eq!(worker.regions[0].task, model.tasks[0].id);
    assert!(worker.regions[0].start <= worker.regions[1].start);
    assert!(worker.regions[0].end >= worker.regions[1].end);
    assert_eq!(model.messages.len(), 2);
    assert_eq!(model.messages[0].text, "180 °C");
    assert_eq!(model.messages[1].text, "x".repeat(512));
    let named = model
        .goroutines
        .iter()
        .filter(|g| g.name.as_deref() == Some("baker"));
    assert_eq!(named.count(), 1);
}

#[test]
fn the_json_is_json_and_has_every_turn() {
    let _alone = alone();
    let (trace, model) = read(&traced(2, || {
        let (sender, receiver) = bounded(0);
        sortie::go(move || sender.send(1).unwrap());
        receiver.recv().unwrap();
        trace::log("a\nb", "\"\\\u{1}");
    }));
    let mut json = Vec::new();
    convert::write(&mut json, &trace, &model).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let events = json["traceEvents"].as_array().unwrap();
    for event in events {
        let phase = event["ph"].as_str().unwrap();
        assert!(
            event["name"].is_string() && event["pid"].is_u64(),
            "{event}"
        );
        assert!(phase == "M" || event["ts"].is_f64(), "{event}");
        assert!(phase != "X" || event["dur"].is_f64(), "{event}");
    }
    let slices = events
        .iter()
        .filter(|event| event["ph"] == "X" && event["pid"] == 1);
    assert_eq!(slices.count(), model.turns().len());
    let count = |phase| events.iter().filter(|event| event["ph"] == phase).count();
    assert_eq!(count("s"), count("f"));
    assert_eq!(count("i"), 1);
}

#[test]
fn a_million_goroutines_fit_into_bounded_memory() {
    const MANY: usize = 1_000_000;
    let _alone = alone();
    /// Only counts.
    struct Sink(Arc<Mutex<u64>>);
    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            *self.0.lock().unwrap() += bytes.len() as u64;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let program = || {
        let group = sortie::sync::WaitGroup::new();
        for _ in 0..MANY / 1000 {
            for _ in 0..1000 {
                group.go(|| {
                    for _ in 0..3 {
                        sortie::yield_now();
                    }
                });
            }
            group.wait();
        }
    };
    runtime::set_max_procs(2);
    sortie::run(program);
    let before = resident();
    let written = Arc::new(Mutex::new(0));
    trace::start(Sink(written.clone())).unwrap();
    sortie::run(program);
    trace::stop().unwrap();
    let grown = resident().saturating_sub(before);
    // At least what it takes to say that each was made, ran and ended.
    assert!(*written.lock().unwrap() > 8 * MANY as u64);
    assert!(grown < 48 << 20, "grew by {grown} bytes");
}

/// Bytes of memory in use.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[test]
fn the_flight_recorder_has_what_happened_and_who_only_waited() {
    let _alone = alone();
    runtime::set_max_procs(2);
    let bytes = sortie::run(|| {
        let (sender, receiver) = bounded::<()>(0);
        let waits = sortie::go(move || receiver.recv());
        parked(1, "chan receive");
        let recorder = trace::FlightRecorder::new().start().unwrap();
        assert!(trace::FlightRecorder::new().start().is_err());
        for _ in 0..100 {
            sortie::go(|| ()).join().unwrap();
        }
        let mut bytes = Vec::new();
        recorder.write_to(&mut bytes).unwrap();
        drop(recorder);
        assert!(!trace::is_enabled());
        drop(sender);
        assert!(waits.join().unwrap().is_err());
        bytes
    });
    let (trace, model) = read(&bytes);
    let ended = model.goroutines.iter().filter(|g| g.ended.is_some());
    assert_eq!(ended.count(), 100);
    let waits = model.goroutines.iter().filter(|g| {
        let all = |span: &sortie_cli::model::Span| {
            matches!(span.state, State::Waiting { site } if trace.site(site).reason == "chan receive")
        };
        !g.spans.is_empty() && g.spans.iter().all(all)
    });
    assert_eq!(
        waits.count(),
        1,
        "the one that did nothing is known from the end"
    );
}

/// Waits until so many goroutines wait for this reason.
fn parked(count: usize, reason: &str) {
    let waits = || {
        let wanted = format!("[{reason}");
        runtime::dump().to_string().matches(&wanted).count()
    };
    while waits() < count {
        sortie::yield_now();
    }
}

#[test]
fn on_and_off_while_everything_runs() {
    let _alone = alone();
    runtime::set_max_procs(2);
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let over = {
        let stop = stop.clone();
        move || stop.load(std::sync::atomic::Ordering::Relaxed)
    };
    let load = std::thread::spawn(move || {
        sortie::run(|| {
            while !over() {
                let (sender, receiver) = bounded(1);
                sortie::scope(|s| {
                    for _ in 0..4 {
                        let sender = sender.clone();
                        s.go(move || {
                            let _region = trace::region("send");
                            for i in 0..50 {
                                sender.send(i).unwrap();
                            }
                        });
                    }
                    drop(sender);
                    s.go(move || assert_eq!(receiver.iter().count(), 200));
                });
            }
        });
    });
    let start = Instant::now();
    let mut rounds = 0;
    while rounds < 50 || start.elapsed() < Duration::from_millis(500) {
        let flight = (rounds % 2 == 0).then(|| trace::FlightRecorder::new().start().unwrap());
        let memory = Memory::default();
        trace::start(memory.clone()).unwrap();
        assert!(trace::start(io::sink()).is_err(), "one at a time");
        let mut flown = Vec::new();
        if let Some(flight) = flight {
            flight.write_to(&mut flown).unwrap();
        }
        trace::stop().unwrap();
        let bytes = memory.0.lock().unwrap().clone();
        for bytes in [bytes, flown] {
            if !bytes.is_empty() {
                let trace = Trace::read(&bytes).unwrap();
                assert!(trace.complete);
                assert_eq!(trace.unread, 0);
                Model::of(&trace);
            }
        }
        rounds += 1;
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    load.join().unwrap();
}

#[test]
fn an_error_of_the_writer_comes_back() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::from(io::ErrorKind::StorageFull))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let _alone = alone();
    trace::start(Full).unwrap();
    sortie::run(|| ());
    assert_eq!(
        trace::stop().unwrap_err().kind(),
        io::ErrorKind::StorageFull
    );
    assert!(trace::stop().is_ok(), "told once");
}

/// Numbers that look random, the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % limit
    }
}

#[test]
fn damaged_files_are_read_as_far_as_possible() {
    let _alone = alone();
    let whole = traced(2, || {
        let _region = trace::region("all");
        let workers: Vec<_> = (0..20).map(|i| sortie::go(move || i)).collect();
        for worker in workers {
            worker.join().unwrap();
        }
    });
    assert_eq!(
        Trace::read(b"something else").unwrap_err(),
        FileError::NotATrace
    );
    assert_eq!(Trace::read(b"").unwrap_err(), FileError::NotATrace);
    let mut other = whole.clone();
    other[8] = 9;
    assert_eq!(Trace::read(&other).unwrap_err(), FileError::Version(9));
    // Cut off anywhere: what is there is a part of the whole.
    let events = |trace: &Trace| trace.blocks.iter().map(|block| block.len()).sum::<usize>();
    let all = events(&Trace::read(&whole).unwrap());
    let mut last = 0;
    for length in 12..whole.len() {
        let trace = Trace::read(&whole[..length]).unwrap();
        assert!(!trace.complete);
        let count = events(&trace);
        assert!((last..=all).contains(&count));
        last = count;
    }
    // Damaged anywhere: never a panic.
    let mut numbers = Numbers(42);
    for _ in 0..2_000 {
        let mut damaged = whole.clone();
        for _ in 0..=numbers.below(8) {
            let at = 12 + numbers.below(damaged.len() - 12);
            damaged[at] = numbers.below(256) as u8;
        }
        if numbers.below(4) == 0 {
            damaged.truncate(12 + numbers.below(damaged.len() - 12));
        }
        let trace = Trace::read(&damaged).unwrap();
        let model = Model::of(&trace);
        let mut text = String::new();
        report::write(&mut text, &trace, &model, None).unwrap();
        convert::write(&mut io::sink(), &trace, &model).unwrap();
    }
}

#[test]
fn goroutines_that_compute_without_a_processor_are_in_the_cpu_time() {
    const COUNT: u32 = 4;
    const WORK: Duration = Duration::from_millis(100);
    let _alone = alone();
    let bytes = traced(1, || {
        let workers: Vec<_> = (0..COUNT)
            .map(|_| sortie::go(|| compute_cpu(WORK)))
            .collect();
        for worker in workers {
            worker.join().unwrap();
        }
    });
    let (trace, model) = read(&bytes);
    // They lose the processor to each other, and compute on.
    let figures = Figures::of(&model);
    assert!(figures.outside > 0.0 && figures.parallelism <= 1.0);
    assert!(trace.cpu_time.unwrap() >= u64::from(COUNT) * WORK.as_nanos() as u64);
    let mut text = String::new();
    report::write(&mut text, &trace, &model, None).unwrap();
    assert!(text.contains("  CPU time "), "{text}");
    // Traces that end early have none.
    let cut = Trace::read(&bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(cut.cpu_time, None);
}

/// Uses so much CPU time, and never enters the runtime.
fn compute_cpu(time: Duration) {
    let used = || {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: writes the time.
        unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
        Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
    };
    let start = used();
    while used() - start < time {
        for _ in 0..1_000 {
            std::hint::spin_loop();
        }
    }
}
