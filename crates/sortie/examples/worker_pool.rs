//! A worker pool: a few goroutines take jobs from one channel and put results into
//! another.
//!
//! The number of workers limits how much is done at the same time. Nobody hands
//! out the jobs: who is free takes the next.

use sortie::chan::bounded;
use std::time::Duration;

/// What came of a job, and which worker did it.
#[derive(Debug)]
pub(crate) struct Done<R> {
    pub(crate) worker: usize,
    pub(crate) result: R,
}

/// Does all jobs with so many workers. Results are in the order in which they
/// came.
pub(crate) fn pool<J: Send, R: Send>(
    workers: usize,
    jobs: Vec<J>,
    work: impl Fn(usize, J) -> R + Sync,
) -> Vec<Done<R>> {
    // With room for all of them, main need not wait while it sends jobs.
    let (sender, todo) = bounded(jobs.len());
    let (results, done) = bounded(jobs.len());
    sortie::scope(|s| {
        for worker in 1..=workers {
            let (todo, results, work) = (todo.clone(), results.clone(), &work);
            s.go(move || {
                for job in todo {
                    let result = work(worker, job);
                    results.send(Done { worker, result }).expect("main listens");
                }
            });
        }
        // Only the workers have senders now: the last one to end closes it.
        drop(results);
        for job in jobs {
            sender.send(job).expect("workers listen");
        }
        // Closes the channel, which ends the loops of the workers.
        drop(sender);
        done.iter().collect()
    })
}

#[sortie::main]
pub(crate) fn main() {
    let results = pool(3, (1..=5).collect(), |worker, job: u32| {
        println!("worker {worker} started job {job}");
        // What the work would take.
        sortie::sleep(Duration::from_millis(100));
        println!("worker {worker} finished job {job}");
        job * 2
    });
    for done in &results {
        println!("worker {} says {}", done.worker, done.result);
    }
    println!("{} results", results.len());
}
