//! Bounded parallelism with a semaphore: any number of goroutines, of which so many
//! work at a time.
//!
//! A permit is given back when it is dropped, so also by a panic. A job that needs
//! more acquires more; the semaphore is fair, so that it gets its turn although small
//! jobs keep coming.

use sortie::sync::Semaphore;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// A picture to convert, and how many megabytes that takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job {
    pub(crate) name: &'static str,
    pub(crate) megabytes: usize,
}

/// Does all jobs with so much memory. Returns how much was in use at most.
pub(crate) fn convert(jobs: &[Job], megabytes: usize) -> usize {
    let memory = Semaphore::new(megabytes);
    let (used, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    sortie::scope(|s| {
        for job in jobs {
            s.go(|| {
                let permit = memory.acquire(job.megabytes);
                let now = used.fetch_add(permit.permits(), Relaxed) + permit.permits();
                most.fetch_max(now, Relaxed);
                println!("{:>8} takes {} MB", job.name, job.megabytes);
                // What the work would take.
                sortie::sleep(Duration::from_millis(20));
                used.fetch_sub(permit.permits(), Relaxed);
            });
        }
    });
    most.into_inner()
}

#[sortie::main]
pub(crate) fn main() {
    let job = |name, megabytes| Job { name, megabytes };
    let jobs = [
        job("icon", 1),
        job("photo", 3),
        job("poster", 8),
        job("avatar", 1),
        job("map", 5),
        job("scan", 4),
    ];
    let most = convert(&jobs, 8);
    println!("{most} of 8 MB in use at most");
}
