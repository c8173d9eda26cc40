//! Blocking operations that end with a context, also when that ends at the very
//! moment at which they could be done.

use crate::parked::{until_all_parked, until_parked};
use crate::procs::Procs;
use sortie::chan::{self, Receiver, Sender, TryRecvError, bounded, unbounded};
use sortie::context::{
    CancelFn, Context, ContextError, RecvContextError, SendContextError, sleep_ctx, sleep_until_ctx,
};
use sortie::time::{Instant, Ticker, Timer};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const ENDED: RecvContextError = RecvContextError::Ended(ContextError::Canceled);

fn open() -> (Context, CancelFn) {
    Context::background().with_cancel()
}

fn ended() -> Context {
    open().0
}

/// The kinds of channels.
fn channels<T>() -> [(Sender<T>, Receiver<T>); 3] {
    [bounded(0), bounded(1), unbounded()]
}

#[test]
fn what_could_be_done_is_done() {
    let (context, _cancel) = open();
    for (sender, receiver) in channels() {
        sortie::scope(|scope| {
            scope.go(|| sender.send_ctx(1, &context).unwrap());
            assert_eq!(receiver.recv_ctx(&context), Ok(1));
        });
        drop(sender);
        let disconnected = RecvContextError::Disconnected;
        assert_eq!(receiver.recv_ctx(&context), Err(disconnected));
    }
    for (sender, receiver) in channels() {
        drop(receiver);
        let disconnected = SendContextError::Disconnected(1);
        assert_eq!(sender.send_ctx(1, &context), Err(disconnected));
    }
    assert_eq!(sleep_ctx(Duration::from_millis(1), &context), Ok(()));
    assert_eq!(sortie::go(|| 7).join_ctx(&context).unwrap().unwrap(), 7);
}

#[test]
fn with_a_context_that_never_ends() {
    let context = Context::background();
    let (sender, receiver) = bounded(0);
    sortie::scope(|scope| {
        scope.go(|| sender.send_ctx(1, &context).unwrap());
        assert_eq!(receiver.recv_ctx(&context), Ok(1));
        let handle = scope.go(|| 7);
        assert_eq!(handle.join_ctx(&context).unwrap().unwrap(), 7);
    });
    assert_eq!(sleep_ctx(Duration::from_millis(1), &context), Ok(()));
}

#[test]
fn a_context_that_has_ended_is_an_error_even_so() {
    let context = ended();
    let (sender, receiver) = bounded(2);
    sender.send(1).unwrap();
    assert_eq!(receiver.recv_ctx(&context), Err(ENDED));
    let error = sender.send_ctx(2, &context).unwrap_err();
    assert_eq!(error.ended(), Some(ContextError::Canceled));
    assert_eq!(error.into_inner(), 2);
    assert_eq!(receiver.iter_ctx(&context).next(), None);
    let mut messages = Vec::new();
    assert_eq!(
        receiver.recv_many_ctx(&mut messages, 3, &context),
        Err(ENDED)
    );
    messages.push(3);
    assert!(sender.send_many_ctx(&mut messages, &context).is_err());
    assert_eq!(messages, [3]);
    assert_eq!(
        sleep_ctx(Duration::ZERO, &context),
        Err(ContextError::Canceled)
    );
    let past = Instant::now();
    assert_eq!(sleep_until_ctx(past, &context), Err(ContextError::Canceled));
    let handle = sortie::go(|| 7);
    let error = handle.join_ctx(&context).unwrap_err();
    assert_eq!(error.ended(), ContextError::Canceled);
    assert_eq!(error.into_handle().join().unwrap(), 7);
    assert_eq!(receiver.recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

/// Lets `wait` wait on a goroutine, for this reason, and on a thread; then the context
/// ends.
#[track_caller]
fn ends<T: Send>(reason: &str, wait: impl Fn(&Context) -> T + Sync, check: impl Fn(T)) {
    let (context, cancel) = open();
    sortie::scope(|scope| {
        let goroutine = scope.go(|| wait(&context));
        until_parked(goroutine.goroutine().id(), reason);
        thread::scope(|threads| {
            let thread = threads.spawn(|| wait(&context));
            cancel.cancel();
            check(goroutine.join().unwrap());
            check(thread.join().unwrap());
        });
    });
}

#[test]
fn receiving() {
    for (_sender, receiver) in channels::<u32>() {
        let check = |result| assert_eq!(result, Err(ENDED));
        ends("chan receive", |context| receiver.recv_ctx(context), check);
        let many = |context: &Context| receiver.recv_many_ctx(&mut Vec::new(), 2, context);
        ends("chan receive", many, |result| {
            assert_eq!(result, Err(ENDED))
        });
        let iterate = |context: &Context| receiver.iter_ctx(context).count();
        ends("chan receive", iterate, |count| assert_eq!(count, 0));
    }
}

#[test]
fn sending() {
    for capacity in [0, 1] {
        let (sender, receiver) = bounded(capacity);
        (0..capacity).for_each(|_| sender.send(0).unwrap());
        let check = |result| {
            let error = SendContextError::Ended(ContextError::Canceled, 7);
            assert_eq!(result, Err(error));
        };
        ends("chan send", |context| sender.send_ctx(7, context), check);
        let many = |context: &Context| {
            let mut messages = vec![1, 2, 3];
            let error = sender.send_many_ctx(&mut messages, context).unwrap_err();
            assert_eq!(error.ended(), Some(ContextError::Canceled));
            messages
        };
        ends("chan send", many, |messages| {
            assert_eq!(messages, [1, 2, 3])
        });
        assert_eq!(receiver.try_iter().count(), capacity);
    }
}

#[test]
fn receiving_times() {
    let at = chan::after(HOUR);
    let tick = chan::tick(HOUR);
    let timer = Timer::new(HOUR);
    let ticker = Ticker::new(HOUR);
    let never = chan::never::<()>();
    let (other, _cancel) = open();
    let check = |error| assert_eq!(error, ENDED);
    let receive = "chan receive";
    ends(receive, |c| at.recv_ctx(c).unwrap_err(), check);
    ends(receive, |c| tick.recv_ctx(c).unwrap_err(), check);
    ends(receive, |c| timer.chan().recv_ctx(c).unwrap_err(), check);
    ends(receive, |c| ticker.chan().recv_ctx(c).unwrap_err(), check);
    ends(receive, |c| other.done().recv_ctx(c).unwrap_err(), check);
    let reason = "chan receive (nil chan)";
    ends(reason, |c| never.recv_ctx(c).unwrap_err(), check);
    // Those that come in time.
    let short = Duration::from_millis(1);
    assert!(chan::after(short).recv_ctx(&other).is_ok());
    assert!(chan::tick(short).recv_ctx(&other).is_ok());
    assert!(Timer::new(short).chan().recv_ctx(&other).is_ok());
}

#[test]
fn sleeping() {
    let check = |result| assert_eq!(result, Err(ContextError::Canceled));
    ends("sleep", |context| sleep_ctx(HOUR, context), check);
    ends("sleep", |context| sleep_ctx(Duration::MAX, context), check);
    let when = Instant::now() + HOUR;
    ends("sleep", |context| sleep_until_ctx(when, context), check);
}

#[test]
fn joining() {
    let (end, may_end) = bounded::<()>(0);
    let ids = std::sync::Mutex::new(Vec::new());
    let wait = |context: &Context| {
        let may_end = may_end.clone();
        let handle = sortie::go(move || may_end.recv().is_err());
        ids.lock().unwrap().push(handle.goroutine().id());
        handle.join_ctx(context).unwrap_err()
    };
    let handles = std::sync::Mutex::new(Vec::new());
    ends("join", wait, |error| {
        assert_eq!(error.ended(), ContextError::Canceled);
        handles.lock().unwrap().push(error.into_handle());
    });
    until_all_parked(&ids.into_inner().unwrap(), "chan receive");
    drop(end);
    for handle in handles.into_inner().unwrap() {
        assert!(handle.join().unwrap());
    }
}

#[test]
fn joining_in_a_scope() {
    let (end, may_end) = bounded::<()>(0);
    let (context, cancel) = open();
    sortie::scope(|scope| {
        let worker = scope.go(|| may_end.recv().is_err());
        let joiner = scope.go(|| {
            let error = worker.join_ctx(&context).unwrap_err();
            drop(end);
            error.into_handle().join().unwrap()
        });
        until_parked(joiner.goroutine().id(), "join");
        cancel.cancel();
        assert!(joiner.join().unwrap());
    });
}

/// A deadline ends waits as a cancel does.
#[test]
fn by_a_deadline() {
    let (sender, receiver) = bounded::<u32>(0);
    for _ in 0..20 {
        let short = || Context::background().with_timeout(Duration::from_micros(200));
        let (context, _cancel) = short();
        let error = RecvContextError::Ended(ContextError::DeadlineExceeded);
        assert_eq!(receiver.recv_ctx(&context), Err(error));
        let (context, _cancel) = short();
        let error = sender.send_ctx(1, &context).unwrap_err();
        assert_eq!(error.ended(), Some(ContextError::DeadlineExceeded));
        let (context, _cancel) = short();
        let result = sleep_ctx(HOUR, &context);
        assert_eq!(result, Err(ContextError::DeadlineExceeded));
    }
}

/// Who gives up loses his place in the line, and nobody else does.
#[test]
fn the_others_stay_in_line() {
    let (sender, receiver) = bounded(0);
    let (context, cancel) = open();
    let (steady, _cancel) = open();
    sortie::scope(|scope| {
        let handles: Vec<_> = (0..6)
            .map(|i| {
                let (receiver, context) = (&receiver, if i % 2 == 0 { &context } else { &steady });
                let handle = scope.go(move || receiver.recv_ctx(context));
                until_parked(handle.goroutine().id(), "chan receive");
                handle
            })
            .collect();
        cancel.cancel();
        for i in 0..3 {
            sender.send(i).unwrap();
        }
        for (i, handle) in handles.into_iter().enumerate() {
            let expected = if i % 2 == 0 { Err(ENDED) } else { Ok(i / 2) };
            assert_eq!(handle.join().unwrap(), expected);
        }
    });
}

#[test]
fn ten_thousand_waits_end_at_once() {
    let (context, cancel) = open();
    let (_sender, receiver) = bounded::<()>(0);
    let handles: Vec<_> = (0..10_000)
        .map(|_| {
            let (context, receiver) = (context.clone(), receiver.clone());
            sortie::go(move || receiver.recv_ctx(&context))
        })
        .collect();
    until_parked(handles[9_999].goroutine().id(), "chan receive");
    cancel.cancel();
    for handle in handles {
        assert_eq!(handle.join().unwrap(), Err(ENDED));
    }
}

/// Plays a game on so many processors.
fn on_processors(rounds: usize, game: impl Fn() + Sync) {
    for procs in [1, 2, 8] {
        let _procs = Procs::set(procs);
        sortie::run(|| (0..rounds).for_each(|_| game()));
    }
}

/// Of each message either sender and receiver know that it got across, or the sender
/// has it back.
#[test]
fn messages_that_are_received_while_the_context_ends() {
    on_processors(300, || {
        for (sender, receiver) in channels() {
            let (context, cancel) = open();
            let (own, receiver_too) = (context.clone(), receiver.clone());
            let receives = sortie::go(move || receiver_too.recv_ctx(&own));
            let sender_too = sender.clone();
            let sends = sortie::go(move || sender_too.send(1).is_ok());
            cancel.cancel();
            let received = receives.join().unwrap();
            // If it was not received by then, it still can be.
            let late = match received {
                Ok(1) => receiver.try_recv().ok(),
                Ok(_) => unreachable!(),
                Err(error) => {
                    assert_eq!(error, ENDED);
                    Some(receiver.recv().unwrap())
                }
            };
            assert_eq!(late.is_some(), received.is_err());
            assert!(sends.join().unwrap());
            assert!(receiver.try_recv().is_err());
        }
    });
}

#[test]
fn messages_that_are_sent_while_the_context_ends() {
    on_processors(300, || {
        for capacity in [0, 1] {
            let (sender, receiver) = bounded(capacity);
            (0..capacity).for_each(|_| sender.send(0).unwrap());
            let (context, cancel) = open();
            let own = context.clone();
            let sends = sortie::go(move || sender.send_ctx(1, &own));
            let receives = sortie::go(move || receiver.iter().collect::<Vec<u32>>());
            cancel.cancel();
            let sent = match sends.join().unwrap() {
                Ok(()) => 1,
                Err(SendContextError::Ended(ContextError::Canceled, 1)) => 0,
                Err(error) => panic!("{error}"),
            };
            let received = receives.join().unwrap();
            assert_eq!(received.len(), capacity + sent);
            assert_eq!(received.contains(&1), sent == 1);
        }
    });
}

#[test]
fn goroutines_that_end_while_the_context_does() {
    on_processors(1000, || {
        let (context, cancel) = open();
        let worker = sortie::go(|| 7);
        let own = context.clone();
        let joins = sortie::go(move || match worker.join_ctx(&own) {
            Ok(result) => result.unwrap(),
            Err(error) => {
                assert_eq!(error.ended(), ContextError::Canceled);
                error.into_handle().join().unwrap()
            }
        });
        cancel.cancel();
        assert_eq!(joins.join().unwrap(), 7);
    });
}

/// The same on threads, where handles are dropped now and then.
#[test]
fn goroutines_that_end_while_the_context_of_a_thread_does() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    const ROUNDS: usize = 3000;
    let (done, is_done) = bounded::<()>(0);
    for round in 0..ROUNDS {
        let (context, cancel) = open();
        let done = done.clone();
        let worker = sortie::go(move || {
            RUNS.fetch_add(1, SeqCst);
            drop(done);
            Box::new(7)
        });
        let canceller = sortie::go(move || cancel.cancel());
        match worker.join_ctx(&context) {
            Ok(result) => assert_eq!(*result.unwrap(), 7),
            Err(error) if round % 2 == 0 => drop(error),
            Err(error) => assert_eq!(*error.into_handle().join().unwrap(), 7),
        }
        canceller.join().unwrap();
    }
    drop(done);
    assert!(is_done.recv().is_err());
    assert_eq!(RUNS.load(SeqCst), ROUNDS);
}

#[test]
fn sleeps_that_are_over_while_the_context_ends() {
    on_processors(300, || {
        let (context, cancel) = open();
        let own = context.clone();
        let sleeps = sortie::go(move || sleep_ctx(Duration::from_micros(20), &own));
        let start = Instant::now();
        while start.elapsed() < Duration::from_micros(15) {
            sortie::yield_now();
        }
        cancel.cancel();
        let result = sleeps.join().unwrap();
        assert!(matches!(result, Ok(()) | Err(ContextError::Canceled)));
    });
}
