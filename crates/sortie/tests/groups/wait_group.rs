//! `WaitGroup`.

use crate::crew::{Crew, Member, complains, message, pause};
use crate::parked::until_parked;
use crate::procs::Procs;
use sortie::context::{Context, ContextError};
use sortie::sync::{WaitGroup, WaitGroupToken};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(1000);

everywhere![
    everybody_is_waited_for,
    many_wait_many_times,
    time_outs_race_with_the_last_member,
    contexts_race_with_the_last_member,
    tokens_are_members,
];

/// Relaxed counters are exact after `wait`, which orders memory.
fn everybody_is_waited_for(crew: Crew) {
    const MEMBERS: usize = 30;
    let (group, sum) = (WaitGroup::new(), Arc::new(AtomicUsize::new(0)));
    group.add(MEMBERS);
    let members: Vec<_> = (0..MEMBERS)
        .map(|number| {
            let (group, sum) = (group.clone(), sum.clone());
            crew.start(number, move || {
                pause();
                sum.fetch_add(number, Relaxed);
                group.done();
            })
        })
        .collect();
    let waiters = crew.all(5, {
        let (group, sum) = (group.clone(), sum.clone());
        move |_| {
            group.wait();
            sum.load(Relaxed)
        }
    });
    group.wait();
    assert_eq!(sum.load(Relaxed), (0..MEMBERS).sum());
    assert!(waiters.iter().all(|&seen| seen == sum.load(Relaxed)));
    members.into_iter().for_each(Member::join);
}

/// A round with two groups: all are in it before any leaves, as in a barrier.
fn many_wait_many_times(crew: Crew) {
    const MEMBERS: usize = 5;
    const ROUNDS: usize = 50;
    let groups: [WaitGroup; 3] = Default::default();
    groups[0].add(MEMBERS);
    let inside = Arc::new(AtomicUsize::new(0));
    let seen = crew.all(MEMBERS, {
        let inside = inside.clone();
        move |number| {
            for round in 0..ROUNDS {
                let [here, next, _] = [0, 1, 2].map(|i| &groups[(round + i) % 3]);
                inside.fetch_add(1, Relaxed);
                // Everybody has left its last use long ago.
                if number == 0 {
                    next.add(MEMBERS);
                }
                here.done();
                here.wait();
                assert!(inside.load(Relaxed) >= (round + 1) * MEMBERS);
            }
        }
    });
    assert_eq!(seen.len(), MEMBERS);
    assert_eq!(inside.load(Relaxed), ROUNDS * MEMBERS);
}

/// The group is used again as soon as all waits have returned, in time or not.
fn time_outs_race_with_the_last_member(crew: Crew) {
    let group = WaitGroup::new();
    for round in 0..200u64 {
        let done = Arc::new(AtomicBool::new(false));
        group.add(1);
        let member = {
            let (group, done) = (group.clone(), done.clone());
            crew.start(round as usize, move || {
                for _ in 0..round % 7 {
                    pause();
                }
                done.store(true, Relaxed);
                group.done();
            })
        };
        let waiters = crew.all(2, {
            let (group, done) = (group.clone(), done.clone());
            move |number| {
                let timeout = Duration::from_micros((round * 7 + number as u64) % 90);
                let in_time = group.wait_timeout(timeout);
                assert!(!in_time || done.load(Relaxed), "woken too early");
                in_time
            }
        });
        // Once more, when they have given up, to be ended by the same member.
        assert!(group.wait_timeout(LONG));
        assert!(done.load(Relaxed));
        drop(waiters);
        if round % 2 == 0 {
            member.join();
        }
    }
}

fn contexts_race_with_the_last_member(crew: Crew) {
    let group = WaitGroup::new();
    for round in 0..200 {
        let (context, cancel) = Context::background().with_cancel();
        group.add(1);
        let member = {
            let group = group.clone();
            crew.start(round, move || group.done())
        };
        let canceller = crew.start(round + 1, move || {
            for _ in 0..round % 5 {
                pause();
            }
            cancel.cancel();
        });
        match group.wait_ctx(&context) {
            Ok(()) => {}
            Err(error) => assert_eq!(Some(error), context.err()),
        }
        group.wait();
        member.join();
        canceller.join();
    }
}

fn tokens_are_members(crew: Crew) {
    let group = WaitGroup::new();
    let first = group.token();
    let members: Vec<_> = (0..20)
        .map(|number| {
            let token = group.token();
            crew.start(number, move || drop(token))
        })
        .collect();
    members.into_iter().for_each(Member::join);
    assert!(!group.wait_timeout(SHORT));
    let panics = crew.start(0, move || {
        let _member = first;
        panic!("on purpose");
    });
    group.wait();
    assert_eq!(message(&*panics.outcome().unwrap_err()), "on purpose");
}

#[test]
fn without_members_nobody_waits() {
    let group = WaitGroup::new();
    group.wait();
    assert!(group.wait_timeout(Duration::ZERO));
    group.add(0);
    group.wait();
    group.add(2);
    group.done();
    group.done();
    group.wait();
    assert_eq!(format!("{group:?}"), "WaitGroup { members: 0 }");
}

#[test]
fn clones_are_the_same_group() {
    let group = WaitGroup::new();
    let clone = group.clone();
    clone.add(1);
    assert!(!group.wait_timeout(Duration::ZERO));
    assert_eq!(format!("{group:?}"), "WaitGroup { members: 1 }");
    group.clone().done();
    clone.wait();
    drop(group);
    clone.wait();
}

#[sortie::test]
fn a_static_group() {
    static GROUP: WaitGroup = WaitGroup::new();
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    GROUP.add(1000);
    for _ in 0..1000 {
        sortie::go(|| {
            COUNT.fetch_add(1, Relaxed);
            GROUP.done();
        });
    }
    GROUP.wait();
    assert_eq!(COUNT.load(Relaxed), 1000);
}

#[test]
fn time_runs_out_and_members_go_on() {
    let group = WaitGroup::new();
    group.add(1);
    let start = Instant::now();
    assert!(!group.wait_timeout(SHORT));
    assert!(start.elapsed() >= SHORT);
    // Nobody waits now, so it is not too late.
    group.done();
    group.add(1);
    let waits = {
        let group = group.clone();
        sortie::go(move || group.wait_timeout(LONG))
    };
    until_parked(waits.goroutine().id(), "sync.WaitGroup.Wait");
    group.done();
    assert!(waits.join().unwrap());
}

#[test]
fn a_context_ends_a_wait() {
    let group = WaitGroup::new();
    group.add(1);
    let (context, cancel) = Context::background().with_cancel();
    let waits = {
        let (group, context) = (group.clone(), context.clone());
        sortie::go(move || group.wait_ctx(&context))
    };
    until_parked(waits.goroutine().id(), "sync.WaitGroup.Wait");
    cancel.cancel();
    assert_eq!(waits.join().unwrap(), Err(ContextError::Canceled));
    assert_eq!(group.wait_ctx(&context), Err(ContextError::Canceled));
    group.done();
    // Even if there is no need to wait.
    assert_eq!(group.wait_ctx(&context), Err(ContextError::Canceled));
    assert_eq!(group.wait_ctx(&Context::background()), Ok(()));
}

#[test]
fn one_of_several_gives_up() {
    let group = WaitGroup::new();
    group.add(1);
    let (context, cancel) = Context::background().with_cancel();
    let [patient, hasty] = [Context::background(), context].map(|context| {
        let group = group.clone();
        let handle = sortie::go(move || group.wait_ctx(&context));
        until_parked(handle.goroutine().id(), "sync.WaitGroup.Wait");
        handle
    });
    cancel.cancel();
    assert_eq!(hasty.join().unwrap(), Err(ContextError::Canceled));
    until_parked(patient.goroutine().id(), "sync.WaitGroup.Wait");
    group.done();
    assert_eq!(patient.join().unwrap(), Ok(()));
}

/// Each goroutine starts two more.
#[sortie::test]
fn members_start_members() {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    fn grow(group: &WaitGroup, depth: u32) {
        COUNT.fetch_add(1, Relaxed);
        for _ in 0..2 {
            if depth > 0 {
                let own = group.clone();
                group.go(move || grow(&own, depth - 1));
            }
        }
    }
    let group = WaitGroup::new();
    let own = group.clone();
    group.go(move || grow(&own, 8));
    group.wait();
    assert_eq!(COUNT.load(Relaxed), (1 << 9) - 1);
}

#[test]
fn a_panic_or_an_exit_is_done() {
    let group = WaitGroup::new();
    let log = Arc::new(Mutex::new(Vec::new()));
    struct Leaves(&'static str, Arc<Mutex<Vec<&'static str>>>);
    impl Drop for Leaves {
        fn drop(&mut self) {
            // What they own is gone before they are done.
            self.1.lock().unwrap().push(self.0);
        }
    }
    let [panics, exits] = ["panics", "exits"].map(|name| Leaves(name, log.clone()));
    group.go(move || {
        let _own = panics;
        panic!("on purpose");
    });
    group.go(move || {
        let _own = exits;
        sortie::task::exit();
    });
    group.wait();
    let mut log = std::mem::take(&mut *log.lock().unwrap());
    log.sort_unstable();
    assert_eq!(log, ["exits", "panics"]);
}

#[test]
fn counting_down_too_far() {
    let group = WaitGroup::new();
    let words = ["sync: negative WaitGroup counter", "call `add` before"];
    complains(&words, || group.done());
    group.add(1);
    group.done();
    complains(&words, || group.done());
    // No harm was done.
    group.add(1);
    assert!(!group.wait_timeout(Duration::ZERO));
    group.done();
    group.wait();
}

#[test]
fn counting_too_many() {
    const MOST: usize = i32::MAX as usize;
    let group = WaitGroup::new();
    complains(&["room for 2147483647 members"], || group.add(MOST + 1));
    complains(&["room for 2147483647 members"], || group.add(usize::MAX));
    group.add(MOST);
    complains(&["room for 2147483647 members"], || group.add(1));
    complains(&["room for 2147483647 members"], || group.add(MOST));
    assert_eq!(format!("{group:?}"), "WaitGroup { members: 2147483647 }");
}

/// On one processor who is woken does not run before this goroutine parks; unless it
/// lost its processor, so there are several tries.
#[test]
fn counting_up_before_the_waiter_is_awake() {
    let _procs = Procs::set(1);
    let noticed = sortie::run(|| {
        (0..1000).any(|_| {
            let group = WaitGroup::new();
            group.add(1);
            let waits = {
                let group = group.clone();
                sortie::go(move || group.wait())
            };
            until_parked(waits.goroutine().id(), "sync.WaitGroup.Wait");
            group.done();
            group.add(1);
            match waits.join() {
                Ok(()) => false,
                Err(payload) => {
                    let message = message(&*payload);
                    assert!(
                        message.contains("reused before previous Wait has returned")
                            && message.contains("use another group"),
                        "{message}"
                    );
                    true
                }
            }
        })
    });
    assert!(noticed);
}

#[test]
fn a_leaked_token_is_never_done() {
    let group = WaitGroup::new();
    std::mem::forget(group.token());
    assert!(!group.wait_timeout(SHORT));
    group.done();
    group.wait();
}

#[test]
fn groups_go_everywhere() {
    fn check<T: Send + Sync + UnwindSafe + RefUnwindSafe + Unpin + 'static>() {}
    check::<WaitGroup>();
    check::<WaitGroupToken>();
}
