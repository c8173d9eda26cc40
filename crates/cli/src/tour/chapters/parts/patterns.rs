//! What programs are made of.

use super::super::*;
use super::Processors::All;
use super::{Chapter, Extra, run};

pub(super) const CHAPTERS: &[Chapter] = &[
    Chapter {
        name: "worker-pool",
        title: "Worker pool",
        text: "A few goroutines take jobs from one channel and put results into another. The number of \
               workers limits how much goes on at the same time. Nobody hands out the jobs: who is free \
               takes the next.",
        refused: None,
        runs: &[run(worker_pool::PROGRAM, All)],
        look: "Five jobs for three workers: two of them do two.",
        extra: Extra::None,
    },
    Chapter {
        name: "pipeline",
        title: "Pipeline",
        text: "Each stage receives from the one before it and sends to the next. A stage is a function from \
               a receiver to a receiver, so stages combine as functions do. When the first is done its \
               channel closes, and so does one after the other.",
        refused: None,
        runs: &[run(pipeline::PROGRAM, All)],
        look: "While the last stage adds one number the first makes another. Each message hands over to the \
               next goroutine, mostly on the same P.",
        extra: Extra::None,
    },
    Chapter {
        name: "fan-out-fan-in",
        title: "Fan-out and fan-in",
        text: "When one stage is slow, several goroutines receive from the same channel (fan-out) and send \
               into one (fan-in). Go needs a `WaitGroup` to know when to close that; here it closes when the \
               last sender is dropped.",
        refused: None,
        runs: &[run(fan_out_fan_in::PROGRAM, All)],
        look: "The three squaring goroutines keep the Ps busy. Their results come in any order, so they are \
               sorted.",
        extra: Extra::None,
    },
    Chapter {
        name: "producer-consumer",
        title: "Producers and consumers",
        text: "Two producers put parcels on a belt, two consumers take them. They need not know each other. \
               A belt with room for three evens out who is fast and who is slow for the moment, and \
               makes producers wait when it is full.",
        refused: None,
        runs: &[run(producer_consumer::PROGRAM, All)],
        look: "The producers are faster, until the belt is full. From then on they wait as often as they send.",
        extra: Extra::None,
    },
];
