//! `select!` waits for a message, but not for ever: `after` is a channel that
//! delivers the time once it has come, and the first that is ready wins.

use sortie::chan::{Receiver, after, bounded, select};
use std::time::{Duration, Instant};

/// The answer, if it comes in time.
pub(crate) fn answer_within<T>(answers: &Receiver<T>, timeout: Duration) -> Option<T> {
    select! {
        recv(answers) -> answer => answer.ok(),
        recv(after(timeout)) -> _ => None,
    }
}

#[sortie::main]
pub(crate) fn main() {
    let (sender, prompt) = bounded(0);
    sortie::go(move || sender.send("here I am"));
    match answer_within(&prompt, Duration::from_secs(10)) {
        Some(answer) => println!("the prompt one says: {answer}"),
        None => println!("even the prompt one is late"),
    }

    let (_sender, silent) = bounded::<&str>(0);
    let start = Instant::now();
    match answer_within(&silent, Duration::from_millis(100)) {
        Some(answer) => println!("the silent one says: {answer}"),
        None => println!("time-out after {:.0?}", start.elapsed()),
    }
}
