//! Dumps of all goroutines, while they go on.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

#[inline(never)]
fn recognisable_function() {
    sortie::sleep(Duration::from_millis(20));
    // Keeps the call above from becoming a jump.
    std::hint::black_box(());
}

#[sortie::test]
fn show_names_reasons_places_and_stacks() {
    let handle = sortie::task::Builder::new()
        .name("sleeper")
        .spawn(|| {
            for _ in 0..10 {
                recognisable_function();
            }
        })
        .unwrap();
    let id = handle.goroutine().id();
    // Until it sleeps.
    let text = loop {
        let text = sortie::runtime::dump().to_string();
        if text.contains(&format!("goroutine {id} (sleeper) [sleep]:")) {
            break text;
        }
        sortie::yield_now();
    };
    let own = text
        .split("\n\n")
        .find(|part| part.starts_with(&format!("goroutine {id} ")))
        .unwrap();
    assert!(own.contains("recognisable_function"), "{own}");
    assert!(own.contains("parked at"), "{own}");
    assert!(own.contains("dump.rs"), "{own}");
    assert!(own.contains("created by goroutine"), "{own}");
    // It was asked on its own stack, and goes on as if nothing had happened.
    handle.join().unwrap();
}

#[sortie::test]
fn are_taken_while_everything_runs() {
    let stop = AtomicBool::new(false);
    sortie::scope(|s| {
        for index in 0..30u64 {
            let stop = &stop;
            s.go(move || {
                while !stop.load(SeqCst) {
                    match index % 3 {
                        0 => sortie::yield_now(),
                        1 => sortie::sleep(Duration::from_micros(index)),
                        _ => sortie::go(|| ()).join().unwrap(),
                    }
                }
            });
        }
        for _ in 0..50 {
            let dump = sortie::runtime::dump();
            assert!(!dump.is_empty());
            assert!(dump.to_string().contains("[running]"));
            sortie::yield_now();
        }
        stop.store(true, SeqCst);
    });
}

#[test]
fn from_a_plain_thread() {
    let handle = sortie::go(recognisable_function);
    let dump = sortie::runtime::dump().to_string();
    assert!(dump.contains("goroutine "), "{dump}");
    handle.join().unwrap();
}
