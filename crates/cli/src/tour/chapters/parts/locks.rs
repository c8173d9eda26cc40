//! Memory that is shared, and what goes wrong with it.

use super::super::*;
use super::Processors::{All, Exactly};
use super::{Chapter, Extra, Refused, Run, run, titled};

pub(super) const CHAPTERS: &[Chapter] = &[
    Chapter {
        name: "wait-group",
        title: "Waiting for a group",
        text: "A `WaitGroup` counts: `add` before something begins, `done` when it is over, and `wait` \
               until nothing is left. `group.go(f)` is all of it in one.",
        refused: None,
        runs: &[run(wait_group::PROGRAM, All)],
        look: "Main waits for the slowest.",
        extra: Extra::None,
    },
    Chapter {
        name: "mutex",
        title: "One at a time",
        text: "A `Mutex` guards state that several goroutines use: one at a time has it. Keep it inside the \
               type whose state it guards, as this counter does, so that its users do not see how; a lock \
               that is held far and wide is a warning.",
        refused: None,
        runs: &[run(mutex::PROGRAM, All)],
        look: "No increment is lost.",
        extra: Extra::None,
    },
    Chapter {
        name: "races",
        title: "Races, and three remedies",
        text: "It is a data race when two goroutines use the same memory, at least one of them writes, and \
               nothing orders the two. In Go `x++` in two goroutines compiles and loses increments (and \
               `go run -race` finds it). Here it does not compile. What does compile is a race condition \
               without a data race: steps that are right one by one, and wrong together.",
        refused: Some(Refused {
            source: include_str!("../refused/scope_data_race.rs"),
            message: include_str!("../refused/scope_data_race.stderr"),
        }),
        runs: &[
            titled(lost_updates::PROGRAM, "increments are lost", Exactly(1)),
            titled(race_fixes::PROGRAM, "mutex, atomic, channel", All),
        ],
        look: "One after the other reads 0, before the first of them writes 1. With any of the three remedies \
               there are a hundred.",
        extra: Extra::None,
    },
    Chapter {
        name: "atomics",
        title: "Atomic numbers",
        text: "An atomic operation cannot be seen half done. `fetch_add` is Go's `atomic.AddInt64`: the \
               simplest counter, and the fastest of those that are shared.",
        refused: None,
        runs: &[run(atomics::PROGRAM, All)],
        look: "The times are those of this run. Both would be slower if more CPUs wanted the same memory; \
               best is not to share at all until the end.",
        extra: Extra::None,
    },
    Chapter {
        name: "deadlock",
        title: "Deadlock",
        text: "Each of two goroutines holds what the other waits for. It needs four things: exclusive use, \
               holding one while waiting for another, nobody who takes anything away, and a circle. The \
               runtime sees when all goroutines are asleep and nobody is left to wake them. It says where \
               each of them waits, and ends the process with status 2.",
        refused: None,
        runs: &[
            Run {
                status: 2,
                ..titled(deadlock::PROGRAM, "a circle", All)
            },
            titled(lock_order::PROGRAM, "the same order for all", All),
        ],
        look: "A barrier makes sure that each has one before it wants the second; in real programs it takes \
               bad luck, which is worse. The remedy breaks the circle: all take their locks in the same order.",
        extra: Extra::None,
    },
    Chapter {
        name: "livelock",
        title: "Livelock",
        text: "Two people meet in a corridor. Both step aside, to the same side, and again, and again. \
               Everybody is busy, and nobody gets anywhere: each takes one lock, cannot have the second, \
               politely gives the first one back, and tries again at the same pace.",
        refused: None,
        runs: &[run(livelock::PROGRAM, All)],
        look: "It looks like work: goroutines run, and a P is busy. No runtime can tell it from progress. \
               One order for all, or a pause of random length, would end it.",
        extra: Extra::None,
    },
    Chapter {
        name: "starvation",
        title: "Starvation",
        text: "Two goroutines do the same work. One holds the lock for all of it, the other thirty times, \
               for as little as it needs. The greedy one gets more done, not because it is faster, but because \
               the other hardly ever finds the lock free.",
        refused: None,
        runs: &[run(starvation::PROGRAM, All)],
        look: "It would be worse without the lock's help: one that has waited for a millisecond is handed \
               the lock, as in Go. Holding locks only where needed is polite; measuring shows who is not.",
        extra: Extra::None,
    },
    Chapter {
        name: "context",
        title: "Contexts: enough is enough",
        text: "A `Context` is passed down with a request, and ends when it is cancelled, when its time is over, \
               or when its parent ends. `done()` is a channel, so `select!` waits for it; locks, \
               sockets, `join` and `sleep` have forms that take a context.",
        refused: None,
        runs: &[run(contexts::PROGRAM, All)],
        look: "The query has 20 ms. The request goes on until it is cancelled, in the middle of a step.",
        extra: Extra::None,
    },
    Chapter {
        name: "channel-or-mutex",
        title: "Channel or mutex?",
        text: "Ask in this order. Is it a place where time is lost, as you have measured? A lock or an \
               atomic. Does data pass from one owner to the next? A channel. Does a type have state of its \
               own to guard? A mutex inside it. Do several pieces of logic have to be coordinated? Channels \
               and `select!`. Aim for simplicity, use channels where you can, and goroutines as if they were \
               free.",
        refused: None,
        runs: &[run(channel_or_mutex::PROGRAM, All)],
        look: "Both are here. Lines change hands, and who has sent one cannot use it any more: the compiler \
               sees to that. The tally is state of its own.",
        extra: Extra::None,
    },
];
