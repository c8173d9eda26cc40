//! `fork` on a fiber that the main thread runs.

use crate::program::Case;
use sortie_fiber::{Fiber, Progress};

/// The thread id that libc notes as the owner of a lock, which must be the
/// kernel's.
fn owner_of_a_lock() -> i32 {
    // SAFETY: a lock of our own, initialised, taken and released by this thread.
    // glibc's first three members are lock word, count and owner.
    unsafe {
        let mut lock: libc::pthread_mutex_t = libc::PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
        assert_eq!(libc::pthread_mutex_lock(&mut lock), 0);
        let owner = (&raw const lock).cast::<i32>().add(2).read_volatile();
        assert_eq!(libc::pthread_mutex_unlock(&mut lock), 0);
        assert_eq!(owner, libc::gettid());
        owner
    }
}

pub(crate) const CASES: &[Case] = &[Case {
    name: "fork::the_child_may_suspend",
    program: || {
        let parent = owner_of_a_lock();
        let mut fiber = Fiber::<(), i32, i32>::new(|suspender, ()| {
            // SAFETY: the main thread resumed this fiber, the only one.
            let pid = unsafe { libc::fork() };
            suspender.suspend(pid);
            owner_of_a_lock()
        })
        .unwrap();
        let Progress::Suspended(pid) = fiber.resume(()) else {
            panic!("it suspends");
        };
        let own = owner_of_a_lock();
        assert_eq!(own == parent, pid != 0);
        assert_eq!(fiber.resume(()), Progress::Returned(own));
        assert_eq!(std::thread::spawn(|| 5).join().unwrap(), 5);
        if pid != 0 {
            let mut status = 0;
            // SAFETY: waits for our own child.
            assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
            assert_eq!(status, 0);
            std::process::exit(33);
        }
    },
    check: |outcome| {
        outcome.status(33);
    },
}];
