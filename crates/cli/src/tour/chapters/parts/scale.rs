//! What more processors do, and what they do not.

use super::super::*;
use super::Processors::{All, Exactly};
use super::{Chapter, Extra, one_and_all, run};

pub(super) const CHAPTERS: &[Chapter] = &[
    Chapter {
        name: "io-bound",
        title: "Waiting needs no processors",
        text: "Programs that fetch, read and write spend their time waiting. They gain by concurrency alone: \
               a goroutine that waits for a socket parks, and its P runs others. Code stays plain: \
               connect, read, return.",
        refused: None,
        runs: &[run(io_bound::PROGRAM, Exactly(1))],
        look: "One P, twenty servers, and all answers after about as long as the slowest takes. The \
               parallelism is far below 1.",
        extra: Extra::None,
    },
    Chapter {
        name: "cpu-bound",
        title: "Computing needs processors",
        text: "Programs that compute gain by parallelism only. Eight images are blurred, each in its \
               goroutine. How many at the same time is not in the code.",
        refused: None,
        runs: &one_and_all(cpu_bound::PROGRAM),
        look: "On one P eight goroutines take turns, and it takes as long as if there were one. With more, a \
               goroutine for each task spreads over as many CPUs as there are.",
        extra: Extra::SpeedUp,
    },
    Chapter {
        name: "amdahl",
        title: "Amdahl's law",
        text: "A part of the work that cannot be shared takes as long as ever, however many processors there \
               are. With a serial part of a fifth the whole is never more than five times as fast. \
               `sortie speedup -- ./program` measures any program of yours.",
        refused: None,
        runs: &[run(amdahl::PROGRAM, All)],
        look: "The beginning has one P at work, whatever there is. What fits the times best is the serial \
               fraction; the program was written to have 20 %.",
        extra: Extra::Amdahl,
    },
    Chapter {
        name: "web-server",
        title: "A web server",
        text: "With threads one asks first: how heavy are they, how many, is there a pool, how large? What \
               one wants to say is: somebody connects, I answer. That is the program: a goroutine for each \
               connection, Go's `go handleConnection(conn)`.",
        refused: None,
        runs: &[run(web_server::PROGRAM, All)],
        look: "A hundred users are served at the same time, each by code that could serve one. The clients are \
               goroutines of the same process.",
        extra: Extra::None,
    },
];
