//! What the chapters say.

mod channels;
mod goroutines;
mod locks;
mod patterns;
mod scale;

use super::Part;
use crate::tour::chapter::{Chapter, Extra, Processors, Program, Refused, Run};

pub(super) const PARTS: &[Part] = &[
    Part {
        title: "Goroutines",
        chapters: goroutines::CHAPTERS,
    },
    Part {
        title: "Channels",
        chapters: channels::CHAPTERS,
    },
    Part {
        title: "Shared memory",
        chapters: locks::CHAPTERS,
    },
    Part {
        title: "Patterns",
        chapters: patterns::CHAPTERS,
    },
    Part {
        title: "Scale",
        chapters: scale::CHAPTERS,
    },
];

/// A run that ends well.
const fn run(program: Program, processors: Processors) -> Run {
    Run {
        program,
        title: "",
        processors,
        status: 0,
    }
}

/// A run with a title.
const fn titled(program: Program, title: &'static str, processors: Processors) -> Run {
    Run {
        title,
        ..run(program, processors)
    }
}

/// The same program on one P and on all.
const fn one_and_all(program: Program) -> [Run; 2] {
    [
        titled(program, "on one P", Processors::Exactly(1)),
        titled(program, "the same on all Ps", Processors::All),
    ]
}
