//! Go's test/chan/select5.go: what a `select` evaluates, when, and how often.
//!
//! <https://github.com/golang/go/blob/master/test/chan/select5.go>
//!
//! Go's writes programs at random; here macros write all that there are of up to
//! three cases, and each is run with each choice of what is ready. A case's
//! channel is evaluated once, in order, when the `select` begins, but its message
//! only if it was chosen; Go's evaluates all messages at the beginning.

use crate::parked::until_all_parked;
use sortie::chan::{Receiver, Sender, bounded, never, select};
use std::sync::{Arc, Mutex};

/// What was done, in order; the number is that of the case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Channel(usize),
    Message(usize),
    Body(usize),
    Default,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// It receives; the channel is a place.
    Receive,
    /// It receives; the channel is the value of a call.
    ReceiveCall,
    /// It sends; the channel is a place, the message a constant.
    Send,
    /// It sends; channel and message are values of calls.
    SendCall,
}

impl Kind {
    fn receives(self) -> bool {
        matches!(self, Kind::Receive | Kind::ReceiveCall)
    }

    fn calls(self) -> bool {
        matches!(self, Kind::ReceiveCall | Kind::SendCall)
    }
}

/// What a program is run with.
struct Setting {
    steps: Mutex<Vec<Step>>,
    receivers: Vec<Receiver<usize>>,
    senders: Vec<Sender<usize>>,
    /// The other halves.
    feeds: Vec<Sender<usize>>,
    drains: Vec<Receiver<usize>>,
}

impl Setting {
    fn new(kinds: &[Kind], is_ready: impl Fn(usize) -> bool, nil: bool) -> Self {
        let mut setting = Setting {
            steps: Mutex::default(),
            receivers: Vec::new(),
            senders: Vec::new(),
            feeds: Vec::new(),
            drains: Vec::new(),
        };
        for case in 0..kinds.len() {
            let (feed, receiver) = bounded(1);
            let (sender, drain) = bounded(1);
            if is_ready(case) {
                feed.send(case).unwrap();
            } else {
                sender.send(usize::MAX).unwrap();
            }
            setting.receivers.push(if nil && !is_ready(case) {
                never()
            } else {
                receiver
            });
            setting.senders.push(sender);
            setting.feeds.push(feed);
            setting.drains.push(drain);
        }
        setting
    }

    fn log(&self, step: Step) {
        self.steps.lock().unwrap().push(step);
    }

    fn receiver(&self, case: usize) -> &Receiver<usize> {
        self.log(Step::Channel(case));
        &self.receivers[case]
    }

    fn sender(&self, case: usize) -> Sender<usize> {
        self.log(Step::Channel(case));
        self.senders[case].clone()
    }

    fn message(&self, case: usize) -> usize {
        self.log(Step::Message(case));
        case
    }

    /// The steps are those of a program of which this case was chosen.
    fn check(&self, kinds: &[Kind], chosen: Option<usize>) {
        let mut expected = Vec::new();
        for (case, kind) in kinds.iter().enumerate() {
            if kind.calls() {
                expected.push(Step::Channel(case));
            }
        }
        match chosen {
            Some(case) => {
                if matches!(kinds[case], Kind::SendCall) {
                    expected.push(Step::Message(case));
                }
                expected.push(Step::Body(case));
            }
            None => expected.push(Step::Default),
        }
        assert_eq!(*self.steps.lock().unwrap(), expected, "{kinds:?}");
    }

    /// Of what was ready, what was chosen was used up, and nothing else.
    fn check_channels(
        &self,
        kinds: &[Kind],
        chosen: Option<usize>,
        is_ready: impl Fn(usize) -> bool,
    ) {
        for (case, kind) in kinds.iter().enumerate() {
            let (fed, sent) = (self.receivers[case].len(), self.drains[case].try_recv());
            if kind.receives() {
                assert_eq!(
                    fed == 1,
                    is_ready(case) && chosen != Some(case),
                    "{kinds:?}"
                );
            } else if chosen == Some(case) {
                assert_eq!(sent, Ok(case), "{kinds:?}");
            } else {
                assert_eq!(sent.is_err(), is_ready(case), "{kinds:?}");
            }
        }
    }
}

/// What was chosen.
type Run = fn(&Setting) -> Option<usize>;

struct Program {
    kinds: &'static [Kind],
    run: Run,
}

/// Adds the programs with up to as many further cases as there are numbers.
macro_rules! programs {
    ($all:ident $s:ident ($($kinds:tt)*) ($($cases:tt)*) ($($end:tt)*)) => {
        programs!(@one $all $s ($($kinds)*) ($($cases)*) ($($end)*));
    };
    ($all:ident $s:ident ($($kinds:tt)*) ($($cases:tt)*) ($($end:tt)*) $n:literal $($more:literal)*) => {
        programs!(@one $all $s ($($kinds)*) ($($cases)*) ($($end)*));
        programs!($all $s ($($kinds)* Kind::Receive,) ($($cases)*
            recv($s.receivers[$n]) -> message => {
                $s.log(Step::Body($n));
                assert!(message.is_ok_and(|case| case == $n));
                Some($n)
            }
        ) ($($end)*) $($more)*);
        programs!($all $s ($($kinds)* Kind::ReceiveCall,) ($($cases)*
            recv($s.receiver($n)) -> message => {
                $s.log(Step::Body($n));
                assert!(message.is_ok_and(|case| case == $n));
                Some($n)
            }
        ) ($($end)*) $($more)*);
        programs!($all $s ($($kinds)* Kind::Send,) ($($cases)*
            send($s.senders[$n], $n) -> result => {
                $s.log(Step::Body($n));
                result.unwrap();
                Some($n)
            }
        ) ($($end)*) $($more)*);
        programs!($all $s ($($kinds)* Kind::SendCall,) ($($cases)*
            send($s.sender($n), $s.message($n)) -> result => {
                $s.log(Step::Body($n));
                result.unwrap();
                Some($n)
            }
        ) ($($end)*) $($more)*);
    };
    // Of no case it would wait for ever, or do nothing at all.
    (@one $all:ident $s:ident () $cases:tt $end:tt) => {};
    (@one $all:ident $s:ident ($($kinds:tt)+) ($($cases:tt)*) ($($end:tt)*)) => {
        $all.push(Program {
            kinds: &[$($kinds)+],
            run: |$s| select! { $($cases)* $($end)* },
        });
    };
}

fn that_wait() -> Vec<Program> {
    let mut all = Vec::new();
    programs!(all setting () () () 0 1 2);
    all
}

fn with_default() -> Vec<Program> {
    let mut all = Vec::new();
    programs!(all setting () () (
        default => {
            setting.log(Step::Default);
            None
        }
    ) 0 1 2);
    all
}

/// Runs it with each set of ready cases from `first` on.
fn with_each_set(program: &Program, first: u32) {
    let kinds = program.kinds;
    for ready in first..1 << kinds.len() {
        for nil in [false, true] {
            let is_ready = |case: usize| ready & (1 << case) != 0;
            let setting = Setting::new(kinds, is_ready, nil);
            let chosen = (program.run)(&setting);
            match chosen {
                Some(case) => assert!(is_ready(case), "{kinds:?}"),
                None => assert_eq!(ready, 0, "{kinds:?}"),
            }
            setting.check(kinds, chosen);
            setting.check_channels(kinds, chosen, is_ready);
        }
    }
}

#[sortie::test]
fn with_something_ready() {
    let all = that_wait();
    assert_eq!(all.len(), 4 + 16 + 64);
    all.iter().for_each(|program| with_each_set(program, 1));
}

#[sortie::test]
fn with_a_default() {
    let all = with_default();
    assert_eq!(all.len(), 4 + 16 + 64);
    all.iter().for_each(|program| with_each_set(program, 0));
}

#[sortie::test]
fn what_had_to_wait_evaluates_nothing_again() {
    // Of one case that receives, the plain operation is made.
    let all = that_wait();
    let all = all.iter().filter(|program| program.kinds.len() > 1);
    let mut runs = Vec::new();
    for program in all {
        for woken in 0..program.kinds.len() {
            let setting = Arc::new(Setting::new(program.kinds, |_| false, false));
            let (run, theirs) = (program.run, Arc::clone(&setting));
            let handle = sortie::go(move || run(&theirs));
            runs.push((program.kinds, woken, setting, handle));
        }
    }
    let ids: Vec<_> = runs.iter().map(|run| run.3.goroutine().id()).collect();
    // Once for all: to look at them takes time.
    until_all_parked(&ids, "select");
    for (kinds, woken, setting, handle) in runs {
        if kinds[woken].receives() {
            setting.feeds[woken].send(woken).unwrap();
        } else {
            assert_eq!(setting.drains[woken].recv(), Ok(usize::MAX));
        }
        assert_eq!(handle.join().unwrap(), Some(woken));
        setting.check(kinds, Some(woken));
    }
}
