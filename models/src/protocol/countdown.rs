//! Counting down: whoever waits goes on when nobody is left, and not before.
//!
//! * *A member* exchanges the word for one less. If it was the last, and somebody
//!   waits, it takes the lock, and ends all waits unless the count has gone up again.
//! * *A waiter* sets the flag that says so, with the lock held and only while there
//!   are members, and stands in the queue before the lock is free. If it gives up, and
//!   is the last in the queue, it takes the flag away.
//! * *Who counts up* from 0 and finds the flag has come too late.
//!
//! Checked: a waiter that was granted sees what all members did; the next round is not
//! ended by the last one's news; who comes too late changes nothing but panics, or was
//! in time; nobody waits for ever.
//!
//! Seen to fail: with `Relaxed` for the release of counting down, or for the acquire of
//! a waiter's looks at the word; when nobody is told; when the last does not look
//! whether the count is 0 still; when who gives up leaves the flag, or takes it away
//! without the lock; when it is set although the count is 0; when who came too late
//! does not tell those who waited for him meanwhile.

use super::{Watched, explore_bounded};
use crate::base::atomic::known;
use crate::base::clock::NEVER;
use crate::goroutine::WaitReason;
use crate::park::Place;
use crate::park::wait_queue::{Ended, Until};
use crate::sched::deadlock;
use crate::sync::countdown::Countdown;
use loom::thread;
use loom::thread::JoinHandle;
use std::panic::{self, AssertUnwindSafe, Location, catch_unwind};
use std::sync::{Arc, Once};

/// A deadline that is not now.
const SOON: u64 = 1_000;

/// A group, and what its members do.
#[derive(Debug)]
struct Group {
    count: Countdown,
    done: [Watched<bool>; 2],
}

impl Group {
    fn new(members: usize) -> Arc<Self> {
        let group = known(Group {
            count: Countdown::new(),
            done: Default::default(),
        });
        group.count.add(members);
        Arc::new(group)
    }

    /// Member number so and so.
    fn member(self: &Arc<Self>, number: usize) -> JoinHandle<()> {
        self.start(move |group| {
            group.done[number].change(|done| *done = true);
            group.count.done();
        })
    }

    fn start<R: 'static>(
        self: &Arc<Self>,
        f: impl FnOnce(&Self) -> R + Send + 'static,
    ) -> JoinHandle<R> {
        let group = self.clone();
        thread::spawn(move || f(&group))
    }

    fn wait(&self, deadline: u64) -> Ended {
        let place = Place {
            reason: WaitReason::WaitGroup,
            location: Location::caller(),
            origin: None,
        };
        self.count.wait(Until::deadline(deadline), place)
    }

    /// Waits until so many members are done.
    fn wait_for(&self, members: usize) {
        assert!(matches!(self.wait(NEVER), Ended::Granted(_)));
        for done in &self.done[..members] {
            done.look(|done| assert!(*done, "granted too early"));
        }
    }
}

/// Whether it panicked, and said this.
fn complains(words: &str, f: impl FnOnce()) -> bool {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // They are expected, thousands of times.
            if !info
                .payload_as_str()
                .is_some_and(|text| text.starts_with("sync: "))
            {
                hook(info);
            }
        }));
    });
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(()) => false,
        Err(payload) => {
            let message = payload.downcast::<String>().expect("a message");
            assert!(message.contains(words), "{message}");
            true
        }
    }
}

#[test]
fn one_waits_for_two() {
    explore_bounded("countdown, one waits for two", 4, || {
        let group = Group::new(2);
        let members = [0, 1].map(|number| group.member(number));
        group.wait_for(2);
        let _ = members.map(|member| member.join().unwrap());
        deadlock::nobody_waits();
    });
}

#[test]
fn two_wait_for_one() {
    explore_bounded("countdown, two wait for one", 3, || {
        let group = Group::new(1);
        let member = group.member(0);
        let other = group.start(|group| group.wait_for(1));
        group.wait_for(1);
        other.join().unwrap();
        member.join().unwrap();
        deadlock::nobody_waits();
    });
}

/// The member of the first round tells late what nobody waits for any more.
#[test]
fn a_round_after_somebody_gave_up() {
    explore_bounded("countdown, given up", 3, || {
        let group = Group::new(1);
        let first = group.member(0);
        match group.wait(SOON) {
            Ended::TimedOut => {
                // Counted up while there is a member, or after all waits have returned.
                group.count.add(1);
                let second = group.member(1);
                group.wait_for(2);
                second.join().unwrap();
            }
            Ended::Granted(_) => {
                group.count.add(1);
                let second = group.member(1);
                assert!(matches!(group.wait(NEVER), Ended::Granted(_)));
                group.done[1].look(|done| assert!(*done, "granted too early"));
                second.join().unwrap();
            }
            Ended::Interrupted => unreachable!("nobody interrupts"),
        }
        first.join().unwrap();
        deadlock::nobody_waits();
    });
}

#[test]
fn one_gives_up_and_another_does_not() {
    explore_bounded("countdown, one of two gives up", 3, || {
        let group = Group::new(1);
        let member = group.member(0);
        let hasty = group.start(|group| {
            if let Ended::Granted(_) = group.wait(SOON) {
                group.done[0].look(|done| assert!(*done));
            }
        });
        group.wait_for(1);
        hasty.join().unwrap();
        member.join().unwrap();
        deadlock::nobody_waits();
    });
}

/// Counting up from 0 is refused while somebody waits who has not been told; else the
/// waiter may notice it.
#[test]
fn counting_up_too_late() {
    explore_bounded("countdown, too late", 3, || {
        let group = Group::new(1);
        let member = group.member(0);
        let late = group.start(|group| {
            let refused = complains("Add called concurrently with Wait", || group.count.add(1));
            if !refused {
                group.count.done();
            }
        });
        complains("is reused before", || {
            let _ = group.wait(NEVER);
        });
        group.done[0].look(|done| assert!(*done, "granted too early"));
        late.join().unwrap();
        member.join().unwrap();
        deadlock::nobody_waits();
        assert_eq!(group.count.members(), 0);
    });
}

/// One who was never counted counts down.
#[test]
fn counting_down_too_far() {
    explore_bounded("countdown, too far", 3, || {
        let group = Group::new(1);
        let other = group.start(|group| {
            complains("negative WaitGroup counter", || group.count.done());
        });
        complains("negative WaitGroup counter", || group.count.done());
        // One of the two was right, or both: then the other was too late to be wrong.
        assert!(matches!(group.wait(NEVER), Ended::Granted(_)));
        other.join().unwrap();
        // What was wrong has changed nothing.
        group.count.add(1);
        assert_eq!(group.count.members(), 1);
        deadlock::nobody_waits();
    });
}
