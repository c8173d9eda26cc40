//! Factorials, section 4.2 of Hoare's "Communicating Sequential Processes"
//! (1978): recursion, with a process for each level. It asks the next one for the
//! factorial of one less.

use sortie::chan::{Receiver, Sender, bounded};

/// The largest number whose factorial fits.
const LIMIT: u64 = 20;

/// A process that one sends a number to, and receives a number from.
struct Function {
    argument: Sender<u64>,
    result: Receiver<u64>,
}

impl Function {
    fn call(&self, argument: u64) -> u64 {
        self.argument.send(argument).expect("it listens");
        self.result.recv().expect("it answers")
    }
}

fn factorial(arguments: Receiver<u64>, results: Sender<u64>, next: Function) {
    for n in arguments {
        let result = if n == 0 { 1 } else { n * next.call(n - 1) };
        results.send(result).expect("who asked waits");
    }
}

/// The factorial of each number.
pub(crate) fn factorials(numbers: &[u64]) -> Vec<u64> {
    sortie::scope(|s| {
        let (argument, mut arguments) = bounded(0);
        let (mut results, result) = bounded(0);
        for _ in 0..=LIMIT {
            let (argument, next_arguments) = bounded(0);
            let (next_results, result) = bounded(0);
            let next = Function { argument, result };
            s.go(move || factorial(arguments, results, next));
            (arguments, results) = (next_arguments, next_results);
        }
        let first = Function { argument, result };
        numbers.iter().map(|&n| first.call(n)).collect()
    })
}

#[sortie::main]
pub(crate) fn main() {
    let numbers = [0, 1, 5, 10, LIMIT];
    for (n, factorial) in numbers.iter().zip(factorials(&numbers)) {
        println!("{n}! = {factorial}");
    }
}
