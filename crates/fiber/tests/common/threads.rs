//! OS threads that run fibers.

use sortie_fiber::{Fiber, Progress};
use std::sync::mpsc;
use std::thread;

/// An OS thread that does what it is told, so that a test decides which thread
/// resumes a fiber.
pub(crate) struct Worker {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<thread::JoinHandle<()>>,
}

type Job = Box<dyn FnOnce() + Send>;

impl Worker {
    pub(crate) fn start() -> Self {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let thread = thread::spawn(move || inbox.into_iter().for_each(|job| job()));
        Worker {
            jobs: Some(jobs),
            thread: Some(thread),
        }
    }

    /// Runs `f` on the worker's thread and waits for it.
    pub(crate) fn run<T: Send + 'static>(&self, f: impl FnOnce() -> T + Send + 'static) -> T {
        let (sender, result) = mpsc::channel();
        let job = move || {
            let _ = sender.send(f());
        };
        self.jobs.as_ref().unwrap().send(Box::new(job)).unwrap();
        result.recv().expect("the job panicked")
    }

    /// Resumes a fiber on the worker's thread.
    pub(crate) fn resume<I, Y, R>(
        &self,
        mut fiber: Fiber<I, Y, R>,
        input: I,
    ) -> (Fiber<I, Y, R>, Progress<Y, R>)
    where
        I: Send + 'static,
        Y: Send + 'static,
        R: Send + 'static,
    {
        self.run(move || {
            let progress = fiber.resume(input);
            (fiber, progress)
        })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.jobs.take();
        let result = self.thread.take().unwrap().join();
        if !thread::panicking() {
            result.expect("a job panicked");
        }
    }
}

/// The kernel's id of the OS thread that runs the caller now.
#[allow(dead_code, reason = "not every test asks")]
pub(crate) fn os_thread() -> i32 {
    // SAFETY: has no preconditions.
    unsafe { libc::gettid() }
}
