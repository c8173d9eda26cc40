use sortie::chan::bounded;
use std::time::Duration;

#[sortie::main]
fn main() {
    let (jobs, todo) = bounded::<u32>(5);
    let (results, done) = bounded(5);
    for worker in 1..=3 {
        let (todo, results) = (todo.clone(), results.clone());
        sortie::go(move || {
            for job in todo {
                println!("worker {worker} starts job {job}");
                sortie::sleep(Duration::from_millis(20)); // what it takes
                results.send(job * 2).unwrap();
            }
        });
    }
    drop(results);

    (1..=5).for_each(|job| jobs.send(job).unwrap());
    drop(jobs); // closes the channel: the workers' loops end
    let mut all: Vec<u32> = done.iter().collect();
    all.sort();
    println!("results: {all:?}");
}
