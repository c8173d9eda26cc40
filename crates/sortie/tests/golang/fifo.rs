//! Go's test/chan/fifo.go: channels with and without room are first in, first
//! out.
//!
//! <https://github.com/golang/go/blob/master/test/chan/fifo.go>

use sortie::chan::{Receiver, Sender, bounded};

const COUNT: usize = 10;

#[test]
fn with_room() {
    let (sender, receiver) = bounded(COUNT);
    for i in 0..COUNT {
        sender.send(i).unwrap();
    }
    for i in 0..COUNT {
        assert_eq!(receiver.recv(), Ok(i));
    }
}

#[test]
fn without_room() {
    fn link(numbers: &Receiver<usize>, own: usize, before: &Receiver<()>, after: &Sender<()>) {
        before.recv().unwrap();
        assert_eq!(numbers.recv(), Ok(own));
        after.send(()).unwrap();
    }
    sortie::run(|| {
        let (sender, numbers) = bounded(0);
        let (start, mut before) = bounded(0);
        for i in 0..COUNT {
            let (after, next) = bounded(0);
            let numbers = numbers.clone();
            sortie::go(move || link(&numbers, i, &before, &after));
            before = next;
        }
        start.send(()).unwrap();
        for i in 0..COUNT {
            sender.send(i).unwrap();
        }
        before.recv().unwrap();
    });
}
