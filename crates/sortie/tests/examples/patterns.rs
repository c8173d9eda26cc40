//! Go's patterns.

#[path = "../../examples/buffered_channel.rs"]
mod buffered_channel;
#[path = "../../examples/closed_channel.rs"]
mod closed_channel;
#[path = "../../examples/pipeline.rs"]
mod pipeline;
#[path = "../../examples/process_images.rs"]
mod process_images;
#[path = "../../examples/producer_consumer.rs"]
mod producer_consumer;
#[path = "../../examples/select_default.rs"]
mod select_default;
#[path = "../../examples/select_timeout.rs"]
mod select_timeout;
#[path = "../../examples/sum_of_halves.rs"]
mod sum_of_halves;
#[path = "../../examples/worker_pool.rs"]
mod worker_pool;

use crate::program::programs;
use sortie::chan::{RecvError, SendError, bounded};
use std::collections::HashMap;
use std::sync::Barrier;
use std::time::{Duration, Instant};

programs! {
    examples {
        buffered_channel: ["3: fits, 3 of 3", "4: would", "received [1, 2, 3, 4]"],
        closed_channel: ["Err(SendError", "Ok(1)", "Ok(2)", "Err(RecvError)"],
        pipeline: ["100\n"],
        process_images: ["image 0: [255, 254,", "image 3: [1, 1,"],
        producer_consumer: ["10 parcels\n"],
        select_default: ["nothing is left:     Nothing"],
        select_timeout: ["the prompt one says: here I am", "time-out after "],
        sum_of_halves: ["make 12\n"],
        worker_pool: ["5 results\n"],
    }
    checks {
        a_buffer_takes_its_capacity_and_the_next_waits,
        closing_keeps_what_is_there,
        pipeline_squares_each_number_once,
        pipeline_may_be_abandoned,
        images_keep_their_order,
        each_parcel_is_consumed_once_and_in_order,
        answers_in_time,
        no_answer_in_time,
        select_does_what_is_possible,
        select_chooses_either,
        sums_of_both_halves,
        each_job_is_done_once,
        all_workers_work_at_once,
    }
}

fn a_buffer_takes_its_capacity_and_the_next_waits() {
    for capacity in [0, 1, 3, 100] {
        let all: Vec<usize> = (1..=capacity + 1).collect();
        assert_eq!(buffered_channel::overfill(capacity), all);
    }
}

fn closing_keeps_what_is_there() {
    let (sent, received) = closed_channel::use_after_close();
    assert_eq!(sent, Err(SendError(3)));
    assert_eq!(received, [Ok(1), Ok(2), Err(RecvError)]);
}

fn pipeline_squares_each_number_once() {
    for fan_out in [1, 3, 20] {
        let mut squares: Vec<u64> = pipeline::squares((0..1000).collect(), fan_out)
            .iter()
            .collect();
        squares.sort_unstable();
        assert!(squares.into_iter().eq((0..1000).map(|n| n * n)));
    }
}

fn pipeline_may_be_abandoned() {
    let first = pipeline::squares(vec![3; 1000], 3).recv();
    assert_eq!(first, Ok(9));
}

fn images_keep_their_order() {
    let images = [vec![0, 100, 200], vec![], vec![255]];
    let expected = [vec![205, 155, 105], vec![], vec![0]];
    assert_eq!(process_images::process_images(&images), expected);
}

fn each_parcel_is_consumed_once_and_in_order() {
    let consumers = producer_consumer::factory(4, 100, 3);
    assert_eq!(consumers.len(), 3);
    let mut all = Vec::new();
    for parcels in consumers {
        let mut next = HashMap::new();
        for parcel in parcels {
            let next = next.entry(parcel.producer).or_insert(0);
            assert!(parcel.number >= *next, "overtaken by another parcel");
            *next = parcel.number + 1;
            all.push((parcel.producer, parcel.number));
        }
    }
    all.sort_unstable();
    let expected = (0..4).flat_map(|producer| (0..100).map(move |number| (producer, number)));
    assert!(all.into_iter().eq(expected));
}

fn answers_in_time() {
    let (sender, answers) = bounded(0);
    sortie::go(move || sender.send("yes"));
    let minute = Duration::from_secs(60);
    assert_eq!(select_timeout::answer_within(&answers, minute), Some("yes"));
}

fn no_answer_in_time() {
    let (_sender, answers) = bounded::<()>(0);
    let timeout = Duration::from_millis(20);
    let start = Instant::now();
    assert_eq!(select_timeout::answer_within(&answers, timeout), None);
    assert!(start.elapsed() >= timeout);
}

fn select_does_what_is_possible() {
    use select_default::{Done, one_of};
    let (into_input, input) = bounded(1);
    let (output, from_output) = bounded(1);
    assert_eq!(one_of(&input, &output), Done::Sent);
    assert_eq!(one_of(&input, &output), Done::Nothing);
    into_input.send(1).unwrap();
    assert_eq!(one_of(&input, &output), Done::Received(1));
    assert_eq!(from_output.recv(), Ok(10));
}

fn select_chooses_either() {
    use select_default::{Done, one_of};
    let (into_input, input) = bounded(1);
    let (output, from_output) = bounded(1);
    let (mut received, mut sent) = (0, 0);
    for _ in 0..1000 {
        into_input.send(1).unwrap();
        match one_of(&input, &output) {
            Done::Received(_) => received += 1,
            Done::Sent => sent += 1,
            Done::Nothing => panic!("both were possible"),
        }
        // Whatever is left.
        let _ = (input.try_recv(), from_output.try_recv());
    }
    // Six standard deviations to each side.
    assert!(received > 400 && sent > 400, "{received} and {sent}");
}

fn sums_of_both_halves() {
    let mut sums = sum_of_halves::sum_of_halves(&[7, 2, 8, -9, 4, 0]);
    sums.sort_unstable();
    assert_eq!(sums, [-5, 17]);
}

fn each_job_is_done_once() {
    for workers in [1, 3, 50] {
        let done = worker_pool::pool(workers, (0..1000).collect(), |_, job: usize| 2 * job);
        assert!(done.iter().all(|done| (1..=workers).contains(&done.worker)));
        let mut results: Vec<usize> = done.iter().map(|done| done.result).collect();
        results.sort_unstable();
        assert!(results.into_iter().eq((0..1000).map(|job| 2 * job)));
    }
}

fn all_workers_work_at_once() {
    // It opens only when three workers are there.
    let together = Barrier::new(3);
    let done = worker_pool::pool(3, vec![(); 3], |_, ()| {
        together.wait();
    });
    let mut workers: Vec<usize> = done.iter().map(|done| done.worker).collect();
    workers.sort_unstable();
    assert_eq!(workers, [1, 2, 3]);
}
