//! Go's test/chan/select.go: a select whose channels drop out one by one.
//!
//! <https://github.com/golang/go/blob/master/test/chan/select.go>
//!
//! Go evaluates the messages of all cases; here, as with crossbeam-channel, only
//! that of the case that was chosen.

use sortie::chan::{Sender, bounded, select};

struct Values {
    made: u32,
    shift: u32,
}

impl Values {
    fn make(&mut self) -> u32 {
        self.made += 1;
        1 << self.shift
    }

    /// Sends into each channel once, as long as there is room. How often it did.
    fn send(&mut self, a: Option<&Sender<u32>>, b: Option<&Sender<u32>>) -> u32 {
        // Never received from, and so never ready.
        let (nil, _receiver) = bounded(0);
        let (mut a, mut b) = (a.unwrap_or(&nil), b.unwrap_or(&nil));
        let mut sent = 0;
        loop {
            select! {
                send(a, self.make()) -> result => {
                    result.unwrap();
                    a = &nil;
                }
                send(b, self.make()) -> result => {
                    result.unwrap();
                    b = &nil;
                }
                default => return sent,
            }
            sent += 1;
            self.shift += 1;
        }
    }
}

#[test]
fn channels_that_drop_out() {
    let mut values = Values { made: 0, shift: 0 };
    let (a, a_receiver) = bounded(1);
    let (b, b_receiver) = bounded(1);
    assert_eq!(values.send(Some(&a), Some(&b)), 2);
    assert_eq!(a_receiver.recv().unwrap() | b_receiver.recv().unwrap(), 3);
    assert_eq!(values.send(Some(&a), None), 1);
    assert_eq!(values.made, 3);
    assert_eq!(a_receiver.recv(), Ok(4));
}
