//! Sending and receiving as futures.

use crate::counted::{Counted, Ledger};
use crate::crew::{Crew, Flavour, Member};
use crate::parked::until_parked;
use futures::executor::{LocalPool, block_on as futures_block_on};
use futures::future::{Either, join, join_all, select};
use futures::task::LocalSpawnExt;
use futures::{FutureExt, StreamExt};
use pollster::block_on;
use sortie::chan::{Receiver, RecvError, RecvFuture, SendError, SendFuture, bounded};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

matrix![
    receives_what_is_sent,
    sends_what_is_received,
    async_meets_async,
    streams,
    closing_ends_them,
    tasks_goroutines_and_threads,
    dropped_at_each_stage,
    sends_dropped_at_each_stage,
];

/// Counts how often it was woken.
#[derive(Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

impl Counter {
    fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

fn poll<F: Future>(future: Pin<&mut F>, counter: &Arc<Counter>) -> Poll<F::Output> {
    let waker = Waker::from(counter.clone());
    future.poll(&mut Context::from_waker(&waker))
}

pub(crate) fn receives_what_is_sent<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = flavour.make();
    let member = C::spawn(move || (0..200).try_for_each(|i| sender.send(i)).unwrap());
    block_on(async {
        for i in 0..200 {
            assert_eq!(receiver.recv_async().await, Ok(i));
        }
        assert_eq!(receiver.recv_async().await, Err(RecvError));
    });
    member.join();
}

pub(crate) fn sends_what_is_received<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = flavour.make();
    let member = C::spawn(move || assert!(receiver.iter().take(200).eq(0..200)));
    block_on(async {
        for i in 0..200 {
            assert_eq!(sender.send_async(i).await, Ok(()));
        }
    });
    member.join();
    assert_eq!(block_on(sender.send_async(7)), Err(SendError(7)));
}

/// Both in one thread, so that nobody may block it.
pub(crate) fn async_meets_async<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = flavour.make();
    let mut pool = LocalPool::new();
    let spawner = pool.spawner();
    for me in 0..3 {
        let sender = sender.clone();
        let task = async move {
            for i in 0..50 {
                sender.send_async(me * 50 + i).await.unwrap();
            }
        };
        spawner.spawn_local(task).unwrap();
    }
    drop(sender);
    let receivers: Vec<_> = (0..3)
        .map(|_| {
            let receiver = receiver.clone();
            let task = async move {
                let mut all = Vec::new();
                while let Ok(message) = receiver.recv_async().await {
                    all.push(message);
                }
                all
            };
            spawner.spawn_local_with_handle(task).unwrap()
        })
        .collect();
    let all = pool.run_until(join_all(receivers));
    let mut all: Vec<i32> = all.into_iter().flatten().collect();
    all.sort_unstable();
    assert!(all.into_iter().eq(0..150));
    C::pause();
}

pub(crate) fn streams<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = flavour.make();
    let member = C::spawn(move || (0..200).try_for_each(|i| sender.send(i)).unwrap());
    let mut stream = receiver.into_stream();
    block_on(async {
        for i in 0..100 {
            assert_eq!(stream.next().await, Some(i));
        }
    });
    let mut stream = stream.into_inner().into_stream();
    let rest: Vec<i32> = block_on(stream.by_ref().collect());
    assert!(rest.into_iter().eq(100..200));
    assert_eq!(block_on(stream.next()), None);
    member.join();
}

pub(crate) fn closing_ends_them<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = flavour.make::<u32>();
    let (counter, other) = (Arc::new(Counter::default()), Arc::new(Counter::default()));
    {
        let mut receiving = pin!(receiver.recv_async());
        assert!(poll(receiving.as_mut(), &counter).is_pending());
        C::spawn({
            let sender = sender.clone();
            move || sender.close()
        })
        .join();
        assert_eq!(counter.count(), 1);
        assert_eq!(poll(receiving, &counter), Poll::Ready(Err(RecvError)));
    }
    let (sender, receiver) = flavour.make();
    let Some(capacity) = flavour.capacity() else {
        return;
    };
    for i in 0..capacity {
        sender.send(i).unwrap();
    }
    let mut sending = pin!(sender.send_async(1000));
    assert!(poll(sending.as_mut(), &other).is_pending());
    C::spawn(move || drop(receiver)).join();
    assert_eq!(other.count(), 1);
    assert_eq!(poll(sending, &other), Poll::Ready(Err(SendError(1000))));
}

/// Tasks, goroutines and threads on one channel.
pub(crate) fn tasks_goroutines_and_threads<C: Crew>(flavour: Flavour) {
    const EACH: u64 = 100;
    let (sender, receiver) = flavour.make();
    let senders: Vec<_> = (0..4)
        .map(|me| {
            let sender = sender.clone();
            C::spawn(move || {
                for i in me * EACH..(me + 1) * EACH {
                    if me % 2 == 0 {
                        sender.send(i).unwrap();
                    } else {
                        block_on(sender.send_async(i)).unwrap();
                    }
                }
            })
        })
        .collect();
    drop(sender);
    let receivers: Vec<_> = (0..4)
        .map(|me| {
            let receiver: Receiver<u64> = receiver.clone();
            C::spawn(move || match me {
                0 => receiver.iter().sum(),
                1 => block_on(
                    receiver
                        .into_stream()
                        .fold(0, |sum, i| async move { sum + i }),
                ),
                2 => futures_block_on(async {
                    let mut sum = 0;
                    while let Ok(message) = receiver.recv_async().await {
                        sum += message;
                    }
                    sum
                }),
                _ => futures_block_on(two_at_once(&receiver)),
            })
        })
        .collect();
    senders.into_iter().for_each(Member::join);
    let sum: u64 = receivers.into_iter().map(Member::join).sum();
    assert_eq!(sum, (0..4 * EACH).sum::<u64>());
}

/// Drops a future that waits whenever the other is ready.
async fn two_at_once(receiver: &Receiver<u64>) -> u64 {
    let mut sum = 0;
    loop {
        let (first, second) = (pin!(receiver.recv_async()), pin!(receiver.recv_async()));
        let message = match select(first, second).await {
            Either::Left((message, _)) | Either::Right((message, _)) => message,
        };
        match message {
            Ok(message) => sum += message,
            Err(RecvError) => return sum,
        }
    }
}

/// A future that receives is dropped before it was polled, while it waits, when it
/// was told, and when it is ready. The message goes to the next.
pub(crate) fn dropped_at_each_stage<C: Crew>(flavour: Flavour) {
    let ledger = Ledger::new();
    let counter = Arc::new(Counter::default());
    let (sender, receiver) = flavour.make::<Counted>();
    for stage in 0..4_u64 {
        let mut future: Pin<Box<RecvFuture<'_, Counted>>> = Box::pin(receiver.recv_async());
        if stage > 0 {
            assert!(poll(future.as_mut(), &counter).is_pending());
        }
        let next = C::spawn({
            let receiver = receiver.clone();
            move || receiver.recv().unwrap().number
        });
        let send = C::spawn({
            let (sender, message) = (sender.clone(), ledger.message(stage));
            move || sender.send(message).unwrap()
        });
        if stage == 2 {
            // It may or may not have been told by now.
            C::pause();
        }
        if stage == 3 {
            let again = C::spawn({
                let (sender, message) = (sender.clone(), ledger.message(stage + 1));
                move || sender.send(message).unwrap()
            });
            let message = block_on(future.as_mut()).unwrap();
            let numbers = [message.number, next.join()];
            assert!(numbers == [stage, stage + 1] || numbers == [stage + 1, stage]);
            again.join();
        } else {
            drop(future);
            assert_eq!(next.join(), stage);
        }
        send.join();
    }
    assert!(receiver.try_recv().is_err());
    ledger.is_settled();
}

/// The same with a future that sends: the message was sent, or goes with it.
pub(crate) fn sends_dropped_at_each_stage<C: Crew>(flavour: Flavour) {
    let ledger = Ledger::new();
    let counter = Arc::new(Counter::default());
    for stage in 0..4 {
        let first = 100 * stage;
        let (sender, receiver) = flavour.make::<Counted>();
        for i in 0..flavour.room() as u64 {
            sender.send(ledger.message(1000 + first * 100 + i)).unwrap();
        }
        let message = ledger.message(first);
        let mut future: Pin<Box<SendFuture<'_, Counted>>> = Box::pin(sender.send_async(message));
        if stage > 0 {
            let polled = poll(future.as_mut(), &counter);
            assert_eq!(polled.is_ready(), flavour == Flavour::Unbounded);
        }
        let receive = C::spawn({
            let receiver = receiver.clone();
            move || {
                receiver
                    .iter()
                    .map(|message| message.number)
                    .collect::<Vec<_>>()
            }
        });
        if stage == 2 {
            C::pause();
        }
        if stage == 3 && flavour != Flavour::Unbounded {
            block_on(future.as_mut()).unwrap();
        }
        drop(future);
        sender.send(ledger.message(first + 1)).unwrap();
        sender.close();
        let received = receive.join();
        assert_eq!(received.last(), Some(&(first + 1)));
        let came = received.iter().filter(|&&number| number == first).count();
        match stage {
            0 => assert_eq!(came, 0),
            3 => assert_eq!(came, 1),
            _ => assert!(came <= 1),
        }
    }
    ledger.is_settled();
}

/// Only the waker of the last poll is woken.
#[sortie::test]
fn the_waker_is_replaced() {
    for flavour in [Flavour::Bounded(0), Flavour::Bounded(1)] {
        let counters = [(); 3].map(|()| Arc::new(Counter::default()));
        let (sender, receiver) = flavour.make();
        let mut receiving = pin!(receiver.recv_async());
        for counter in &counters {
            assert!(poll(receiving.as_mut(), counter).is_pending());
        }
        let handle = sortie::go({
            let sender = sender.clone();
            move || sender.send(7)
        });
        while counters[2].count() == 0 {
            sortie::yield_now();
        }
        assert_eq!(poll(receiving, &counters[0]), Poll::Ready(Ok(7)));
        handle.join().unwrap().unwrap();

        if flavour == Flavour::Bounded(1) {
            sender.send(0).unwrap();
        }
        let mut sending = pin!(sender.send_async(8));
        for counter in &counters {
            assert!(poll(sending.as_mut(), counter).is_pending());
        }
        receiver.recv().unwrap();
        assert_eq!(
            counters.each_ref().map(|counter| counter.count()),
            [0, 0, 2]
        );
        assert_eq!(poll(sending, &counters[0]), Poll::Ready(Ok(())));
    }
}

/// A message for several futures wakes one at first; if that does not take it, the
/// next.
#[sortie::test]
fn a_message_is_passed_on() {
    for flavour in [Flavour::Bounded(0), Flavour::Bounded(1), Flavour::Unbounded] {
        let (sender, receiver) = flavour.make();
        let counters = [(); 3].map(|()| Arc::new(Counter::default()));
        let mut futures: Vec<_> = counters
            .iter()
            .map(|counter| {
                let mut future = Box::pin(receiver.recv_async());
                assert!(poll(future.as_mut(), counter).is_pending());
                future
            })
            .collect();
        let own = sender.clone();
        let handle = sortie::go(move || own.send(7));
        if flavour == Flavour::Bounded(0) {
            until_parked(handle.goroutine().id(), "chan send");
        } else {
            while !handle.is_finished() {
                sortie::yield_now();
            }
        }
        // Not all of them: only one can have it.
        let counts = || counters.each_ref().map(|counter| counter.count());
        assert_eq!(counts(), [1, 0, 0]);
        drop(futures.remove(0));
        assert_eq!(counts(), [1, 1, 0]);
        let last = futures.remove(1);
        drop(last);
        assert_eq!(counts(), [1, 1, 0]);
        let ready = poll(futures.remove(0).as_mut(), &counters[1]);
        assert_eq!(ready, Poll::Ready(Ok(7)));
        handle.join().unwrap().unwrap();
    }
}

/// Who blocks is given the message; a future before it that does not come to take
/// it, or is gone, keeps nobody waiting.
#[sortie::test]
fn a_future_does_not_hold_up_a_goroutine() {
    for flavour in Flavour::ALL {
        for many in [false, true] {
            let (sender, receiver) = flavour.make();
            let counter = Arc::new(Counter::default());
            let mut future = Box::pin(receiver.recv_async());
            assert!(poll(future.as_mut(), &counter).is_pending());
            let own = receiver.clone();
            let waits = sortie::go(move || own.recv());
            until_parked(waits.goroutine().id(), "chan receive");
            if many {
                sender.send_many(&mut vec![7]).unwrap();
            } else {
                sender.send(7).unwrap();
            }
            assert_eq!(waits.join().unwrap(), Ok(7));
            assert!(poll(future.as_mut(), &counter).is_pending());
        }
    }
}

#[test]
fn a_ready_future_and_one_that_is_not() {
    let (sender, receiver) = bounded(1);
    let (_idle_sender, idle) = bounded::<u32>(0);
    sender.send(1).unwrap();
    let chosen = block_on(async {
        futures::select! {
            message = receiver.recv_async().fuse() => message,
            _ = idle.recv_async().fuse() => unreachable!("nobody sends"),
        }
    });
    assert_eq!(chosen, Ok(1));
    let both = block_on(join(sender.send_async(2), receiver.recv_async()));
    assert_eq!(both, (Ok(()), Ok(2)));
}

#[test]
fn futures_go_to_other_threads() {
    fn assert_send<T: Send>(_: &T) {}
    let (sender, receiver) = bounded::<std::cell::Cell<u8>>(1);
    assert_send(&sender.send_async(std::cell::Cell::new(1)));
    assert_send(&receiver.recv_async());
    assert_send(&receiver.into_stream());
}
