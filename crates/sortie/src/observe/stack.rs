//! The stack of a goroutine that waits, as text.

use crate::goroutine::GRef;
use crate::sched::run::{self, Inquiry};
use std::backtrace::Backtrace;

/// Captures it.
///
/// # Safety
/// The world is stopped; the goroutine is suspended and has a fiber.
pub(super) unsafe fn capture(g: GRef) -> Option<Backtrace> {
    fn answer(data: *mut ()) {
        // SAFETY: the slot below, while its owner waits.
        let slot = unsafe { &mut *data.cast::<Option<Backtrace>>() };
        *slot = Some(Backtrace::force_capture());
    }
    let mut slot: Option<Backtrace> = None;
    let mut inquiry = Inquiry {
        answer,
        data: (&raw mut slot).cast(),
    };
    // SAFETY: as this function's. With the world stopped nobody has a processor,
    // so nobody resumes it. What a backtrace needs, memory and the loader's lock,
    // a goroutine may use like any code.
    unsafe { run::inquire(g, &mut inquiry) };
    slot
}

/// The frames between the runtime's own on both ends.
pub(super) fn interesting(backtrace: &Backtrace) -> String {
    let text = backtrace.to_string();
    let mut frames: Vec<Vec<&str>> = Vec::new();
    for line in text.lines() {
        let is_head = line
            .trim_start()
            .split_once(": ")
            .is_some_and(|(number, _)| number.bytes().all(|b| b.is_ascii_digit()));
        match frames.last_mut() {
            Some(frame) if !is_head => frame.push(line),
            _ => frames.push(vec![line]),
        }
    }
    let is_own = |frame: &Vec<&str>| {
        let name = frame[0];
        ["sortie::park", "sortie::sched", "sortie::observe", "sortie_fiber::", "corosensei::"]
            .iter()
            .any(|part| name.contains(part))
            || name.contains("std::backtrace")
    };
    let is_root = |frame: &Vec<&str>| {
        ["sortie::task::join::body", "sortie::sched::entry"]
            .iter()
            .any(|part| frame[0].contains(part))
    };
    let end = frames.iter().position(is_root).unwrap_or(frames.len());
    let start = frames[..end]
        .iter()
        .rposition(is_own)
        .map_or(0, |last| last + 1);
    let mut result = String::new();
    for (number, frame) in frames[start..end].iter().enumerate() {
        for (index, line) in frame.iter().enumerate() {
            let line = match (index, line.trim_start().split_once(": ")) {
                (0, Some((_, name))) => format!("{number:4}: {name}\n"),
                _ => format!("{line}\n"),
            };
            result.push_str(&line);
        }
    }
    result
}
