//! Programs without a race: each way to keep goroutines apart, once.

use crate::program::programs;
use crate::shared::{Shared, join_all};
use sortie::chan::{bounded, never, select, unbounded};
use sortie_fiber::{Fiber, Progress, Suspender};
use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, RwLock};
use std::time::Duration;

programs! {
    join,
    join_by_a_thread,
    a_dropped_handle,
    a_panic,
    what_the_maker_did_before,
    scope,
    scope_without_join,
    grandchildren,
    message_without_buffer,
    reply_without_buffer,
    message_in_a_buffer,
    message_in_an_unbounded_channel,
    messages_in_batches,
    room_in_a_buffer,
    a_buffer_as_a_lock,
    closing,
    dropping_the_sender,
    select_a_message,
    select_among_many,
    future,
    through_a_thread,
    waiting_for_many,
    mutex,
    read_write_lock,
    once,
    release_and_acquire,
    reference_count,
    lock_of_the_os_thread,
    blocking_call,
    thread_locals,
    stacks_are_used_again,
    stacks_of_all_sizes,
    time_outs,
    dumps,
    fibers_on_goroutines,
    many_goroutines,
    parking_and_stealing,
}

static SHARED: Shared = Shared::new(0);

fn join() {
    for _ in 0..100 {
        sortie::go(|| SHARED.increment()).join().unwrap();
    }
    assert_eq!(SHARED.get(), 100);
}

fn join_by_a_thread() {
    let child = sortie::go(|| {
        SHARED.increment();
        vec![1, 2, 3]
    });
    let thread = std::thread::spawn(move || {
        let result = child.join().unwrap();
        SHARED.increment();
        result
    });
    assert_eq!(thread.join().unwrap(), [1, 2, 3]);
    assert_eq!(SHARED.get(), 2);
}

fn a_dropped_handle() {
    // The result is dropped by whoever comes last.
    let (sender, receiver) = bounded(0);
    for round in 0..100 {
        let sender = sender.clone();
        let child = sortie::go(move || {
            sender.send(round).unwrap();
            vec![round; 100]
        });
        assert_eq!(receiver.recv(), Ok(round));
        drop(child);
    }
}

fn a_panic() {
    let child = sortie::go(|| {
        SHARED.increment();
        // Unlike `panic!` this prints nothing.
        std::panic::resume_unwind(Box::new(7));
    });
    let cause = child.join().unwrap_err();
    SHARED.increment();
    assert_eq!(cause.downcast_ref(), Some(&7));
}

fn what_the_maker_did_before() {
    SHARED.increment();
    let child = sortie::go(|| SHARED.get());
    assert_eq!(child.join().unwrap(), 1);
}

fn scope() {
    let mut numbers = vec![0; 100];
    for _ in 0..10 {
        sortie::scope(|s| {
            for chunk in numbers.chunks_mut(7) {
                s.go(|| chunk.iter_mut().for_each(|number| *number += 1));
            }
        });
    }
    assert_eq!(numbers, [10; 100]);
}

fn scope_without_join() {
    let shared = Shared::new(0);
    for round in 0..100 {
        sortie::scope(|s| {
            s.go(|| shared.increment());
        });
        assert_eq!(shared.get(), round + 1);
    }
}

fn grandchildren() {
    fn tree(depth: u32) -> u64 {
        if depth == 0 {
            return 1;
        }
        let [left, right] = [0, 1].map(|_| sortie::go(move || tree(depth - 1)));
        left.join().unwrap() + right.join().unwrap()
    }
    assert_eq!(tree(7), 128);
}

/// Two goroutines that increment in turns, as messages tell them.
fn ping_pong(capacity: Option<usize>) {
    let channel = || capacity.map_or_else(unbounded, bounded);
    let (there, from_here) = channel();
    let (back, from_there) = channel();
    let child = sortie::go(move || {
        for () in from_here {
            SHARED.increment();
            back.send(()).unwrap();
        }
    });
    for _ in 0..100 {
        SHARED.increment();
        there.send(()).unwrap();
        from_there.recv().unwrap();
    }
    drop(there);
    child.join().unwrap();
    assert_eq!(SHARED.get(), 200);
}

fn message_without_buffer() {
    ping_pong(Some(0));
}

fn message_in_a_buffer() {
    ping_pong(Some(3));
}

fn message_in_an_unbounded_channel() {
    ping_pong(None);
}

fn reply_without_buffer() {
    // Go's memory model: a receive comes before the end of the send.
    let (sender, receiver) = bounded(0);
    let child = sortie::go(move || {
        for _ in 0..100 {
            SHARED.increment();
            receiver.recv().unwrap();
            receiver.recv().unwrap();
        }
    });
    for round in 1..=100 {
        sender.send(()).unwrap();
        assert_eq!(SHARED.get(), round);
        sender.send(()).unwrap();
    }
    child.join().unwrap();
}

fn messages_in_batches() {
    let (sender, receiver) = unbounded();
    let child = sortie::go(move || {
        for batch in 0..10 {
            let numbers = 10 * batch..10 * batch + 10;
            let mut messages: Vec<_> = numbers.map(Box::new).collect();
            sender.send_many(&mut messages).unwrap();
        }
    });
    let mut received = Vec::new();
    while received.len() < 100 {
        receiver.recv_many(&mut received, 100).unwrap();
    }
    child.join().unwrap();
    assert!(received.into_iter().map(|number| *number).eq(0..100));
}

fn room_in_a_buffer() {
    // Go's memory model: the first receive comes before the end of the send that fits no
    // more without it.
    let (sender, receiver) = bounded(1);
    let child = sortie::go(move || {
        SHARED.increment();
        receiver.recv().unwrap();
        receiver
    });
    sender.send(()).unwrap();
    sender.send(()).unwrap();
    assert_eq!(SHARED.get(), 1);
    child.join().unwrap();
}

fn a_buffer_as_a_lock() {
    let (lock, unlock) = bounded(1);
    let goroutines = [0; 4].map(|_| {
        let (lock, unlock) = (lock.clone(), unlock.clone());
        sortie::go(move || {
            for _ in 0..100 {
                lock.send(()).unwrap();
                SHARED.increment();
                unlock.recv().unwrap();
            }
        })
    });
    join_all(goroutines);
    assert_eq!(SHARED.get(), 400);
}

fn closing() {
    let (sender, receiver) = bounded::<()>(0);
    let waiting = [0; 3].map(|_| {
        let receiver = receiver.clone();
        sortie::go(move || {
            receiver.recv().unwrap_err();
            SHARED.get()
        })
    });
    sortie::yield_now();
    SHARED.increment();
    sender.close();
    assert_eq!(join_all(waiting), [1; 3]);
}

fn dropping_the_sender() {
    let (sender, receiver) = unbounded::<()>();
    sortie::go(move || {
        SHARED.increment();
        drop(sender);
    });
    receiver.recv().unwrap_err();
    assert_eq!(SHARED.get(), 1);
}

fn select_a_message() {
    let (sender, receiver) = bounded(0);
    let (back, reply) = bounded(0);
    let child = sortie::go(move || {
        for _ in 0..100 {
            select! {
                recv(receiver) -> message => message.unwrap(),
                recv(never::<()>()) -> _ => unreachable!(),
            }
            SHARED.increment();
            select! {
                send(back, ()) -> sent => sent.unwrap(),
                default(Duration::from_secs(60)) => unreachable!(),
            }
        }
    });
    for _ in 0..100 {
        SHARED.increment();
        sender.send(()).unwrap();
        reply.recv().unwrap();
    }
    child.join().unwrap();
    assert_eq!(SHARED.get(), 200);
}

fn select_among_many() {
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..4).map(bounded::<Box<u64>>).unzip();
    for sender in &senders {
        let sender = sender.clone();
        sortie::go(move || (0..50).for_each(|number| sender.send(Box::new(number)).unwrap()));
    }
    let mut sum = 0;
    for _ in 0..200 {
        let message = select! {
            recv(receivers[0]) -> message => message,
            recv(receivers[1]) -> message => message,
            recv(receivers[2]) -> message => message,
            recv(receivers[3]) -> message => message,
        };
        sum += *message.unwrap();
    }
    assert_eq!(sum, 4 * (0..50).sum::<u64>());
}

fn future() {
    let (sender, receiver) = bounded(0);
    let child = sortie::go(move || {
        for _ in 0..100 {
            pollster::block_on(receiver.recv_async()).unwrap();
            SHARED.increment();
        }
    });
    for _ in 0..100 {
        pollster::block_on(sender.send_async(())).unwrap();
    }
    child.join().unwrap();
    assert_eq!(SHARED.get(), 100);
}

fn through_a_thread() {
    let (to_thread, in_thread) = bounded(0);
    let (from_thread, here) = bounded(0);
    let thread = std::thread::spawn(move || {
        for () in in_thread {
            SHARED.increment();
            from_thread.send(()).unwrap();
        }
    });
    for _ in 0..100 {
        SHARED.increment();
        to_thread.send(()).unwrap();
        here.recv().unwrap();
    }
    drop(to_thread);
    thread.join().unwrap();
    assert_eq!(SHARED.get(), 200);
}

fn waiting_for_many() {
    // A WaitGroup made of a channel: it is closed when the last one has gone.
    let results = Arc::new([const { Shared::new(0) }; 20]);
    let (group, all_gone) = bounded::<()>(0);
    for index in 0..results.len() {
        let (results, group) = (results.clone(), group.clone());
        sortie::go(move || {
            results[index].increment();
            drop(group);
        });
    }
    drop(group);
    all_gone.recv().unwrap_err();
    assert!(results.iter().all(|result| result.get() == 1));
}

fn mutex() {
    static LOCK: Mutex<()> = Mutex::new(());
    let goroutines = [0; 4].map(|_| {
        sortie::go(|| {
            for _ in 0..100 {
                let guard = LOCK.lock().unwrap();
                SHARED.increment();
                drop(guard);
                sortie::yield_now();
            }
        })
    });
    join_all(goroutines);
    assert_eq!(SHARED.get(), 400);
}

fn read_write_lock() {
    static LOCK: RwLock<()> = RwLock::new(());
    let writers = [0; 2].map(|_| {
        sortie::go(|| {
            for _ in 0..100 {
                let _guard = LOCK.write().unwrap();
                SHARED.increment();
            }
        })
    });
    let readers = [0; 2].map(|_| {
        sortie::go(|| {
            let mut last = 0;
            for _ in 0..100 {
                let guard = LOCK.read().unwrap();
                let now = SHARED.get();
                assert!(now >= last);
                last = now;
                drop(guard);
                sortie::yield_now();
            }
        })
    });
    join_all(writers);
    join_all(readers);
}

fn once() {
    static VALUE: OnceLock<Vec<u64>> = OnceLock::new();
    let goroutines =
        [0; 4].map(|_| sortie::go(|| VALUE.get_or_init(|| vec![1, 2, 3]).iter().sum::<u64>()));
    assert_eq!(join_all(goroutines), [6; 4]);
}

fn release_and_acquire() {
    static READY: AtomicBool = AtomicBool::new(false);
    let reader = sortie::go(|| {
        while !READY.load(Ordering::Acquire) {
            sortie::yield_now();
        }
        SHARED.get()
    });
    SHARED.increment();
    READY.store(true, Ordering::Release);
    assert_eq!(reader.join().unwrap(), 1);
}

fn reference_count() {
    struct Last(Arc<AtomicUsize>, Shared);
    impl Drop for Last {
        fn drop(&mut self) {
            self.1.increment();
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    for _ in 0..50 {
        let shared = Arc::new(Last(dropped.clone(), Shared::new(0)));
        let goroutines = [0; 3].map(|_| {
            let shared = shared.clone();
            sortie::go(move || shared.1.get())
        });
        drop(shared);
        join_all(goroutines);
    }
    assert_eq!(dropped.load(Ordering::Relaxed), 50);
}

fn lock_of_the_os_thread() {
    let (sender, receiver) = bounded(0);
    let child = sortie::go(move || {
        let _lock = sortie::runtime::lock_os_thread();
        for () in receiver {
            SHARED.increment();
        }
    });
    for _ in 0..20 {
        sender.send(()).unwrap();
    }
    drop(sender);
    child.join().unwrap();
    assert_eq!(SHARED.get(), 20);
}

fn blocking_call() {
    let (sender, receiver) = bounded(0);
    let child = sortie::go(move || {
        for () in receiver {
            sortie::runtime::blocking(|| SHARED.increment());
        }
    });
    for _ in 0..20 {
        sortie::runtime::blocking(|| std::thread::sleep(Duration::from_micros(100)));
        sender.send(()).unwrap();
    }
    drop(sender);
    child.join().unwrap();
    assert_eq!(SHARED.get(), 20);
}

fn thread_locals() {
    /// Shows what it is told at its end, which is the goroutine's.
    struct Report(Shared);
    impl Drop for Report {
        fn drop(&mut self) {
            sortie::yield_now();
            self.0.increment();
        }
    }
    thread_local! {
        static COUNT: Shared = const { Shared::new(0) };
        static LIST: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
        static REPORT: Report = const { Report(Shared::new(0)) };
    }
    let goroutines: Vec<_> = (0..100)
        .map(|number| {
            sortie::go(move || {
                REPORT.with(|report| report.0.increment());
                for round in 0..10 {
                    COUNT.with(Shared::increment);
                    LIST.with_borrow_mut(|list| list.push(number));
                    sortie::yield_now();
                    assert_eq!(COUNT.with(Shared::get), round + 1);
                }
                LIST.take()
            })
        })
        .collect();
    for (number, goroutine) in (0..).zip(goroutines) {
        assert_eq!(goroutine.join().unwrap(), [number; 10]);
    }
}

/// Has frames of some size, whose contents another goroutine changes.
#[inline(never)]
fn deep(depth: usize) -> u64 {
    let frame = [const { Shared::new(0) }; 32];
    let middle = &frame[frame.len() / 2];
    sortie::scope(|s| {
        s.go(|| middle.increment());
    });
    let below = if depth == 0 { 0 } else { deep(depth - 1) };
    frame.iter().map(Shared::get).sum::<u64>() + below
}

fn stacks_are_used_again() {
    for _ in 0..20 {
        let goroutines = [3, 1, 4, 1, 5].map(|depth| sortie::go(move || deep(depth)));
        assert_eq!(join_all(goroutines), [4, 2, 5, 2, 6]);
    }
}

fn stacks_of_all_sizes() {
    for size in [16, 64, 1024, 64, 16, 1024] {
        let goroutines = [0; 5].map(|_| {
            let builder = sortie::task::Builder::new().stack_size(size << 10);
            builder.spawn(|| deep(1)).unwrap()
        });
        assert_eq!(join_all(goroutines), [2; 5]);
    }
}

fn time_outs() {
    let (sender, receiver) = bounded::<Box<u64>>(0);
    let child = sortie::go(move || {
        for number in 0..50 {
            let mut message = Box::new(number);
            while let Err(error) = sender.send_timeout(message, Duration::from_micros(50)) {
                message = error.into_inner();
            }
        }
    });
    let mut next = 0;
    while next < 50 {
        if let Ok(number) = receiver.recv_timeout(Duration::from_micros(50)) {
            assert_eq!(*number, next);
            next += 1;
        }
    }
    child.join().unwrap();
}

fn dumps() {
    let (sender, receiver) = bounded::<()>(0);
    let waiting = [0; 5].map(|_| {
        let receiver = receiver.clone();
        sortie::go(move || receiver.recv().unwrap_err())
    });
    for _ in 0..5 {
        assert!(sortie::runtime::dump().len() >= 6);
        sortie::yield_now();
    }
    drop(sender);
    join_all(waiting);
}

fn fibers_on_goroutines() {
    let shared = Arc::new(Shared::new(0));
    let own = shared.clone();
    let mut fiber = Fiber::new(move |suspender, ()| {
        for _ in 0..20 {
            own.increment();
            Suspender::<(), ()>::suspend(suspender, ());
        }
    })
    .unwrap();
    // Passed from goroutine to goroutine.
    while !fiber.is_finished() {
        let shared = shared.clone();
        fiber = sortie::go(move || {
            if fiber.resume(()) == Progress::Suspended(()) {
                shared.increment();
            }
            fiber
        })
        .join()
        .unwrap();
    }
    assert_eq!(shared.get(), 40);
}

fn many_goroutines() {
    let done = Arc::new(AtomicUsize::new(0));
    for _ in 0..100 {
        let goroutines: Vec<_> = (0..100)
            .map(|_| {
                let done = done.clone();
                sortie::go(move || done.fetch_add(1, Ordering::Relaxed))
            })
            .collect();
        join_all(goroutines);
    }
    assert_eq!(done.load(Ordering::Relaxed), 10_000);
}

fn parking_and_stealing() {
    // Rings of goroutines that hand a box around, beside each other, with others that
    // compute and yield.
    let rings: Vec<_> = (0..8)
        .map(|_| {
            sortie::go(|| {
                let (first, mut last) = bounded::<Box<u64>>(0);
                for _ in 0..10 {
                    let (sender, receiver) = bounded(0);
                    sortie::go(move || {
                        for mut number in last {
                            *number += 1;
                            sender.send(number).unwrap();
                        }
                    });
                    last = receiver;
                }
                let mut number = Box::new(0);
                for _ in 0..20 {
                    first.send(number).unwrap();
                    number = last.recv().unwrap();
                }
                *number
            })
        })
        .collect();
    let others: Vec<_> = (0..8)
        .map(|_| sortie::go(|| (0..200).for_each(|_| sortie::yield_now())))
        .collect();
    assert_eq!(join_all(rings), [200; 8]);
    join_all(others);
}
