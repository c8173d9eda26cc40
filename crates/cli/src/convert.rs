//! A trace for <https://ui.perfetto.dev>, in the trace event format of Chrome.
//!
//! Two groups of tracks: processors, with what each runs, and goroutines, with what
//! each does. Arrows lead from who makes ready to who becomes ready.

use crate::file::Trace;
use crate::model::{Goroutine, Model, State, reason};
use std::io::{self, Write};

const PROCESSORS: u32 = 1;
const GOROUTINES: u32 = 2;

/// Writes the JSON.
///
/// # Errors
/// Those of the writer.
pub fn write(out: &mut impl Write, trace: &Trace, model: &Model) -> io::Result<()> {
    write!(out, "{{\"displayTimeUnit\":\"ns\",\"traceEvents\":[")?;
    write!(
        out,
        "{{\"ph\":\"M\",\"pid\":{PROCESSORS},\"name\":\"process_name\",\"args\":{{\"name\":\"processors\"}}}},\n\
         {{\"ph\":\"M\",\"pid\":{GOROUTINES},\"name\":\"process_name\",\"args\":{{\"name\":\"goroutines\"}}}}"
    )?;
    for processor in 0..model.processors() {
        write!(
            out,
            ",\n{{\"ph\":\"M\",\"pid\":{PROCESSORS},\"tid\":{processor},\"name\":\"thread_name\",\
             \"args\":{{\"name\":\"P{processor}\"}}}}"
        )?;
    }
    for turn in model.turns() {
        let name = model
            .goroutine(turn.goroutine)
            .map(title)
            .unwrap_or_default();
        slice(
            out,
            PROCESSORS,
            u64::from(turn.processor),
            &name,
            turn.start,
            turn.end,
        )?;
    }
    for g in &model.goroutines {
        goroutine(out, trace, g)?;
    }
    for (index, wake) in model.wakes.iter().enumerate() {
        if wake.from != 0 {
            for (phase, thread) in [("s", wake.from), ("f", wake.to)] {
                write!(
                    out,
                    ",\n{{\"ph\":\"{phase}\",\"bp\":\"e\",\"id\":{index},\"pid\":{GOROUTINES},\"tid\":{thread},\
                     \"ts\":{},\"cat\":\"wake\",\"name\":\"ready\"}}",
                    microseconds(wake.time)
                )?;
            }
        }
    }
    for message in &model.messages {
        write!(
            out,
            ",\n{{\"ph\":\"i\",\"s\":\"t\",\"pid\":{GOROUTINES},\"tid\":{},\"ts\":{},\"cat\":{},\"name\":{}}}",
            message.goroutine,
            microseconds(message.time),
            quoted(&message.category),
            quoted(&message.text)
        )?;
    }
    for task in &model.tasks {
        for (phase, time) in [("b", task.start), ("e", task.end)] {
            write!(
                out,
                ",\n{{\"ph\":\"{phase}\",\"cat\":\"task\",\"id\":{},\"pid\":{GOROUTINES},\"tid\":0,\
                 \"ts\":{},\"name\":{}}}",
                task.id,
                microseconds(time),
                quoted(&task.name)
            )?;
        }
    }
    writeln!(out, "\n]}}")
}

pub(crate) fn title(g: &Goroutine) -> String {
    match &g.name {
        Some(name) => format!("goroutine {} ({name})", g.id),
        None => format!("goroutine {}", g.id),
    }
}

fn goroutine(out: &mut impl Write, trace: &Trace, g: &Goroutine) -> io::Result<()> {
    write!(
        out,
        ",\n{{\"ph\":\"M\",\"pid\":{GOROUTINES},\"tid\":{},\"name\":\"thread_name\",\"args\":{{\"name\":{}}}}}",
        g.id,
        quoted(&title(g))
    )?;
    for span in &g.spans {
        let name = match span.state {
            State::Runnable { .. } => "ready",
            State::Running {
                processor: Some(_), ..
            } => "running",
            State::Running { .. } => "running without processor",
            State::Waiting { site } => reason(trace.site(site)),
        };
        slice(out, GOROUTINES, g.id, name, span.start, span.end)?;
    }
    for region in &g.regions {
        // On their own, since they need not nest with the states.
        for (phase, time) in [("b", region.start), ("e", region.end)] {
            write!(
                out,
                ",\n{{\"ph\":\"{phase}\",\"cat\":\"region\",\"id\":{},\"pid\":{GOROUTINES},\"tid\":{},\
                 \"ts\":{},\"name\":{}}}",
                g.id,
                g.id,
                microseconds(time),
                quoted(&region.name)
            )?;
        }
    }
    Ok(())
}

fn slice(
    out: &mut impl Write,
    process: u32,
    thread: u64,
    name: &str,
    start: u64,
    end: u64,
) -> io::Result<()> {
    write!(
        out,
        ",\n{{\"ph\":\"X\",\"pid\":{process},\"tid\":{thread},\"ts\":{},\"dur\":{},\"name\":{}}}",
        microseconds(start),
        microseconds(end - start),
        quoted(name)
    )
}

fn microseconds(nanoseconds: u64) -> String {
    format!("{}.{:03}", nanoseconds / 1000, nanoseconds % 1000)
}

/// A JSON string.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c < ' ' => quoted.push_str(&format!("\\u{:04x}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
