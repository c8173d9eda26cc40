//! Division with remainder, section 4.1 of Hoare's "Communicating Sequential
//! Processes" (1978): a process as a subroutine. The user sends arguments to it
//! and receives the results; it divides by subtracting.

use sortie::chan::{Receiver, Sender, bounded};

fn divide(user: Receiver<(u64, u64)>, results: Sender<(u64, u64)>) {
    for (dividend, divisor) in user {
        let (mut quotient, mut remainder) = (0, dividend);
        while remainder >= divisor {
            remainder -= divisor;
            quotient += 1;
        }
        results.send((quotient, remainder)).expect("the user waits");
    }
}

/// Quotient and remainder of each pair. Divisors are positive.
pub(crate) fn divisions(pairs: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let (call, calls) = bounded(0);
    let (results, result) = bounded(0);
    sortie::scope(|s| {
        s.go(move || divide(calls, results));
        let user = move |&pair| {
            call.send(pair).expect("it listens");
            result.recv().expect("it answers")
        };
        pairs.iter().map(user).collect()
    })
}

#[sortie::main]
pub(crate) fn main() {
    let pairs = [(17, 5), (100, 10), (3, 7)];
    for ((dividend, divisor), (quotient, remainder)) in pairs.iter().zip(divisions(&pairs)) {
        println!("{dividend} = {quotient} * {divisor} + {remainder}");
    }
}
