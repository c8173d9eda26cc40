//! Communicating sequential processes.

use super::super::*;
use super::Processors::All;
use super::{Chapter, Extra, run};

pub(super) const CHAPTERS: &[Chapter] = &[
    Chapter {
        name: "channels",
        title: "Share memory by communicating",
        text: "A channel is a typed pipe between goroutines. With `bounded(0)`, Go's `make(chan int)`, \
               sending waits for a receiver and receiving for a sender, so passing a value on also means \
               that both are at the same point. The idea is C. A. R. Hoare's (Communicating Sequential \
               Processes, 1978): programs made of sequential processes that share nothing, and talk.",
        refused: None,
        runs: &[run(channels::PROGRAM, All)],
        look: "Which half comes first is not decided by the program; the total is the same. Nothing else is \
               needed to know that both sums are there.",
        extra: Extra::None,
    },
    Chapter {
        name: "buffering",
        title: "Channels with room",
        text: "`bounded(3)` has room for three messages. Sending waits only when it is full, receiving only \
               when it is empty. It is a queue in memory whose length has a limit.",
        refused: None,
        runs: &[run(buffering::PROGRAM, All)],
        look: "Three messages go at once. The fourth waits for the receiver, who sleeps, and from then on the \
               sender goes at the receiver's pace.",
        extra: Extra::None,
    },
    Chapter {
        name: "closing",
        title: "Closing a channel",
        text: "Closing says that no more will come. Receivers get what is still inside, and then an error: \
               Go's `v, ok := <-ch` is a `Result` here. A loop over a receiver ends. Sending into a closed \
               channel gives the message back; in Go it panics.",
        refused: None,
        runs: &[run(closing::PROGRAM, All)],
        look: "In the second half nobody calls `close`: the sender is dropped when its goroutine ends.",
        extra: Extra::None,
    },
    Chapter {
        name: "select",
        title: "Waiting for whatever comes first",
        text: "`select!` waits for several channel operations, and does one that is ready; if several are, \
               one of them by chance. With `default` it does not wait. `after` is a channel that delivers \
               once some time has passed, so a time-out is a case like any other. This is what makes \
               channels compose: who waits for a lock cannot wait for another thing as well.",
        refused: None,
        runs: &[run(selecting::PROGRAM, All)],
        look: "Main waits for two goroutines and the clock at the same time. It parks meanwhile: one that \
               waits needs no P.",
        extra: Extra::None,
    },
];
