//! Figures about the runtime, of programs whose state is known. A program of its own, since
//! all goroutines are counted; and one test at a time, since each sets the processors.

#[path = "common/procs.rs"]
mod procs;

use procs::Procs;
use sortie::chan::bounded;
use sortie::net::{TcpListener, TcpStream};
use sortie::runtime::{self, WaitReason, goroutine_profile, metrics};
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The profile when it is as wanted.
fn profile_when(wanted: impl Fn(&runtime::GoroutineProfile) -> bool) -> runtime::GoroutineProfile {
    loop {
        let profile = goroutine_profile();
        if wanted(&profile) {
            return profile;
        }
        std::thread::yield_now();
    }
}

/// The figures when they are as wanted.
fn metrics_when(wanted: impl Fn(&runtime::Metrics) -> bool) -> runtime::Metrics {
    loop {
        let metrics = metrics();
        if wanted(&metrics) {
            return metrics;
        }
        std::thread::yield_now();
    }
}

#[test]
fn goroutines_are_counted_by_state_reason_and_place() {
    let _procs = Procs::set(2);
    static COMPUTES: AtomicBool = AtomicBool::new(true);
    let (sender, receiver) = bounded::<()>(0);
    let mut goroutines = Vec::new();
    for _ in 0..7 {
        let receiver = receiver.clone();
        goroutines.push(sortie::go(move || receiver.recv().unwrap_or(())));
    }
    for _ in 0..3 {
        goroutines.push(sortie::go(|| sortie::sleep(Duration::from_secs(1))));
    }
    goroutines.push(sortie::go(|| {
        while COMPUTES.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
    }));
    let expected = [(WaitReason::ChannelReceive, 7), (WaitReason::Sleep, 3)];
    let profile = profile_when(|profile| {
        profile.reasons() == expected && profile.running + profile.without_proc == 1
    });
    assert_eq!(
        (profile.len(), profile.waiting, profile.runnable),
        (11, 10, 0)
    );
    assert_eq!(profile.places.len(), 2);
    let first = &profile.places[0];
    assert!(first.place.file().ends_with("metrics.rs"));
    assert!(first.origin.unwrap().file().ends_with("metrics.rs"));
    assert_eq!(profile.places[1].origin, None);
    let now = metrics_when(|now| now.goroutines == 11);
    let sum = now.running + now.without_proc + now.runnable + now.waiting;
    assert_eq!(sum, 11);
    assert!(now.timers >= 3);
    assert!(now.stacks >= 11);
    assert!(now.stack_space >= now.stacks * now.stack_size);
    assert!(now.header_memory >= 11 * 256);
    COMPUTES.store(false, Ordering::Relaxed);
    drop(sender);
    for goroutine in goroutines {
        goroutine.join().unwrap();
    }
    assert!(profile_when(|profile| profile.is_empty()).places.is_empty());
}

#[test]
fn goroutines_without_a_processor_are_told_apart() {
    let _procs = Procs::set(1);
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let blocked = sortie::go(move || runtime::blocking(|| receiver.recv()));
    profile_when(|profile| profile.without_proc == 1 && profile.len() == 1);
    let now = metrics_when(|now| (now.without_proc, now.running) == (1, 0));
    assert!(now.handoffs > 0);
    sender.send(()).unwrap();
    blocked.join().unwrap().unwrap();
}

#[test]
fn queues_are_seen() {
    let _procs = Procs::set(1);
    sortie::run(|| {
        // Unless the kernel lets us wait so long just then that our processor is taken away.
        let seen = (0..100).any(|_| {
            let before = metrics();
            let goroutines: Vec<_> = (0..20).map(|_| sortie::go(|| ())).collect();
            let profile = goroutine_profile();
            let now = metrics();
            for goroutine in goroutines {
                goroutine.join().unwrap();
            }
            let after = metrics();
            assert_eq!(after.goroutines_created - before.goroutines_created, 20);
            assert!(after.turns - before.turns >= 20);
            assert_eq!(now.procs.len(), 1);
            let queued = now.procs[0].runnable() + now.global_queue;
            now.runnable == 20
                && queued == 20
                && now.procs[0].in_use
                && (profile.runnable, profile.running) == (20, 1)
        });
        assert!(seen, "{:?}", metrics());
    });
}

#[test]
fn latencies_stand_for_all_that_became_ready() {
    const COUNT: u64 = 50_000;
    let _procs = Procs::set(1);
    sortie::run(|| {
        let before = metrics().sched_latency;
        for _ in 0..COUNT {
            sortie::go(|| ()).join().unwrap();
        }
        let latency = metrics().sched_latency.since(&before);
        // Each round has two: the new one, and the joiner.
        let expected = 2 * COUNT;
        assert!(
            (expected * 9 / 10..=expected * 11 / 10).contains(&latency.count()),
            "{latency:?}"
        );
        assert!(latency.quantile(0.5) > Some(Duration::ZERO));
    });
}

#[test]
fn latencies_are_as_long_as_they_are() {
    const SHORT: Duration = Duration::from_micros(200);
    let _procs = Procs::set(1);
    sortie::run(|| {
        let before = metrics().sched_latency;
        // Each waits for all others to have computed.
        sortie::scope(|s| {
            for _ in 0..20 {
                s.go(|| {
                    for _ in 0..100 {
                        let start = Instant::now();
                        while start.elapsed() < SHORT {
                            std::hint::spin_loop();
                        }
                        sortie::yield_now();
                    }
                });
            }
        });
        let latency = metrics().sched_latency.since(&before);
        let half = latency.quantile(0.5).unwrap();
        assert!(half >= 10 * SHORT, "{latency:?}");
    });
}

#[test]
fn sockets_and_waits_for_them_are_counted() {
    let _procs = Procs::set(2);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let before = metrics();
    let accepts = sortie::go(move || listener.accept().map(|(stream, _)| (listener, stream)));
    profile_when(|profile| profile.reasons() == [(WaitReason::IoWait, 1)]);
    let now = metrics();
    assert_eq!(now.sockets - before.sockets, 1);
    assert_eq!(now.socket_waits - before.socket_waits, 1);
    let client = TcpStream::connect(address).unwrap();
    let (listener, mut stream) = accepts.join().unwrap().unwrap();
    assert_eq!(metrics().socket_waits, before.socket_waits);
    drop(client);
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    drop((listener, stream));
    assert_eq!(metrics().sockets, before.sockets);
}
