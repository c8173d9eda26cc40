//! Ending contexts: who is told, and by the time that somebody says it is over, all are.
//!
//! * *Who ends a node* in which nothing is exchanges its state from 0. If something is in
//!   it he takes its lock; then he ends its children, the bare ones under that lock,
//!   the others one by one as their owner; then he takes it out of its parent's list.
//! * *Who puts something in*, a child, a wait, a channel, exchanges the state from 0 to
//!   USED with the lock held, or sees it was used. If the node has ended he does not.
//! * *The last owner* takes a node out of its parent's list, retires its alarm, and frees
//!   it. He need not change the count if the node is in no list, has no alarm that may
//!   ring, and he is the only owner.
//!
//! Checked: whoever has ended a context finds it and all below it ended and their
//! channels closed, whoever else is at it; what is put in at the same time ends, too; an
//! error is seen with its cause, and with a closed channel; who waits is woken; each node
//! is freed once, and not used any more then.
//!
//! Seen to fail: when a node is used by a plain store, or takes children whether it has ended
//! or not; when it is settled, or taken for it, with children or an open channel; with a
//! channel that is made without using the node; when the last owner does not look whether
//! it is in a list, or at its alarm; with `Relaxed` for the exchange that ends a bare
//! node, or for the look at the list or at the count. Not seen, since loom knows nothing of
//! memory that was freed: an alarm that is not retired, who looks at the count before the
//! list, and `Relaxed` for what takes a node out of it.

use super::context::Context;
use super::end::end;
use super::error::ContextError;
use super::node::NodeRef;
use crate::base::atomic;
use crate::base::clock::NEVER;
use crate::goroutine::WaitReason;
use crate::park::wait_queue::{Until, wait_for_nothing};
use crate::park::{Place, Woken};
use crate::protocol::{Watched, explore_bounded};
use crate::sched::deadlock;
use crate::time::Instant;
use loom::thread;
use std::panic::Location;
use std::sync::Arc;

#[track_caller]
fn here() -> &'static Location<'static> {
    Location::caller()
}

/// A child; of the background, if there is no parent.
fn child(parent: Option<&NodeRef>) -> NodeRef {
    let parent = parent.map_or_else(Context::default, |parent| Context::of(parent.clone()));
    let [node, _other] = NodeRef::pair(&parent, here());
    node
}

/// The same with an alarm.
fn timed(parent: Option<&NodeRef>) -> NodeRef {
    let parent = parent.map_or_else(Context::default, |parent| Context::of(parent.clone()));
    let deadline = (Instant::from_clock(1), true);
    let [node, _other] = NodeRef::timed_pair(&parent, deadline, None, here());
    node
}

fn cancel(node: &NodeRef) {
    end(node, ContextError::Canceled, None);
}

/// Whether it has ended, so that everybody knows.
fn is_over(node: &NodeRef) -> bool {
    node.state.ended().is_some()
        && node
            .event
            .receiver()
            .is_none_or(|receiver| receiver.is_closed())
}

/// Nothing is left.
fn finish() {
    atomic::no_cells();
    deadlock::nobody_waits();
}

/// Two end the same tree, from the root or from its child.
#[test]
fn two_end_a_tree() {
    for from_the_child in [false, true] {
        for has_channel in [false, true] {
            let name = format!("contexts, two end a tree: {from_the_child}, {has_channel}");
            explore_bounded(&name, 2, move || {
                let root = child(None);
                let middle = child(Some(&root));
                let leaf = child(Some(&middle));
                let bare = child(Some(&root));
                if has_channel {
                    let _ = leaf.receiver();
                }
                let all = Arc::new([root, middle, leaf, bare]);
                let other = all.clone();
                let ender = thread::spawn(move || {
                    let from = usize::from(from_the_child);
                    cancel(&other[from]);
                    assert!(other[from..3].iter().all(is_over));
                });
                cancel(&all[0]);
                assert!(all.iter().all(is_over));
                ender.join().unwrap();
                drop(all);
                finish();
            });
        }
    }
}

/// A child, and one of that, are made while the parent ends.
#[test]
fn children_are_made_meanwhile() {
    explore_bounded("contexts, children are made meanwhile", 3, || {
        let root = child(None);
        let _other = child(Some(&root));
        let parent = root.clone();
        let maker = thread::spawn(move || {
            let middle = child(Some(&parent));
            drop(parent);
            [child(Some(&middle)), middle]
        });
        cancel(&root);
        assert!(is_over(&root));
        assert!(maker.join().unwrap().iter().all(is_over));
    });
}

/// Somebody asks for the channel while the context ends, by itself or with its parent.
#[test]
fn the_channel_is_made_meanwhile() {
    for with_parent in [false, true] {
        let name = format!("contexts, the channel is made meanwhile: {with_parent}");
        explore_bounded(&name, 3, move || {
            let root = child(None);
            let node = child(Some(&root));
            let asked = node.clone();
            let asker = thread::spawn(move || {
                let receiver = asked.receiver();
                if asked.error().is_some() {
                    assert!(is_over(&asked));
                }
                std::ptr::from_ref(receiver).addr()
            });
            let own = std::ptr::from_ref(node.receiver()).addr();
            cancel(if with_parent { &root } else { &node });
            assert!(is_over(&node));
            let other = asker.join().unwrap();
            // Whoever was late has got one that is closed.
            assert!(own == other || node.error().is_some());
            drop((root, node));
            finish();
        });
    }
}

/// Somebody waits while the context ends.
#[test]
fn waits_end() {
    for with_parent in [false, true] {
        let name = format!("contexts, waits end: {with_parent}");
        explore_bounded(&name, 3, move || {
            let root = child(None);
            let node = child(Some(&root));
            let seen = Arc::new(Watched::new(0));
            let (waits, sees) = (node.clone(), seen.clone());
            let waiter = thread::spawn(move || {
                let until = Until {
                    deadline: NEVER,
                    interrupt: Some(&*waits),
                };
                let place = Place {
                    reason: WaitReason::Select,
                    location: here(),
                    origin: None,
                };
                assert_eq!(wait_for_nothing(&until, place), Woken::Interrupted);
                assert!(waits.error().is_some());
                // What was done before it was ended.
                assert_eq!(sees.look(|seen| *seen), 1);
            });
            seen.change(|seen| *seen = 1);
            cancel(if with_parent { &root } else { &node });
            waiter.join().unwrap();
            drop((root, node));
            finish();
        });
    }
}

/// A context's last owner drops it while its parent ends.
#[test]
fn the_last_owner_leaves() {
    for used in [false, true] {
        let name = format!("contexts, the last owner leaves: {used}");
        explore_bounded(&name, 3, move || {
            let root = child(None);
            let node = child(Some(&root));
            let _sibling = child(Some(&root));
            if used {
                let _ = node.receiver();
            }
            let owner = thread::spawn(move || drop(node));
            cancel(&root);
            owner.join().unwrap();
        });
    }
}

/// Two owners drop the same context, and what is below it, while it ends.
#[test]
fn owners_leave_together() {
    explore_bounded("contexts, owners leave together", 2, || {
        let root = child(None);
        let middle = child(Some(&root));
        let leaf = child(Some(&middle));
        let other = middle.clone();
        let owner = thread::spawn(move || {
            assert!(other.parent.node().is_some());
            drop(other);
        });
        let another = thread::spawn(move || drop((middle, leaf)));
        cancel(&root);
        drop(root);
        owner.join().unwrap();
        another.join().unwrap();
        finish();
    });
}

/// Who sees that it has ended sees what was done before.
#[test]
fn what_was_done_before_is_seen() {
    for used in [false, true] {
        let name = format!("contexts, what was done before: {used}");
        explore_bounded(&name, None, move || {
            let node = child(None);
            if used {
                let _ = node.receiver();
            }
            let done = Arc::new(Watched::new(0));
            let (looks, sees) = (node.clone(), done.clone());
            // The ender is the first: loom would not try what he changes after he has
            // looked at it himself.
            let looker = thread::spawn(move || {
                if looks.error().is_some() {
                    assert_eq!(sees.look(|done| *done), 1);
                }
            });
            done.change(|done| *done = 1);
            cancel(&node);
            looker.join().unwrap();
        });
    }
}

/// The cause of the parent is that of the child as soon as it has ended.
#[test]
fn causes_are_seen() {
    explore_bounded("contexts, causes", 3, || {
        let root = child(None);
        let bare = child(Some(&root));
        let used = child(Some(&root));
        let _ = used.receiver();
        let all = [bare.clone(), used.clone()];
        let looker = thread::spawn(move || {
            for node in &all {
                if node.error().is_some() {
                    assert_eq!(*node.cause().unwrap(), "why");
                }
            }
            let late = child(Some(&all[1]));
            if late.error().is_some() {
                assert_eq!(*late.cause().unwrap(), "why");
            }
        });
        end(&root, ContextError::Canceled, Some(Arc::new("why")));
        assert_eq!(*bare.cause().unwrap(), "why");
        looker.join().unwrap();
        drop((root, bare, used));
        finish();
    });
}

/// An alarm rings while its node is cancelled, ends with its parent, or is dropped.
#[test]
fn an_alarm_rings() {
    for how in 0..3 {
        explore_bounded(&format!("contexts, an alarm rings: {how}"), 3, move || {
            let root = child(None);
            let node = timed((how == 1).then_some(&root));
            // SAFETY: the node is there.
            let bell = unsafe { node.due.bell() };
            let ringer = thread::spawn(move || bell.ring());
            match how {
                0 => cancel(&node),
                1 => cancel(&root),
                _ => {}
            }
            assert!(how == 2 || is_over(&node));
            drop(node);
            ringer.join().unwrap();
            drop(root);
            finish();
        });
    }
}
