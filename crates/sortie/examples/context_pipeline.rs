//! A pipeline that ends when it is not wanted any more: because there is enough, or
//! because there is no more time.
//!
//! Each stage is given the context, and waits for its channels with it. When that
//! ends, whatever stage waits or works next returns, from the first to the last; so
//! even a stage that would go on for ever leaves nothing behind.

use sortie::chan::{Receiver, bounded};
use sortie::context::{Context, RecvContextError};
use sortie::sleep_ctx;
use std::time::Duration;

/// All numbers, without end: one whenever a pause is over.
fn numbers(context: &Context, pause: Duration) -> Receiver<u64> {
    let (sender, out) = bounded(0);
    let context = context.clone();
    sortie::go(move || {
        for n in 1.. {
            if sleep_ctx(pause, &context).is_err() || sender.send_ctx(n, &context).is_err() {
                return;
            }
        }
    });
    out
}

/// A stage between two others.
fn square(context: &Context, numbers: Receiver<u64>) -> Receiver<u64> {
    let (sender, out) = bounded(0);
    let context = context.clone();
    sortie::go(move || {
        for n in numbers.iter_ctx(&context) {
            if sender.send_ctx(n * n, &context).is_err() {
                return;
            }
        }
    });
    out
}

/// The first square above a limit, if it is found before the context ends.
pub(crate) fn first_square_above(
    context: &Context,
    limit: u64,
    pause: Duration,
) -> Result<u64, RecvContextError> {
    // When this returns, the variable's end cancels what was started here.
    let (context, _cancel) = context.with_cancel();
    let squares = square(&context, numbers(&context, pause));
    loop {
        let square = squares.recv_ctx(&context)?;
        if square > limit {
            return Ok(square);
        }
    }
}

#[sortie::main]
pub(crate) fn main() {
    let background = Context::background();
    match first_square_above(&background, 1000, Duration::ZERO) {
        Ok(square) => println!("the first square above 1000 is {square}"),
        Err(error) => println!("not found: {error}"),
    }

    let (context, _cancel) = background.with_timeout(Duration::from_millis(100));
    match first_square_above(&context, 1_000_000, Duration::from_millis(1)) {
        Ok(square) => println!("the first square above 1000000 is {square}"),
        Err(error) => println!("not found: {error}"),
    }
}
