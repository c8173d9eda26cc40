//! The programs of Hoare's "Communicating Sequential Processes".

#[path = "../../examples/csp_assemble.rs"]
mod csp_assemble;
#[path = "../../examples/csp_bounded_buffer.rs"]
mod csp_bounded_buffer;
#[path = "../../examples/csp_conway.rs"]
mod csp_conway;
#[path = "../../examples/csp_copy.rs"]
mod csp_copy;
#[path = "../../examples/csp_disassemble.rs"]
mod csp_disassemble;
#[path = "../../examples/csp_division.rs"]
mod csp_division;
#[path = "../../examples/csp_factorial.rs"]
mod csp_factorial;
#[path = "../../examples/csp_matrix.rs"]
mod csp_matrix;
#[path = "../../examples/csp_philosophers.rs"]
mod csp_philosophers;
#[path = "../../examples/csp_prime_sieve.rs"]
mod csp_prime_sieve;
#[path = "../../examples/csp_reformat.rs"]
mod csp_reformat;
#[path = "../../examples/csp_semaphore.rs"]
mod csp_semaphore;
#[path = "../../examples/csp_small_set.rs"]
mod csp_small_set;
#[path = "../../examples/csp_sorted_set.rs"]
mod csp_sorted_set;
#[path = "../../examples/csp_squash.rs"]
mod csp_squash;

use crate::program::programs;
use sortie::chan::{RecvError, SendTimeoutError, bounded};
use std::array;
use std::collections::BTreeSet;
use std::time::Duration;

programs! {
    examples {
        csp_assemble: ["|All work", "|l boy. ", "|k a dull boy. "],
        csp_bounded_buffer: ["[0, 1, 2,", "23, 24]"],
        csp_conway: ["3.14 * r↑2, the volume 4.19 * r↑3; and 2↑3↑2 is", "|o "],
        csp_copy: ["from west to east\n"],
        csp_disassemble: [r#""BEGIN   X := 1 END ""#],
        csp_division: ["17 = 3 * 5 + 2", "100 = 10 * 10 + 0", "3 = 0 * 7 + 3"],
        csp_factorial: ["0! = 1\n", "5! = 120\n", "20! = 2432902008176640000"],
        csp_matrix: ["is [1, 2, 3]\n", "is [12, 15, 18]\n", "is [19, 23, 27]\n"],
        csp_philosophers: ["Enters", "Eats", "Leaves", "15 meals"],
        csp_prime_sieve: ["[2, 3, 5, 7, 11,", "1229 primes below 10 000"],
        csp_reformat: ["|This paper", "communicating |\n|sequential"],
        csp_semaphore: ["1000 visits, "],
        csp_small_set: ["[3, 1, 4, 5]", "has 1: true", "has 2: false"],
        csp_sorted_set: ["[1, 2, 3, 4, 5, 6, 9]"],
        csp_squash: ["2↑10\n", " a*b\n", " ↑*\n", " 2↑3↑2*\n"],
    }
    checks {
        copy_passes_on_everything,
        squash_replaces_pairs,
        disassemble_adds_spaces,
        assemble_fills_the_last_line,
        reformat_is_a_composition,
        conway_replaces_pairs_across_lines,
        division_leaves_a_remainder,
        factorials_at_all_depths,
        small_set_holds_a_hundred,
        sorted_set_is_a_set,
        sorted_set_has_several_users,
        buffer_keeps_order,
        buffer_runs_ahead_by_its_size,
        semaphore_admits_as_many_as_it_counts,
        semaphore_waits_for_an_increment,
        philosophers_share_forks,
        sieve_finds_all_primes,
        grid_multiplies,
    }
}

/// Numbers without much of a pattern.
fn numbers() -> impl Iterator<Item = i64> {
    (1..).map(|i: i64| i * i * 7919 % 101 - 50)
}

fn copy_passes_on_everything() {
    for text in ["", "a", "west?c → east!c"] {
        assert_eq!(csp_copy::through_copy(text), text);
    }
}

fn squash_replaces_pairs() {
    for (text, expected) in [
        ("", ""),
        ("*", "*"),
        ("**", "↑"),
        ("***", "↑*"),
        ("****", "↑↑"),
        ("a*b**c", "a*b↑c"),
        ("a* *b", "a* *b"),
    ] {
        assert_eq!(csp_squash::through_squash(text), expected);
    }
}

fn disassemble_adds_spaces() {
    assert_eq!(csp_disassemble::characters(&[]), "");
    assert_eq!(csp_disassemble::characters(&["ab", "", "c "]), "ab  c  ");
}

fn assemble_fills_the_last_line() {
    use csp_assemble::{LINE, lines};
    assert!(lines("").is_empty());
    assert_eq!(lines("↑"), [format!("↑{}", " ".repeat(LINE - 1))]);
    let full = "x".repeat(LINE);
    assert_eq!(lines(&full), [&*full]);
    assert_eq!(
        lines(&format!("{full}y")),
        [full, format!("{:<LINE$}", "y")]
    );
}

fn reformat_is_a_composition() {
    let cards = ["0123456789".repeat(8), "abc".to_owned(), "-".repeat(80)];
    let cards = cards.each_ref().map(String::as_str);
    let characters = csp_disassemble::characters(&cards);
    assert_eq!(
        csp_reformat::reformat(&cards),
        csp_assemble::lines(&characters)
    );
}

fn conway_replaces_pairs_across_lines() {
    // Without the replacement the pair would be broken by the end of the line.
    let card = format!("{}**b", "a".repeat(124));
    let first = format!("{}↑", "a".repeat(124));
    assert_eq!(
        csp_conway::conway(&[&card]),
        [first, format!("{:<125}", "b")]
    );
}

fn division_leaves_a_remainder() {
    let pairs: Vec<(u64, u64)> = (0..50).flat_map(|x| (1..10).map(move |y| (x, y))).collect();
    let expected = pairs.iter().map(|(x, y)| (x / y, x % y));
    assert!(csp_division::divisions(&pairs).into_iter().eq(expected));
}

fn factorials_at_all_depths() {
    let numbers: Vec<u64> = (0..=20).rev().collect();
    let expected = numbers.iter().map(|&n| (1..=n).product());
    assert!(csp_factorial::factorials(&numbers).into_iter().eq(expected));
}

fn small_set_holds_a_hundred() {
    let set = csp_small_set::Set::new();
    assert!(set.scan().is_empty());
    for n in (0..150).chain(0..150) {
        set.insert(n);
    }
    assert!(set.scan().into_iter().eq(0..100));
    assert!(set.has(99));
    assert!(!set.has(100));
}

fn sorted_set_is_a_set() {
    let set = csp_sorted_set::SortedSet::new();
    let mut model = BTreeSet::new();
    for n in numbers().map(|n| n as i32).take(200) {
        assert_eq!(set.has(n), model.contains(&n));
        set.insert(n);
        model.insert(n);
    }
    for n in -60..60 {
        assert_eq!(set.has(n), model.contains(&n));
    }
}

fn sorted_set_has_several_users() {
    let set = csp_sorted_set::SortedSet::new();
    sortie::scope(|s| {
        for user in 0..4 {
            let set = &set;
            s.go(move || {
                for n in (user..100).step_by(4) {
                    set.insert(n);
                    // The answer comes after all that was inserted before.
                    assert!(set.has(n));
                }
            });
        }
    });
    assert!((0..100).all(|n| set.has(n)));
}

fn buffer_keeps_order() {
    for count in [0, 1, 9, 10, 11, 1000] {
        assert!(
            csp_bounded_buffer::through_buffer(count)
                .into_iter()
                .eq(0..count)
        );
    }
}

fn buffer_runs_ahead_by_its_size() {
    use csp_bounded_buffer::{SIZE, buffer};
    let (produce, producer) = bounded(0);
    let (ask, more) = bounded(0);
    let (consumer, portions) = bounded(0);
    let process = sortie::go(move || buffer(producer, more, consumer));
    for n in 0..SIZE {
        produce.send(n).unwrap();
    }
    let refused = produce.send_timeout(SIZE, Duration::from_millis(20));
    assert_eq!(refused, Err(SendTimeoutError::Timeout(SIZE)));
    ask.send(()).unwrap();
    assert_eq!(portions.recv(), Ok(0));
    produce.send(SIZE).unwrap();
    drop(produce);
    for n in 1..=SIZE {
        ask.send(()).unwrap();
        assert_eq!(portions.recv(), Ok(n));
    }
    assert_eq!(portions.recv(), Err(RecvError));
    process.join().unwrap();
}

fn semaphore_admits_as_many_as_it_counts() {
    for seats in 1..=5 {
        let visits = csp_semaphore::visits(seats, 20, 10);
        assert_eq!(visits.count, 200);
        assert!((1..=seats).contains(&visits.most_at_once), "{visits:?}");
    }
}

fn semaphore_waits_for_an_increment() {
    let semaphore = csp_semaphore::Semaphore::new(2);
    semaphore.decrement();
    semaphore.decrement();
    let client = semaphore.clone();
    let waiting = sortie::go(move || client.decrement());
    semaphore.increment();
    waiting.join().unwrap();
    semaphore.increment();
    semaphore.decrement();
}

fn philosophers_share_forks() {
    use csp_philosophers::{COUNT, Event, dinner};
    const MEALS: usize = 20;
    let mut inside = 0;
    let mut eats = [false; COUNT];
    let mut meals = [0; COUNT];
    for (i, event) in dinner(MEALS) {
        match event {
            Event::Enters => inside += 1,
            Event::Eats => {
                // Who has put down a fork has said so before.
                assert!(!eats[(i + 1) % COUNT] && !eats[(i + COUNT - 1) % COUNT]);
                eats[i] = true;
                meals[i] += 1;
            }
            Event::HasEaten => eats[i] = false,
            Event::Leaves => inside -= 1,
        }
        assert!(inside < COUNT, "all of them are in the room");
    }
    assert_eq!(meals, [MEALS; COUNT]);
    assert_eq!(inside, 0);
}

fn sieve_finds_all_primes() {
    let is_prime = |&n: &u64| (2..n).take_while(|d| d * d <= n).all(|d| n % d != 0);
    for limit in (0..30).chain([10_000]) {
        let expected = (2..limit).filter(is_prime);
        assert!(csp_prime_sieve::primes(limit).into_iter().eq(expected));
    }
}

fn grid_multiplies() {
    let mut numbers = numbers();
    let mut vector = || array::from_fn(|_| numbers.next().expect("they do not end"));
    let matrix: [csp_matrix::Vector; 3] = array::from_fn(|_| vector());
    for count in [0, 1, 2, 100] {
        let vectors: Vec<csp_matrix::Vector> = (0..count).map(|_| vector()).collect();
        let products = csp_matrix::multiply(&vectors, &matrix);
        let expected = vectors.iter().map(|vector| {
            array::from_fn(|column| (0..3).map(|i| vector[i] * matrix[i][column]).sum::<i64>())
        });
        assert!(products.into_iter().eq(expected));
    }
}
