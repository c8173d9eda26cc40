//! Making goroutines move.

use crate::procs::Procs;

/// The kernel's id of the OS thread that runs the caller now.
pub(crate) fn os_thread() -> i32 {
    // SAFETY: has no preconditions.
    unsafe { libc::gettid() }
}

/// Parks the calling goroutine again and again until it has run on another OS
/// thread than before, `moves` times. Returns how often it parked.
pub(crate) fn move_about(moves: usize) -> usize {
    let (mut seen, mut parks) = (0, 0);
    let mut thread = os_thread();
    while seen < moves {
        parks += 1;
        if parks % 4 == 0 {
            sortie::sleep(std::time::Duration::from_micros(50));
        } else {
            sortie::yield_now();
        }
        let now = os_thread();
        seen += usize::from(now != thread);
        thread = now;
    }
    parks
}

/// Runs `f` on so many goroutines at once, with several processors.
pub(crate) fn on_goroutines(count: usize, f: impl Fn(usize) + Sync) {
    let _procs = Procs::set(4);
    sortie::run(|| {
        sortie::scope(|s| {
            for index in 0..count {
                let f = &f;
                s.go(move || f(index));
            }
        });
    });
}
