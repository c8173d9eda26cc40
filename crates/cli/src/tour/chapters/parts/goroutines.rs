//! What goroutines are, and who runs them.

use super::super::*;
use super::Processors::{All, Exactly};
use super::{Chapter, Extra, one_and_all, run, titled};

pub(super) const CHAPTERS: &[Chapter] = &[
    Chapter {
        name: "concurrency",
        title: "Concurrency is dealing with many things at once",
        text: "Concurrency is a property of the code: it is made of tasks that may be in progress at \
               the same time. It says nothing about who does them. A cook with one pair of hands puts \
               the pasta on, stirs the sauce while it boils, and washes the salad meanwhile. `scope` \
               starts goroutines with `go`, lets them borrow, and waits for all of them.",
        refused: None,
        runs: &[run(concurrency::PROGRAM, Exactly(1))],
        look: "There is one P, one pair of hands, and it is hardly ever busy: the parallelism is near 0. \
               Still three dishes are under way all the time, and dinner takes as long as the longest dish.",
        extra: Extra::None,
    },
    Chapter {
        name: "parallelism",
        title: "Parallelism is doing many things at once",
        text: "Parallelism is a property of the run: tasks execute at the same instant, on several CPUs. \
               We do not write parallel code; we write concurrent code, and hope that it is run in \
               parallel. Here are two tasks that do nothing but compute, run twice.",
        refused: None,
        runs: &one_and_all(parallelism::PROGRAM),
        look: "The code is the same, and so is its concurrency: two goroutines could always run. On one P \
               they take turns, and the parallelism is 1. On more each has a P of its own.",
        extra: Extra::SpeedUp,
    },
    Chapter {
        name: "windows",
        title: "In parallel, as seen from where?",
        text: "Whether two things happen at the same time depends on how closely one looks. Two tasks of a \
               second each, done within five seconds, went on in parallel for somebody who looks every five \
               seconds, and one after the other for somebody who looks every second. Here is the program of \
               the last chapter again, seen through windows of time.",
        refused: None,
        runs: &one_and_all(parallelism::PROGRAM),
        look: "On one P the two never ran at the same instant, but through a window of 10 ms nobody could \
               tell. The smaller the window, the closer what it shows comes to the truth. Time is only one \
               kind of context: a process, a machine or a CPU is another.",
        extra: Extra::Windows(&[100_000, 10_000, 1_000, 100]),
    },
    Chapter {
        name: "goroutines",
        title: "Goroutines are cheap",
        text: "`go(f)` runs a function in a goroutine of its own, and does not wait for it. It returns a \
               handle, to `join` it and have its result. To the function it is a thread, with a stack and \
               thread-locals of its own; but it takes some hundred nanoseconds to make and a page of memory, \
               so nobody needs to think about how many there are.",
        refused: None,
        runs: &[run(goroutines::PROGRAM, All)],
        look: "Ten thousand goroutines sleep at the same time, on a handful of OS threads: all of it takes \
               little longer than one sleep.",
        extra: Extra::Scheduler,
    },
    Chapter {
        name: "main-exits",
        title: "The program ends when main does",
        text: "A goroutine that was started has not run yet: it waits in a queue for its turn. Nobody waits \
               for goroutines that are alive when `main` returns. They end with the process, half-way or \
               before their first step.",
        refused: None,
        runs: &[
            titled(main_exits::PROGRAM, "nobody waits", All),
            titled(main_waits::PROGRAM, "main waits", All),
        ],
        look: "The first program never says hello. A sleep in `main` would be a guess; `join`, a \
               `WaitGroup`, a `scope` or a channel know.",
        extra: Extra::None,
    },
    Chapter {
        name: "gmp",
        title: "G, M and P",
        text: "A goroutine (G) needs a processor (P) to run. A P has a queue of goroutines, and belongs to a \
               machine (M) for the time being, which is an OS thread; the kernel puts that on a CPU. A P \
               whose queue is empty steals from another's. A machine that is stuck in the kernel does not \
               need its P: it is handed off to another machine.",
        refused: None,
        runs: &[
            titled(stealing::PROGRAM, "work is stolen", All),
            titled(hand_off::PROGRAM, "a P is handed off", Exactly(1)),
        ],
        look: "In the first run all goroutines begin in the queue of main's P, and idle Ps take half of it. \
               In the second a goroutine blocks the only thread that there is. Its P goes to another thread \
               and the ticks go on; the timeline shows the blocked goroutine running, but on no P.",
        extra: Extra::Scheduler,
    },
    Chapter {
        name: "gomaxprocs",
        title: "GOMAXPROCS bounds parallelism",
        text: "The number of Ps is how many goroutines run at the same instant, at most. It is the number of \
               CPUs unless `SORTIE_MAXPROCS` or `GOMAXPROCS` is set, and may be changed while the program \
               runs. It does not change what the program means.",
        refused: None,
        runs: &[run(gomaxprocs::PROGRAM, All)],
        look: "With one P concurrency is what it was, and parallelism is switched off: four goroutines take \
               turns on it. With all Ps the same work takes less time.",
        extra: Extra::None,
    },
];
