//! Waiting for the channel of a timer: who gets the message, and what changes for
//! those who wait when the timer changes.

use crate::parked::until_parked;
use crate::{HOUR, MILLISECOND, NANOSECOND, a_moment};
use sortie::chan::{self, Receiver, RecvTimeoutError, Select, TryRecvError, bounded, select};
use sortie::task::GoId;
use sortie::time::{Instant, Ticker, Timer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

/// The ways to wait for a message. Those who wait tell their id, if they have one.
type Way = fn(&Receiver<Instant>) -> Instant;

const WAYS: [(&str, Way); 5] = [
    ("chan receive", |channel| channel.recv().unwrap()),
    ("chan receive", |channel| {
        channel.recv_timeout(HOUR).unwrap()
    }),
    ("chan receive", |channel| channel.iter().next().unwrap()),
    ("select", |channel| {
        let (_sender, other) = bounded::<()>(0);
        select! {
            recv(channel) -> time => time.unwrap(),
            recv(other) -> _ => unreachable!("nobody sends"),
        }
    }),
    ("select", |channel| {
        let mut select = Select::new();
        select.recv(channel);
        loop {
            // May be mistaken.
            assert_eq!(select.ready(), 0);
            if let Ok(time) = channel.try_recv() {
                return time;
            }
        }
    }),
];

/// Whatever happened to the timer before, who waits gets the message when it is due.
#[sortie::test]
fn changes_are_noticed_by_who_waits() {
    let changes: [fn(&Timer); 5] = [
        |_| {},
        |timer| assert!(timer.stop()),
        |timer| assert!(timer.reset(2 * HOUR)),
        |timer| {
            assert!(timer.stop());
            assert!(!timer.reset(HOUR));
        },
        |timer| assert!(timer.reset(HOUR / 2)),
    ];
    for (reason, wait) in WAYS {
        for change in changes {
            let timer = Timer::new(HOUR);
            let channel = timer.chan().clone();
            let waiting = sortie::go(move || wait(&channel));
            until_parked(waiting.goroutine().id(), reason);
            change(&timer);
            until_parked(waiting.goroutine().id(), reason);
            let before = Instant::now();
            timer.reset(MILLISECOND);
            let time = waiting.join().unwrap();
            assert!(time >= before + MILLISECOND);
            assert!(!timer.stop(), "it was received");
        }
    }
}

/// The same for OS threads, of which nobody knows where they are.
#[test]
fn changes_are_noticed_by_threads_that_wait() {
    for (_, wait) in WAYS {
        for _ in 0..20 {
            let timer = Timer::new(HOUR);
            let channel = timer.chan().clone();
            let waiting = thread::spawn(move || wait(&channel));
            thread::yield_now();
            assert!(timer.stop());
            assert!(!timer.reset(HOUR));
            assert!(timer.reset(NANOSECOND));
            waiting.join().unwrap();
            assert!(!timer.stop(), "it was received");
        }
    }
}

/// Futures are woken, too, by any executor.
#[test]
fn futures_are_woken() {
    let timer = Timer::new(MILLISECOND);
    let set = Instant::now();
    let time = pollster::block_on(timer.chan().recv_async()).unwrap();
    assert!(time <= set + MILLISECOND && Instant::now() >= time);

    let ticker = Ticker::new(MILLISECOND);
    let mut ticks = ticker.chan().clone().into_stream();
    let two = async {
        use futures::StreamExt;
        [ticks.next().await.unwrap(), ticks.next().await.unwrap()]
    };
    let [first, second] = pollster::block_on(two);
    assert!(second >= first + MILLISECOND);
}

/// Tells whether it was woken since it was last asked.
#[derive(Default)]
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

impl Bell {
    fn wait(&self) {
        while !self.0.swap(false, SeqCst) {
            thread::yield_now();
        }
    }
}

/// A future that was told of a message leaves it to others until it is polled, also
/// when it is dropped; if there is none any more it waits on.
#[test]
fn a_future_that_was_told_loses_nothing() {
    let timer = Timer::new(HOUR);
    let bell = Arc::new(Bell::default());
    let waker = Waker::from(Arc::clone(&bell));
    let mut context = Context::from_waker(&waker);
    let mut future = Box::pin(timer.chan().recv_async());
    assert!(future.as_mut().poll(&mut context).is_pending());

    timer.reset(NANOSECOND);
    bell.wait();
    assert!(timer.stop(), "nobody has received it");
    assert!(future.as_mut().poll(&mut context).is_pending());

    timer.reset(NANOSECOND);
    bell.wait();
    assert!(timer.chan().try_recv().is_ok());
    assert!(future.as_mut().poll(&mut context).is_pending());

    timer.reset(NANOSECOND);
    bell.wait();
    drop(future);
    assert!(timer.chan().try_recv().is_ok());
}

/// Those who wait stand in line: each tick is for the first, who came first.
#[sortie::test]
fn ticks_go_to_who_came_first() {
    let ticker = Ticker::new(HOUR);
    let waiting: Vec<_> = (0..5)
        .map(|_| {
            let channel = ticker.chan().clone();
            let waiting = sortie::go(move || channel.recv().unwrap());
            until_parked(waiting.goroutine().id(), "chan receive");
            waiting
        })
        .collect();
    ticker.reset(Duration::from_micros(50));
    let ticks: Vec<Instant> = waiting.into_iter().map(|one| one.join().unwrap()).collect();
    assert!(ticks.windows(2).all(|pair| pair[0] < pair[1]), "{ticks:?}");
}

/// Who gives up waiting does not take a message with him, nor keep others from it.
#[sortie::test]
fn who_gives_up_leaves_the_message() {
    let timer = Timer::new(HOUR);
    let timeout = timer.chan().recv_timeout(MILLISECOND);
    assert_eq!(timeout, Err(RecvTimeoutError::Timeout));
    select! {
        recv(timer.chan()) -> _ => unreachable!("an hour"),
        default(MILLISECOND) => {}
    }
    assert!(timer.reset(NANOSECOND));
    a_moment();
    // Due before the time-out began: received whatever that is.
    timer.chan().recv_timeout(Duration::ZERO).unwrap();
    assert_eq!(timer.chan().try_recv(), Err(TryRecvError::Empty));
}

/// What is due at the same time as the time-out is received.
#[sortie::test]
fn a_message_comes_before_a_time_out() {
    for _ in 0..200 {
        let timer = Timer::new(Duration::from_micros(50));
        timer
            .chan()
            .recv_timeout(Duration::from_micros(50))
            .unwrap();
    }
}

/// A timer beside other channels costs and keeps nothing when it is not needed.
#[sortie::test]
fn time_outs_that_are_not_needed() {
    let (sender, receiver) = bounded(0);
    let sending = sortie::go(move || {
        for i in 0..10_000 {
            sender.send(i).unwrap();
        }
    });
    let timer = Timer::new(HOUR);
    for expected in 0..10_000 {
        select! {
            recv(receiver) -> message => assert_eq!(message, Ok(expected)),
            recv(timer.chan()) -> _ => unreachable!("an hour"),
        }
        assert!(timer.reset(HOUR));
    }
    sending.join().unwrap();
}

/// Its halves behave as a channel's do, as far as there is a meaning.
#[test]
fn as_a_channel() {
    let (timer, other) = (Timer::new(HOUR), Timer::new(HOUR));
    let channel = timer.chan().clone();
    assert!(channel.same_channel(timer.chan()));
    assert!(!channel.same_channel(other.chan()));
    assert!(!channel.close() && !channel.is_closed());
    let mut times = Vec::new();
    timer.reset(NANOSECOND);
    assert_eq!(channel.recv_many(&mut times, 10), Ok(1));
    assert_eq!(channel.try_iter().count(), 0);
    // Receivers go on without their timer.
    timer.reset(MILLISECOND);
    drop(timer);
    assert!(channel.recv().is_ok());
}

/// A goroutine that waits for a timer is shown as waiting for a message, with the
/// place where the timer was made.
#[sortie::test]
fn dumps_name_the_timer() {
    let timer = Timer::new(HOUR);
    let line = line!() - 1;
    let channel = timer.chan().clone();
    let waiting = sortie::go(move || channel.recv().unwrap());
    let id: GoId = waiting.goroutine().id();
    until_parked(id, "chan receive");
    let dump = sortie::runtime::dump().to_string();
    let of_timer = format!("on what was made at {}:{line}", file!());
    assert!(dump.contains(&of_timer), "{dump}");
    timer.reset(NANOSECOND);
    waiting.join().unwrap();
    // Sleeping has a reason of its own.
    let sleeping = sortie::go(|| sortie::sleep(10 * MILLISECOND));
    until_parked(sleeping.goroutine().id(), "sleep");
    sleeping.join().unwrap();
}

/// `after` and `tick` are as crossbeam-channel has them, beside timers.
#[sortie::test]
fn beside_after_and_tick() {
    let timer = Timer::new(2 * MILLISECOND);
    let ticks = chan::tick(Duration::from_micros(500));
    let mut count = 0;
    loop {
        select! {
            recv(ticks) -> _ => count += 1,
            recv(timer.chan()) -> _ => break,
            recv(chan::after(HOUR)) -> _ => unreachable!("an hour"),
        }
    }
    assert!(count < 1000);
}
