use sortie::chan::{after, select};
use sortie::context::Context;
use std::time::{Duration, Instant};

fn work(name: &str, context: &Context) {
    for step in 1.. {
        select! {
            recv(context.done()) -> _ => {
                let why = context.err().unwrap();
                return println!("{name} stops in step {step}: {why}");
            }
            recv(after(Duration::from_millis(8))) -> _ => {} // a step of work
        }
    }
}

#[sortie::main]
fn main() {
    let start = Instant::now();
    let root = Context::background();
    let (request, cancel) = root.with_cancel();
    // Ends with its parent, or after 20 ms.
    let (query, _stop) = request.with_timeout(Duration::from_millis(20));
    sortie::scope(|s| {
        s.go(|| work("the request", &request));
        s.go(|| work("its query", &query));
        sortie::sleep(Duration::from_millis(50));
        cancel.cancel(); // the user has gone away
    });
    println!("all have ended after {} ms", start.elapsed().as_millis());
}
