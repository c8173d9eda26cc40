//! `ErrGroup`.

use crate::crew::{Crew, Member, complains, message, pause};
use crate::parked::{until_all_parked, until_parked};
use sortie::chan::bounded;
use sortie::context::{Context, ContextError};
use sortie::sync::{ErrGroup, WaitGroup};
use std::error::Error;
use std::io;
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(1000);

everywhere![
    all_are_awaited,
    no_more_than_the_limit,
    one_error_and_it_is_one_of_them,
    waiting_in_time_races_with_the_end,
];

fn all_are_awaited(crew: Crew) {
    let group = ErrGroup::<()>::new();
    let sum = Arc::new(AtomicUsize::new(0));
    crew.all(3, {
        let (group, sum) = (group.clone(), sum.clone());
        move |starter| {
            for i in 0..20 {
                let sum = sum.clone();
                group.go(move || {
                    sortie::yield_now();
                    sum.fetch_add(20 * starter + i, Relaxed);
                    Ok(())
                });
            }
        }
    });
    let waiters = crew.all(3, move |_| group.wait());
    assert_eq!(waiters, [Ok(()); 3]);
    assert_eq!(sum.load(Relaxed), (0..60).sum());
}

/// Whoever starts them.
fn no_more_than_the_limit(crew: Crew) {
    const LIMIT: usize = 3;
    let group = ErrGroup::<usize>::new();
    group.set_limit(LIMIT);
    let active = Arc::new(AtomicUsize::new(0));
    crew.all(4, {
        let group = group.clone();
        move |starter| {
            for i in 0..30 {
                let active = active.clone();
                let work = move || {
                    let now = active.fetch_add(1, Relaxed) + 1;
                    sortie::yield_now();
                    active.fetch_sub(1, Relaxed);
                    if now > LIMIT { Err(now) } else { Ok(()) }
                };
                match (starter + i) % 4 {
                    0 => group.go_ctx(&Context::background(), work).unwrap(),
                    1 => assert!(group.go_timeout(LONG, work)),
                    2 => drop(group.try_go(work)),
                    _ => group.go(work),
                }
            }
        }
    });
    assert_eq!(group.wait(), Ok(()));
}

fn one_error_and_it_is_one_of_them(crew: Crew) {
    for _ in 0..30 {
        let (group, context) = ErrGroup::with_context(&Context::background());
        let failures = Arc::new(AtomicUsize::new(0));
        for number in 0..4 {
            let (context, failures) = (context.clone(), failures.clone());
            group.go(move || {
                if number % 2 == 0 {
                    failures.fetch_add(1, Relaxed);
                    return Err(number);
                }
                // It is let go by the failure of another.
                assert!(context.done().recv().is_err());
                Ok(())
            });
        }
        let error = crew.all(1, move |_| group.wait()).pop().unwrap();
        assert_eq!(error.unwrap_err() % 2, 0);
        assert_eq!(failures.load(Relaxed), 2);
        assert_eq!(context.err(), Some(ContextError::Canceled));
    }
}

fn waiting_in_time_races_with_the_end(crew: Crew) {
    for round in 0..100 {
        let group = ErrGroup::new();
        group.go(move || {
            for _ in 0..round % 7 {
                sortie::yield_now();
            }
            Err(round)
        });
        let timeout = Duration::from_micros(round % 50);
        let own = group.clone();
        let in_time = crew.start(0, move || own.wait_timeout(timeout)).join();
        match in_time {
            Some(result) => {
                assert_eq!(result, Err(round));
                assert_eq!(group.wait(), Ok(()), "it was returned already");
            }
            None => assert_eq!(group.wait(), Err(round)),
        }
        pause();
    }
}

#[test]
fn the_first_error_wins() {
    let group = ErrGroup::new();
    let (go_on, told) = bounded::<()>(0);
    group.go(|| Err("first"));
    let own = group.clone();
    group.go(move || {
        told.recv().unwrap();
        drop(own);
        Err("second")
    });
    // The first has failed by now.
    assert!(group.wait_timeout(SHORT).is_none());
    go_on.send(()).unwrap();
    assert_eq!(group.wait(), Err("first"));
}

/// Each error is dropped, or returned, once.
#[test]
fn no_error_is_lost_or_doubled() {
    #[derive(Debug)]
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Relaxed);
        }
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    let group = ErrGroup::new();
    for _ in 0..10 {
        let dropped = dropped.clone();
        group.go(move || Err(Counted(dropped)));
    }
    let error = group.wait().unwrap_err();
    assert_eq!(dropped.load(Relaxed), 9);
    drop(error);
    // One that nobody waits for goes with the group.
    let counter = dropped.clone();
    group.go(move || Err(Counted(counter)));
    drop(group);
    while dropped.load(Relaxed) != 11 {
        pause();
    }
}

#[test]
fn errors_that_cannot_be_cloned() {
    let group = ErrGroup::<io::Error>::new();
    group.go(|| {
        std::fs::read("/no/such/file")?;
        Ok(())
    });
    assert_eq!(group.wait().unwrap_err().kind(), io::ErrorKind::NotFound);
    let group = ErrGroup::<Box<dyn Error + Send + Sync>>::new();
    group.go(|| Ok("x".parse::<u8>().map(drop)?));
    assert_eq!(
        group.wait().unwrap_err().to_string(),
        "invalid digit found in string"
    );
}

/// A group that was waited for may be used again, and fail again.
#[test]
fn used_again() {
    let group = ErrGroup::new();
    assert_eq!(group.wait(), Ok(()));
    for round in 0..3 {
        group.go(move || Err(round));
        assert_eq!(group.wait(), Err(round));
        group.go(|| Ok(()));
        assert_eq!(group.wait(), Ok(()));
    }
}

#[test]
fn a_failure_ends_the_context() {
    let (outer, _cancel) = Context::background().with_cancel();
    let (group, context) = ErrGroup::with_context(&outer);
    let (go_on, told) = bounded::<()>(0);
    group.go(move || told.recv().or(Err("told nothing")));
    assert_eq!(context.err(), None);
    group.go(|| Err("failed"));
    assert!(context.done().recv().is_err());
    assert_eq!(context.err(), Some(ContextError::Canceled));
    assert_eq!(outer.err(), None);
    // The other one goes on undisturbed.
    assert!(group.wait_timeout(SHORT).is_none());
    go_on.send(()).unwrap();
    assert_eq!(group.wait(), Err("failed"));
}

#[test]
fn waiting_and_dropping_end_the_context() {
    let (group, context) = ErrGroup::<()>::with_context(&Context::background());
    group.go(|| Ok(()));
    assert_eq!(group.wait(), Ok(()));
    assert_eq!(context.err(), Some(ContextError::Canceled));

    let (group, context) = ErrGroup::<()>::with_context(&Context::background());
    let (go_on, told) = bounded::<()>(0);
    group.go(move || told.recv().or(Ok(())));
    drop(group);
    // Its member is there still.
    assert_eq!(context.err(), None);
    go_on.send(()).unwrap();
    assert!(context.done().recv().is_err());
}

#[test]
fn the_outer_context_ends_the_groups() {
    let (outer, cancel) = Context::background().with_cancel();
    let (group, context) = ErrGroup::with_context(&outer);
    group.go(move || {
        let _ = context.done().recv();
        context.err().map_or(Ok(()), Err)
    });
    cancel.cancel();
    assert_eq!(group.wait(), Err(ContextError::Canceled));
}

#[test]
fn an_error_as_the_cause() {
    let background = Context::background();
    let kind = |error: &io::Error| error.kind().to_string();
    let (group, context) = ErrGroup::with_context_cause(&background, kind);
    group.go(|| Err(io::Error::from(io::ErrorKind::NotFound)));
    assert!(group.wait().is_err());
    assert_eq!(context.cause().unwrap().to_string(), "entity not found");

    // Its own type is seen through it.
    let (group, context) = ErrGroup::with_context_cause(&background, ContextError::clone);
    group.go(|| Err(ContextError::DeadlineExceeded));
    assert!(group.wait().is_err());
    let cause = context.cause().unwrap();
    assert_eq!(cause.downcast_ref(), Some(&ContextError::DeadlineExceeded));
    assert_eq!(context.err(), Some(ContextError::Canceled));

    // Without an error there is no other cause.
    let (group, context) = ErrGroup::with_context_cause(&background, String::clone);
    group.go(|| Ok(()));
    assert_eq!(group.wait(), Ok(()));
    assert_eq!(
        context.cause().unwrap().downcast_ref(),
        Some(&ContextError::Canceled)
    );
}

#[test]
fn a_cause_that_panics() {
    let background = Context::background();
    let (group, context) =
        ErrGroup::with_context_cause(&background, |_: &u32| -> String { panic!("no cause") });
    group.go(|| Err(1));
    complains(&["no cause"], || group.wait());
    assert_eq!(context.err(), Some(ContextError::Canceled));
}

#[test]
fn starting_waits_for_room() {
    let group = ErrGroup::<()>::new();
    group.set_limit(2);
    let (go_on, told) = bounded::<()>(0);
    for _ in 0..2 {
        let told = told.clone();
        group.go(move || told.recv().or(Ok(())));
    }
    assert!(!group.try_go(|| Ok(())));
    assert!(!group.go_timeout(SHORT, || Ok(())));
    let (context, cancel) = Context::background().with_cancel();
    let [plain, hasty] = [Context::background(), context].map(|context| {
        let group = group.clone();
        let handle = sortie::go(move || group.go_ctx(&context, || Ok(())));
        until_parked(handle.goroutine().id(), "semacquire");
        handle
    });
    cancel.cancel();
    assert_eq!(hasty.join().unwrap(), Err(ContextError::Canceled));
    go_on.send(()).unwrap();
    plain.join().unwrap().unwrap();
    go_on.send(()).unwrap();
    assert_eq!(group.wait(), Ok(()));
    // All room is there again.
    assert!(group.try_go(|| Ok(())) && group.try_go(|| Ok(())));
    assert_eq!(group.wait(), Ok(()));
}

#[test]
fn a_limit_of_nothing() {
    let group = ErrGroup::<()>::new();
    group.set_limit(0);
    assert!(!group.try_go(|| Ok(())));
    assert!(!group.go_timeout(SHORT, || Ok(())));
    let words = [
        "with a limit of 0 nothing can be started",
        "set another limit",
    ];
    complains(&words, || group.go(|| Ok(())));
    complains(&words, || {
        let _ = group.go_ctx(&Context::background(), || Ok(()));
    });
    assert_eq!(group.wait(), Ok(()));
    group.set_limit(usize::MAX);
    group.go(|| Ok(()));
    assert_eq!(group.wait(), Ok(()));
}

#[test]
fn the_limit_stays_while_there_are_members() {
    let group = ErrGroup::<()>::new();
    let (go_on, told) = bounded::<()>(0);
    for _ in 0..2 {
        let told = told.clone();
        group.go(move || told.recv().or(Ok(())));
    }
    complains(
        &[
            "errgroup: modify limit while 2 goroutines in the group are still active",
            "set it before",
        ],
        || group.set_limit(1),
    );
    drop(go_on);
    assert_eq!(group.wait(), Ok(()));
    group.set_limit(1);
}

#[sortie::test]
fn members_start_members() {
    fn grow(group: &ErrGroup<u32>, depth: u32) {
        for _ in 0..3 {
            let own = group.clone();
            group.go(move || match depth {
                0 => Err(7),
                _ => {
                    grow(&own, depth - 1);
                    Ok(())
                }
            });
        }
    }
    let group = ErrGroup::new();
    grow(&group, 4);
    assert_eq!(group.wait(), Err(7));
}

#[test]
fn a_panic_goes_on_in_wait_when_all_have_ended() {
    let (group, context) = ErrGroup::with_context(&Context::background());
    let ended = Arc::new(Mutex::new(false));
    let own = ended.clone();
    group.go(move || {
        // Told by the other's panic.
        assert!(context.done().recv().is_err());
        sortie::sleep(SHORT);
        *own.lock().unwrap() = true;
        Err("an error")
    });
    group.go(|| panic!("on purpose"));
    let payload = catch_unwind(AssertUnwindSafe(|| group.wait())).unwrap_err();
    assert_eq!(message(&*payload), "on purpose");
    assert!(*ended.lock().unwrap());
    // The error is not lost for it.
    assert_eq!(group.wait(), Err("an error"));
    assert_eq!(group.wait(), Ok(()));
}

#[test]
fn of_several_panics_one_goes_on() {
    struct Payload(Arc<AtomicUsize>);
    impl Drop for Payload {
        fn drop(&mut self) {
            self.0.fetch_add(1, Relaxed);
        }
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    let group = ErrGroup::<()>::new();
    for _ in 0..5 {
        let dropped = dropped.clone();
        group.go(move || std::panic::panic_any(Payload(dropped)));
    }
    let payload = catch_unwind(AssertUnwindSafe(|| group.wait())).unwrap_err();
    assert_eq!(dropped.load(Relaxed), 4);
    assert!(payload.is::<Payload>());
    drop(payload);
    assert_eq!(dropped.load(Relaxed), 5);
    assert_eq!(group.wait(), Ok(()));
}

#[test]
fn an_exit_is_no_failure() {
    let (group, context) = ErrGroup::<()>::with_context(&Context::background());
    let exits = WaitGroup::new();
    let token = exits.token();
    group.go(move || {
        let _token = token;
        sortie::task::exit()
    });
    let (go_on, told) = bounded::<()>(0);
    group.go(move || told.recv().or(Ok(())));
    exits.wait();
    assert_eq!(context.err(), None);
    go_on.send(()).unwrap();
    assert_eq!(group.wait(), Ok(()));
}

#[test]
fn panics_and_exits_leave_room_for_others() {
    let group = ErrGroup::<()>::new();
    group.set_limit(1);
    for _ in 0..3 {
        group.go(|| panic!("on purpose"));
        group.go(|| sortie::task::exit());
        group.go(|| Ok(()));
    }
    complains(&["on purpose"], || group.wait());
    assert_eq!(group.wait(), Ok(()));
}

#[test]
fn a_context_ends_a_wait() {
    let group = ErrGroup::new();
    let (go_on, told) = bounded::<()>(0);
    group.go(move || {
        let _ = told.recv();
        Err(1)
    });
    let (context, cancel) = Context::background().with_cancel();
    let waits = {
        let (group, context) = (group.clone(), context.clone());
        sortie::go(move || group.wait_ctx(&context))
    };
    until_parked(waits.goroutine().id(), "errgroup.Group.Wait");
    cancel.cancel();
    assert_eq!(waits.join().unwrap(), Err(ContextError::Canceled));
    go_on.send(()).unwrap();
    assert_eq!(group.wait_ctx(&Context::background()), Ok(Err(1)));
    // An ended context is an error even if there is no need to wait.
    assert_eq!(group.wait_ctx(&context), Err(ContextError::Canceled));
    assert_eq!(
        group.go_ctx(&context, || Ok(())),
        Err(ContextError::Canceled)
    );
}

/// The error is for one of them.
#[test]
fn several_wait() {
    let group = ErrGroup::new();
    let (go_on, told) = bounded::<()>(0);
    group.go(move || {
        let _ = told.recv();
        Err(())
    });
    let waiters = [(); 3].map(|()| {
        let group = group.clone();
        sortie::go(move || group.wait())
    });
    let ids: Vec<_> = waiters.iter().map(|w| w.goroutine().id()).collect();
    until_all_parked(&ids, "errgroup.Group.Wait");
    go_on.send(()).unwrap();
    let results = waiters.map(|waiter| waiter.join().unwrap());
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 1);
}

#[test]
fn threads_are_starters_too() {
    let group = ErrGroup::<()>::new();
    group.set_limit(2);
    let members: Vec<_> = (0..6)
        .map(|number| {
            let group = group.clone();
            Crew::Mixed.start(number, move || {
                for _ in 0..20 {
                    group.go(|| {
                        sortie::yield_now();
                        Ok(())
                    });
                }
            })
        })
        .collect();
    members.into_iter().for_each(Member::join);
    assert_eq!(group.wait(), Ok(()));
    assert_eq!(format!("{group:?}"), "ErrGroup { members: 0, .. }");
}

#[test]
fn groups_go_everywhere() {
    fn check<T: Send + Sync + UnwindSafe + RefUnwindSafe + Unpin>() {}
    // An error is handed over, and never used by two at a time.
    check::<ErrGroup<std::cell::Cell<u32>>>();
}
