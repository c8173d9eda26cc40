//! Stacks: pooled, guarded, given back, and refused when there is no room.

#[path = "common/process.rs"]
mod process;

use process::alone;
use sortie_fiber::raw::{self, Host, RawFiber, Stack, StackPool};
use sortie_fiber::{Fiber, MIN_STACK_SIZE, Progress, Suspender};
use std::io;
use std::ops::Range;
use std::panic::{self, AssertUnwindSafe};
use std::ptr;

const PAGE: usize = 4096;
/// Bytes below a stack that cannot be touched.
const GUARD: usize = 4 * PAGE;

/// Puts a fiber that never runs on a stack, to look at its addresses.
fn addresses(stack: Stack) -> (Stack, Range<usize>) {
    unsafe fn never() {}
    // SAFETY: the fiber does not run.
    unsafe {
        let fiber = RawFiber::new(stack, never);
        let range = fiber.stack();
        (fiber.into_stack(), range)
    }
}

/// Runs `main` on a stack. It ends like a thread.
fn run(stack: Stack, main: fn()) -> Stack {
    unsafe fn enter() {
        // SAFETY: the argument is a `fn()`; on a fiber, nothing of whose
        // thread-locals is in use after `main`.
        unsafe {
            let main: fn() = std::mem::transmute(raw::argument(ptr::null_mut()));
            main();
            raw::end_thread();
            raw::renew_thread();
        }
    }
    #[inline(never)]
    fn switch(fiber: &RawFiber) {
        let mut host = Host::attach().unwrap();
        // SAFETY: exclusive, new; this function touches no thread-local.
        let suspended = unsafe {
            let suspended = fiber.resume(&mut host);
            host.leave();
            suspended
        };
        assert!(!suspended);
    }
    // SAFETY: `enter` does not unwind, for the functions here do not panic; it
    // renews its thread-locals.
    unsafe {
        let fiber = RawFiber::new(stack, enter);
        fiber.set_argument(main as *mut ());
        switch(&fiber);
        fiber.into_stack()
    }
}

/// Whether the kernel lets a byte there be read.
fn readable(address: usize) -> bool {
    let (mut byte, pid) = (0u8, std::process::id() as i32);
    let local = libc::iovec {
        iov_base: (&raw mut byte).cast(),
        iov_len: 1,
    };
    let remote = libc::iovec {
        iov_base: ptr::without_provenance_mut(address),
        iov_len: 1,
    };
    // SAFETY: copies a byte, or fails, into a variable of ours.
    unsafe { libc::process_vm_readv(pid, &local, 1, &remote, 1, 0) == 1 }
}

/// How many pages of a range are in memory.
fn resident(range: &Range<usize>) -> usize {
    let (start, end) = (range.start & !(PAGE - 1), range.end & !(PAGE - 1));
    let mut pages = vec![0u8; (end - start) / PAGE];
    let start = ptr::without_provenance_mut(start);
    // SAFETY: asks about a mapping of the pool; one byte a page.
    let result = unsafe { libc::mincore(start, pages.len() * PAGE, pages.as_mut_ptr()) };
    assert_eq!(result, 0);
    pages.iter().filter(|&&page| page & 1 != 0).count()
}

/// Uses that many kilobytes of stack.
#[inline(never)]
fn dig(kilobytes: usize) -> usize {
    let frame = std::hint::black_box([kilobytes as u8; 1024]);
    if kilobytes == 0 {
        return 0;
    }
    dig(kilobytes - 1) + usize::from(frame[17] == kilobytes as u8)
}

#[test]
fn the_last_stack_given_is_the_next_one_taken() {
    let mut pool = StackPool::new(64 << 10).unwrap();
    let (first, range) = addresses(pool.take().unwrap());
    let (second, other) = addresses(pool.take().unwrap());
    assert!(range.end <= other.start || other.end <= range.start);
    assert_eq!((pool.in_use(), pool.warm()), (2, 0));
    let slots = pool.slots();
    pool.give(second);
    pool.give(first);
    assert_eq!((pool.in_use(), pool.warm()), (0, 2));
    for expected in [range, other] {
        let (_stack, again) = addresses(pool.take().unwrap());
        assert_eq!(again, expected);
    }
    assert_eq!((pool.in_use(), pool.slots()), (2, slots));
}

#[test]
fn fibers_reuse_stacks_whatever_size_was_asked_for() {
    alone("fibers_reuse_stacks_whatever_size_was_asked_for", || {
        for size in [0, 1, MIN_STACK_SIZE - 1, 100_000, 100_001] {
            let mut seen = std::collections::HashSet::new();
            for _ in 0..100 {
                let mut fiber = Fiber::<(), (), usize>::with_stack_size(size, |_, ()| {
                    let here = 0u8;
                    (&raw const here).addr() / PAGE
                })
                .unwrap();
                let Progress::Returned(page) = fiber.resume(()) else {
                    panic!("it returns");
                };
                seen.insert(page);
            }
            assert_eq!(seen.len(), 1, "size {size}");
        }
    });
}

#[test]
fn a_stack_of_another_size_is_not_taken_back() {
    // Neighbouring sizes may be equally far apart.
    for pages in 4..40 {
        let mut small = StackPool::new(pages * PAGE).unwrap();
        let mut large = StackPool::new((pages + 1) * PAGE).unwrap();
        for (from, to) in [(true, false), (false, true)] {
            let from = if from { &mut small } else { &mut large };
            let stack = from.take().unwrap();
            let to = if to { &mut small } else { &mut large };
            let give = AssertUnwindSafe(|| to.give(stack));
            assert!(panic::catch_unwind(give).is_err(), "{pages} pages");
            assert_eq!(to.warm(), 0);
        }
    }
}

#[test]
fn sizes_are_honoured() {
    for size in [MIN_STACK_SIZE, 20_000, 100_000, 1 << 20, 16 << 20] {
        let mut pool = StackPool::new(size).unwrap();
        assert!(pool.stack_size() >= size && pool.stack_size() < size + PAGE);
        let stack = pool.take().unwrap();
        assert_eq!(stack.size(), pool.stack_size());
        let (_stack, range) = addresses(stack);
        assert!(range.len() >= size);
        assert!(range.end.is_multiple_of(16));
    }
    assert_eq!(StackPool::new(0).unwrap().stack_size(), MIN_STACK_SIZE);
    assert_eq!(StackPool::new(1).unwrap().stack_size(), MIN_STACK_SIZE);
}

#[test]
fn a_fiber_may_use_its_stack_to_the_end() {
    /// Recurses down to an address, or a little below.
    #[inline(never)]
    fn descend(to: usize) -> usize {
        let frame = std::hint::black_box([1u8; 256]);
        let here = frame.as_ptr().addr();
        if here > to {
            descend(to) + usize::from(frame[255])
        } else {
            0
        }
    }
    // What the first and the last call need.
    const REST: usize = 8 << 10;
    for size in [MIN_STACK_SIZE, 64 << 10, 256 << 10, 2 << 20] {
        let mut fiber = Fiber::<(), (), usize>::with_stack_size(size, move |_, ()| {
            let here = 0u8;
            descend((&raw const here).addr() - (size - REST))
        })
        .unwrap();
        let Progress::Returned(depth) = fiber.resume(()) else {
            panic!("it returns");
        };
        assert!(depth > (size - REST) / 4096);
    }
}

#[test]
fn every_stack_has_a_guard_which_outlives_trimming() {
    let mut pool = StackPool::new(32 << 10).unwrap();
    let is_guarded = |range: &Range<usize>| {
        let guard = range.start - GUARD..range.start;
        guard.clone().step_by(512).all(|address| !readable(address))
            && readable(range.start)
            && readable(range.end - 1)
    };
    let mut stacks = Vec::new();
    // Over the end of the first arena.
    for _ in 0..200 {
        let (stack, range) = addresses(pool.take().unwrap());
        assert!(is_guarded(&range));
        stacks.push(stack);
    }
    for stack in stacks.drain(..) {
        pool.give(run(stack, || assert_eq!(dig(10), 10)));
    }
    assert_eq!(pool.trim(0), 200);
    for _ in 0..200 {
        let (stack, range) = addresses(pool.take().unwrap());
        assert!(is_guarded(&range));
        stacks.push(stack);
    }
}

#[test]
fn stacks_that_are_made_together_are_as_good_as_others() {
    let mut pool = StackPool::new(MIN_STACK_SIZE).unwrap();
    // Never used, then without memory, then as they were left.
    for state in ["untouched", "cold", "warm"] {
        let mut slots = pool.claim(usize::MAX).unwrap();
        let mut stacks = Vec::new();
        slots.prepare(|stack| stacks.push(stack)).unwrap();
        assert_eq!(stacks.len(), raw::RUN, "{state}");
        let mut starts = Vec::new();
        for stack in stacks {
            let (stack, range) = addresses(run(stack, || assert_eq!(dig(5), 5)));
            assert!(!readable(range.start - 1) && !readable(range.start - GUARD));
            starts.push(range.start);
            pool.give(stack);
        }
        starts.sort_unstable();
        starts.dedup();
        assert_eq!(starts.len(), raw::RUN, "{state}: one for two");
        assert_eq!(pool.warm(), raw::RUN);
        if state == "untouched" {
            pool.trim(0);
        }
    }
    // What is not prepared after all is still there.
    let slots = pool.claim(3).unwrap();
    assert_eq!(pool.in_use(), 3);
    pool.give_back(slots);
    assert_eq!(pool.in_use(), 0);
}

#[test]
fn trimming_gives_memory_back() {
    let mut pool = StackPool::new(256 << 10).unwrap();
    let mut stacks = Vec::new();
    let mut ranges = Vec::new();
    for _ in 0..20 {
        let stack = run(pool.take().unwrap(), || assert_eq!(dig(100), 100));
        let (stack, range) = addresses(stack);
        assert!(resident(&range) >= 25);
        stacks.push(stack);
        ranges.push(range);
    }
    stacks.into_iter().for_each(|stack| pool.give(stack));
    let slots = pool.slots();
    assert_eq!((pool.trim(20), pool.trim(5), pool.trim(5)), (0, 15, 0));
    assert_eq!((pool.warm(), pool.slots()), (5, slots));
    // Those used last are kept.
    for (number, range) in ranges.iter().enumerate() {
        assert_eq!(resident(range) > 0, number >= 15, "stack {number}");
    }
    assert_eq!((pool.trim(0), pool.warm()), (5, 0));
    assert!(ranges.iter().all(|range| resident(range) == 0));
    // What was trimmed can be used again.
    for _ in 0..20 {
        let stack = run(pool.take().unwrap(), || assert_eq!(dig(100), 100));
        pool.give(stack);
    }
    assert_eq!(pool.slots(), slots);
}

#[test]
fn memory_that_is_locked_can_be_trimmed() {
    alone("memory_that_is_locked_can_be_trimmed", || {
        thread_local!(static NUMBER: std::cell::Cell<u32> = const { std::cell::Cell::new(1) });
        fn changes() {
            assert_eq!(NUMBER.replace(2), 1);
        }
        let mut pool = StackPool::new(MIN_STACK_SIZE).unwrap();
        let stack = run(pool.take().unwrap(), changes);
        let (stack, range) = addresses(stack);
        let (start, length) = (ptr::without_provenance(range.start), range.len());
        // SAFETY: locks a part of the mapping.
        assert_eq!(unsafe { libc::mlock(start, length & !(PAGE - 1)) }, 0);
        pool.give(stack);
        assert_eq!(pool.trim(0), 1);
        let stack = run(pool.take().unwrap(), changes);
        pool.give(run(stack, changes));
    });
}

#[test]
fn stacks_are_made_and_guarded_in_locked_memory() {
    alone("stacks_are_made_and_guarded_in_locked_memory", || {
        // So the way to guard stacks is known.
        let mut pool = StackPool::new(MIN_STACK_SIZE).unwrap();
        let first = pool.take().unwrap();
        const MCL_ONFAULT: i32 = 4;
        let all = libc::MCL_CURRENT | libc::MCL_FUTURE | MCL_ONFAULT;
        // SAFETY: has no preconditions.
        if unsafe { libc::mlockall(all) } != 0 {
            let error = io::Error::last_os_error().raw_os_error();
            return assert!(matches!(error, Some(libc::EPERM | libc::ENOMEM)));
        }
        let mut stacks = vec![first];
        stacks.extend((0..200).map(|_| pool.take().unwrap()));
        for stack in stacks {
            let (stack, range) = addresses(run(stack, || assert_eq!(dig(5), 5)));
            assert!(!readable(range.start - 1) && !readable(range.start - GUARD));
            pool.give(stack);
        }
        assert_eq!(pool.trim(0), 201);
        let (_, range) = addresses(run(pool.take().unwrap(), || assert_eq!(dig(5), 5)));
        assert!(!readable(range.start - 1), "trimmed with its guard");
    });
}

#[test]
fn fibers_give_memory_back_after_a_burst() {
    fn resident_bytes() -> usize {
        let text = std::fs::read_to_string("/proc/self/statm").unwrap();
        let pages: usize = text.split(' ').nth(1).unwrap().parse().unwrap();
        pages * PAGE
    }
    alone("fibers_give_memory_back_after_a_burst", || {
        let mut burst: Vec<_> = (0..1000)
            .map(|_| {
                Fiber::new(|suspender: &Suspender<(), ()>, ()| {
                    assert_eq!(dig(100), 100);
                    suspender.suspend(());
                })
                .unwrap()
            })
            .collect();
        let before = resident_bytes();
        for fiber in &mut burst {
            fiber.resume(());
        }
        let during = resident_bytes();
        assert!(during > before + 1000 * (100 << 10));
        drop(burst);
        let after = resident_bytes();
        assert!(
            after < before + (during - before) / 4,
            "{before} {during} {after}"
        );
    });
}

#[test]
fn the_block_is_known_as_a_fibers_from_the_start() {
    // A signal may arrive between any two instructions.
    unsafe fn never() {}
    #[inline(never)]
    fn boarded(fiber: &RawFiber, ask: fn() -> bool) -> (bool, bool) {
        let mut host = Host::attach().unwrap();
        // SAFETY: the fiber is new, and this function touches no thread-local;
        // `ask` reads one of the fiber's, which nobody else has current.
        unsafe {
            fiber.board(&mut host);
            let there = ask();
            host.leave();
            (there, ask())
        }
    }
    let mut pool = StackPool::new(MIN_STACK_SIZE).unwrap();
    for used in [false, true] {
        let mut stack = pool.take().unwrap();
        if used {
            stack = run(stack, || assert!(raw::on_fiber()));
        }
        // SAFETY: the fiber does not run.
        let stack = unsafe {
            let fiber = RawFiber::new(stack, never);
            let ask = std::hint::black_box(raw::on_fiber as fn() -> bool);
            assert_eq!(boarded(&fiber, ask), (true, false));
            fiber.into_stack()
        };
        pool.give(stack);
    }
}

/// Mappings of this process.
fn mappings() -> usize {
    let text = std::fs::read_to_string("/proc/self/maps").unwrap();
    text.lines().count()
}

#[test]
fn a_hundred_thousand_stacks_or_an_error() {
    alone("a_hundred_thousand_stacks_or_an_error", || {
        const STACKS: usize = 100_000;
        let mut pool = StackPool::new(MIN_STACK_SIZE).unwrap();
        let mut stacks = Vec::with_capacity(STACKS);
        let limit = std::fs::read_to_string("/proc/sys/vm/max_map_count").unwrap();
        let limit: usize = limit.trim().parse().unwrap();
        while stacks.len() < STACKS {
            match pool.take() {
                Ok(stack) => stacks.push(stack),
                Err(error) => {
                    // Guards by mprotect: refused in time, with a cure.
                    assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
                    assert!(error.to_string().contains("max_map_count"), "{error}");
                    break;
                }
            }
        }
        let mappings = mappings();
        assert!(mappings < limit / 10 * 9, "{mappings} of {limit}");
        assert!(stacks.len() == STACKS || mappings > limit / 2);
        // There is room for threads and memory.
        let sum = std::thread::spawn(|| vec![1u8; 64 << 20].iter().map(|&b| b as u64).sum::<u64>());
        assert_eq!(sum.join().unwrap(), 64 << 20);
        // The last is as good as the first.
        for stack in stacks.drain(..).rev().step_by(1000) {
            pool.give(run(stack, || assert_eq!(dig(5), 5)));
        }
    });
}

#[test]
fn exhausted_address_space_is_an_error() {
    alone("exhausted_address_space_is_an_error", || {
        let limit = libc::rlimit {
            rlim_cur: 2 << 30,
            rlim_max: 2 << 30,
        };
        sortie_fiber::check().unwrap();
        // SAFETY: limits this process.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &limit) }, 0);
        for round in 0..3 {
            let mut fibers = Vec::new();
            let error = loop {
                let fiber = Fiber::<u32, u32, ()>::with_stack_size(1 << 20, |suspender, number| {
                    suspender.suspend(number);
                });
                match fiber {
                    Ok(fiber) => fibers.push(fiber),
                    Err(error) => break error,
                }
                assert!(fibers.len() < 3000, "there is no limit");
            };
            assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
            assert!(error.to_string().contains("ulimit -v"), "{error}");
            assert!(fibers.len() > 1000, "round {round}: only {}", fibers.len());
            // Others still get memory, and the fibers work.
            drop(std::hint::black_box(vec![1u8; 32 << 20]));
            for (number, fiber) in (0..).zip(&mut fibers) {
                assert_eq!(fiber.resume(number), Progress::Suspended(number));
            }
        }
    });
}

#[test]
fn absurd_sizes_are_errors() {
    for size in [
        1 << 47,
        1 << 56,
        isize::MAX as usize,
        usize::MAX - 1,
        usize::MAX,
    ] {
        let mut pool = StackPool::new(size).unwrap();
        let error = pool.take().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::OutOfMemory, "{size}");
        assert_eq!(pool.reserve(1).unwrap_err().kind(), error.kind());
        assert_eq!((pool.slots(), pool.in_use()), (0, 0));
    }
}

#[test]
fn address_space_is_reserved_ahead() {
    let mut pool = StackPool::new(MIN_STACK_SIZE).unwrap();
    pool.reserve(1000).unwrap();
    let slots = pool.slots();
    assert!(slots >= 1000);
    let stacks: Vec<_> = (0..1000).map(|_| pool.take().unwrap()).collect();
    assert_eq!((pool.slots(), pool.in_use()), (slots, stacks.len()));
    pool.reserve(1).unwrap();
    assert_eq!(pool.slots(), slots);
}
