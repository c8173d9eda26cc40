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

/// One frame of a backtrace's text: its head, and where it is.
struct Frame<'a> {
    name: &'a str,
    lines: Vec<&'a str>,
}

impl Frame<'_> {
    /// Whether it is in one of these modules of this crate. Told by the name, or,
    /// where debug information shortens names, by the file, relative to the crate
    /// since backtraces leave the beginning out.
    fn is_in(&self, modules: &[&str]) -> bool {
        modules.iter().any(|module| {
            let name = format!("sortie::{module}");
            let file = format!("/src/{}", module.replace("::", "/"));
            self.name.contains(&name) || self.lines.iter().any(|line| line.contains(&file))
        })
    }

    /// Whether it stands between a goroutine's root and its closure.
    fn is_glue(&self) -> bool {
        ["call_once", "do_call", "catch_unwind", "__rust_try"]
            .iter()
            .any(|part| self.name.contains(part))
    }
}

/// The frames that the program itself is responsible for.
pub(super) fn interesting(backtrace: &Backtrace) -> String {
    let text = backtrace.to_string();
    let mut frames: Vec<Frame<'_>> = Vec::new();
    for line in text.lines() {
        let head = line
            .trim_start()
            .split_once(": ")
            .filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()));
        match (head, frames.last_mut()) {
            (Some((_, name)), _) => frames.push(Frame {
                name,
                lines: Vec::new(),
            }),
            (None, Some(frame)) => frame.lines.push(line),
            (None, None) => {}
        }
    }
    let is_runtime = |frame: &Frame<'_>| {
        frame.is_in(&["park", "sched", "observe"]) || frame.name.contains("std::backtrace")
    };
    let start = frames
        .iter()
        .position(is_runtime)
        .and_then(|first| {
            let after = frames[first..].iter().position(|frame| !is_runtime(frame));
            after.map(|count| first + count)
        })
        .unwrap_or(0);
    let is_root = |frame: &Frame<'_>| {
        frame.is_in(&["sched::entry"])
            || (frame.is_in(&["task::join"]) && frame.name.contains("body"))
    };
    let count = frames[start..].iter().position(is_root);
    let mut end = count.map_or(frames.len(), |count| start + count);
    while end > start && frames[end - 1].is_glue() {
        end -= 1;
    }
    let mut result = String::new();
    for (number, frame) in frames[start..end].iter().enumerate() {
        result.push_str(&format!("{number:4}: {}\n", frame.name));
        for line in &frame.lines {
            result.push_str(line);
            result.push('\n');
        }
    }
    result
}
