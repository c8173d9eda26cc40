//! Go's test/chan/doubleselect.go: never are two cases of one select run.
//!
//! <https://github.com/golang/go/blob/master/test/chan/doubleselect.go>

use crate::procs::Procs;
use sortie::chan::{bounded, select};

#[test]
fn one_case_is_chosen_once() {
    const COUNT: usize = if cfg!(debug_assertions) {
        5_000
    } else {
        50_000
    };
    let _procs = Procs::set(2);
    sortie::run(|| {
        let (out, merged) = bounded(0);
        let senders = [(); 4].map(|()| {
            let (sender, receiver) = bounded(0);
            let out = out.clone();
            sortie::go(move || receiver.iter().try_for_each(|number| out.send(number)));
            sender
        });
        drop(out);
        sortie::go(move || {
            let [c1, c2, c3, c4] = senders;
            for i in 0..COUNT {
                select! {
                    send(c1, i) -> result => result.unwrap(),
                    send(c2, i) -> result => result.unwrap(),
                    send(c3, i) -> result => result.unwrap(),
                    send(c4, i) -> result => result.unwrap(),
                }
            }
        });
        let mut seen = vec![false; COUNT];
        for number in merged {
            assert!(!seen[number], "{number} came twice");
            seen[number] = true;
        }
        assert!(seen.into_iter().all(|seen| seen));
    });
}
