//! Values in and out.

use crate::threads::Worker;
use sortie_fiber::{DEFAULT_STACK_SIZE, Fiber, MIN_STACK_SIZE, Progress, Suspender};

#[test]
fn inputs_arrive_in_order_and_yields_come_back() {
    let mut fiber = Fiber::new(|suspender, first: u32| {
        let mut seen = vec![first];
        for index in 0..10u64 {
            seen.push(suspender.suspend(index));
        }
        seen
    })
    .unwrap();
    for index in 0..10u64 {
        assert_eq!(fiber.resume(100 + index as u32), Progress::Suspended(index));
        assert!(!fiber.is_finished());
    }
    let expected: Vec<u32> = (100..111).collect();
    assert_eq!(fiber.resume(110), Progress::Returned(expected));
    assert!(fiber.is_finished());
}

#[test]
fn a_fiber_that_never_suspends_returns_at_once() {
    let mut fiber = Fiber::<u8, (), u8>::new(|_, input| input + 1).unwrap();
    assert!(!fiber.is_finished());
    assert_eq!(fiber.resume(1), Progress::Returned(2));
    assert!(fiber.is_finished());
}

#[test]
fn values_of_no_size_and_of_many_kilobytes() {
    let mut nothing =
        Fiber::new(|suspender: &Suspender<(), ()>, ()| suspender.suspend(())).unwrap();
    assert_eq!(nothing.resume(()), Progress::Suspended(()));
    assert_eq!(nothing.resume(()), Progress::Returned(()));

    const MANY: usize = 16 * 1024;
    let mut large = Fiber::with_stack_size(4 << 20, |suspender, mut array: [u8; MANY]| {
        array[MANY - 1] = 1;
        let mut other = suspender.suspend(array);
        other[MANY - 1] = 2;
        other
    })
    .unwrap();
    let Progress::Suspended(array) = large.resume([7; MANY]) else {
        panic!("it suspends");
    };
    assert_eq!((array[0], array[MANY - 1]), (7, 1));
    let Progress::Returned(array) = large.resume([8; MANY]) else {
        panic!("it returns");
    };
    assert_eq!((array[0], array[MANY - 1]), (8, 2));
}

#[test]
fn values_of_large_alignment() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    #[repr(align(4096))]
    struct Page(u8);

    fn aligned(page: &Page) -> bool {
        std::ptr::from_ref(page).addr().is_multiple_of(4096)
    }
    let mut fiber = Fiber::with_stack_size(4 << 20, |suspender, page: Page| {
        assert!(aligned(&page));
        let second = suspender.suspend(page);
        assert!(aligned(&second));
        second
    })
    .unwrap();
    assert_eq!(fiber.resume(Page(1)), Progress::Suspended(Page(1)));
    assert_eq!(fiber.resume(Page(2)), Progress::Returned(Page(2)));
}

#[test]
fn generic_over_all_types() {
    fn echo<T: Send + 'static>(values: [T; 3]) -> [T; 3] {
        let [a, b, c] = values;
        let mut fiber = Fiber::new(|suspender: &Suspender<T, T>, first: T| {
            let second = suspender.suspend(first);
            suspender.suspend(second)
        })
        .unwrap();
        let (Progress::Suspended(a), Progress::Suspended(b), Progress::Returned(c)) =
            (fiber.resume(a), fiber.resume(b), fiber.resume(c))
        else {
            panic!("twice suspended, once returned");
        };
        [a, b, c]
    }
    assert_eq!(echo([1u8, 2, 3]), [1, 2, 3]);
    assert_eq!(echo(["a", "b", "c"]), ["a", "b", "c"]);
    assert_eq!(echo([1u128 << 100, 2, 3]), [1 << 100, 2, 3]);
    let strings = ["x", "y", "z"].map(String::from);
    assert_eq!(echo(strings.clone()), strings);
    assert_eq!(
        echo([None, Some(Box::new(5)), None]),
        [None, Some(Box::new(5)), None]
    );
}

#[test]
fn a_closure_owns_what_it_captures() {
    let text = String::from("captured");
    let mut fiber = Fiber::<(), (), String>::new(move |_, ()| text + " and moved").unwrap();
    assert_eq!(
        fiber.resume(()),
        Progress::Returned("captured and moved".into())
    );
}

#[test]
fn many_fibers_take_turns_on_many_threads() {
    const FIBERS: u64 = 50;
    let workers: Vec<Worker> = (0..4).map(|_| Worker::start()).collect();
    let mut fibers: Vec<_> = (0..FIBERS)
        .map(|number| {
            Fiber::new(move |suspender, mut sum: u64| {
                for _ in 0..9 {
                    sum += suspender.suspend(number);
                }
                sum * FIBERS + number
            })
            .unwrap()
        })
        .collect();
    for round in 0..10usize {
        for (number, slot) in fibers.iter_mut().enumerate() {
            let idle = Fiber::new(|_, _| 0).unwrap();
            let fiber = std::mem::replace(slot, idle);
            let worker = &workers[(round + number) % workers.len()];
            let (fiber, progress) = worker.resume(fiber, round as u64);
            let number = number as u64;
            assert_eq!(
                progress,
                match round {
                    9 => Progress::Returned((0..10).sum::<u64>() * FIBERS + number),
                    _ => Progress::Suspended(number),
                }
            );
            *slot = fiber;
        }
    }
}

#[test]
fn stack_sizes_are_rounded_up_and_absurd_ones_are_errors() {
    let ends = |size| {
        Fiber::<u8, (), u8>::with_stack_size(size, |_, input| input)
            .map(|mut fiber| fiber.resume(9))
            .map_err(|error| error.kind())
    };
    for size in [0, 1, MIN_STACK_SIZE, MIN_STACK_SIZE + 1, DEFAULT_STACK_SIZE] {
        assert_eq!(ends(size), Ok(Progress::Returned(9)), "{size} bytes");
    }
    // More than an arena may hold.
    for size in [65 << 20, 1 << 30, 5 << 30] {
        assert_eq!(ends(size), Ok(Progress::Returned(9)), "{size} bytes");
    }
    // More than can be addressed, up to where rounding would overflow.
    for size in [
        1 << 47,
        1 << 60,
        isize::MAX as usize,
        usize::MAX - 4096,
        usize::MAX,
    ] {
        let error = Err(std::io::ErrorKind::OutOfMemory);
        assert_eq!(ends(size), error, "{size} bytes");
    }
}

#[test]
fn debug_output_tells_whether_it_is_finished() {
    let mut fiber = Fiber::<(), (), String>::new(|suspender, ()| format!("{suspender:?}")).unwrap();
    assert!(format!("{fiber:?}").contains("finished: false"));
    let Progress::Returned(suspender) = fiber.resume(()) else {
        panic!("it returns");
    };
    assert!(suspender.contains("Suspender"));
    assert!(format!("{fiber:?}").contains("finished: true"));
}

#[test]
fn fibers_are_send_and_sync_when_their_values_are_send() {
    fn both<T: Send + Sync>() {}
    both::<Fiber<u8, String, Vec<u8>>>();
    // A Cell is Send, not Sync.
    both::<Fiber<std::cell::Cell<u8>, (), ()>>();
}

#[test]
fn the_first_fibers_may_be_made_by_many_threads_at_once() {
    // In a process of its own, where none exists yet.
    const VARIABLE: &str = "FIRST_FIBERS";
    if std::env::var_os(VARIABLE).is_none() {
        let name = "values::the_first_fibers_may_be_made_by_many_threads_at_once";
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args([name, "--exact"])
            .env(VARIABLE, "1")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{text}");
        assert!(text.contains("1 passed"), "{text}");
        return;
    }
    const THREADS: usize = 16;
    let barrier = std::sync::Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for number in 0..THREADS {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                let mut fiber = Fiber::new(|suspender: &Suspender<usize, usize>, input| {
                    suspender.suspend(input) + 1
                })
                .unwrap();
                assert_eq!(fiber.resume(number), Progress::Suspended(number));
                assert_eq!(fiber.resume(number), Progress::Returned(number + 1));
            });
        }
    });
}
