//! The forms in which a `select!` may be written, and its values and control flow.

use sortie::chan::{
    self, Receiver, RecvError, SendError, Sender, bounded, never, select, select_biased, unbounded,
};
use std::cell::{Cell, RefCell};
use std::time::Duration;

fn one(message: i32) -> (Sender<i32>, Receiver<i32>) {
    let (sender, receiver) = bounded(1);
    sender.send(message).unwrap();
    (sender, receiver)
}

#[test]
fn commas_and_blocks() {
    let (_s, r) = one(1);
    let (s, _kept) = unbounded();
    let nil = never::<i32>();
    // A block needs no comma, and may have one; what is not a block needs one, but
    // for the last.
    select! { recv(nil) -> _ => {} recv(nil) -> _ => {} default => {} }
    select! { recv(nil) -> _ => {}, recv(nil) -> _ => {}, default => {}, }
    select! { recv(nil) -> _ => (), recv(nil) -> _ => (), default => () }
    select! { recv(nil) -> _ => (), recv(nil) -> _ => {} default => (), }
    select! { recv(nil,) -> _ => (), send(s, 1,) -> result => result.unwrap(), }
    // The first, a middle and the last may be `default`.
    select! { default => {} recv(nil) -> _ => {} }
    select! { recv(nil) -> _ => {} default() => {} recv(nil) -> _ => {} }
    select! { default(Duration::ZERO) => (), recv(nil) -> _ => (), recv(nil) -> _ => () }
    select! { recv(nil) -> _ => (), default(Duration::ZERO,) => () }
    select! { default => {} }
    select! { default(Duration::ZERO) => () }
    // Bodies that are expressions of several tokens.
    let value = select! {
        recv(r) -> message => match message { Ok(i) if i > 0 => i * 2, _ => 0 },
        recv(nil) -> _ => if true { 1 } else { 2 },
    };
    assert_eq!(value, 2);
    let value = select! {
        recv(nil) -> _ => 0,
        default => 1 + { 2 },
    };
    assert_eq!(value, 3);
}

#[test]
fn patterns() {
    let (s, r) = bounded::<(i32, String)>(1);
    s.send((1, "a".to_owned())).unwrap();
    select! {
        recv(r) -> mut message => {
            message.as_mut().unwrap().0 += 1;
            assert_eq!(message, Ok((2, "a".to_owned())));
        }
        recv(never::<()>()) -> _ => unreachable!(),
    }
    select! {
        send(s, (3, "b".to_owned())) -> (Ok(()) | Err(SendError(_))) => {}
    }
    select! {
        recv(r) -> (Ok(_) | Err::<_, RecvError>(_)) => {}
        default => unreachable!(),
    }
}

#[test]
fn values() {
    let (_s, r) = one(5);
    let value: Result<i32, RecvError> = select! { recv(r) -> message => message };
    assert_eq!(value, Ok(5));
    let text = select! {
        recv(r) -> _ => String::from("message"),
        default => String::from("none"),
    };
    assert_eq!(text, "none");
    assert!(
        select! { recv(r) -> _ => Some(()), default(Duration::from_millis(1)) => None }.is_none()
    );
    fn last(r: &Receiver<i32>) -> i32 {
        select! {
            recv(r) -> _ => 1,
            default => -1,
        }
    }
    assert_eq!(last(&r), -1);
}

#[test]
fn control_flow() {
    let (s, r) = unbounded();
    let nil = never::<i32>();
    s.send_many(&mut (0..10).collect()).unwrap();
    let mut seen = Vec::new();
    'outer: loop {
        loop {
            select! {
                recv(r) -> message => match message.unwrap() {
                    1 => continue,
                    3 => continue 'outer,
                    5 => break,
                    7 => break 'outer,
                    other => seen.push(other),
                },
                recv(nil) -> _ => unreachable!(),
            }
        }
        seen.push(100);
    }
    assert_eq!(seen, [0, 2, 4, 100, 6]);

    fn question(r: &Receiver<i32>, other: &Receiver<i32>) -> Result<i32, RecvError> {
        loop {
            select! {
                recv(r) -> message => if message? == 9 { return Ok(9) },
                recv(other) -> message => return message,
            }
        }
    }
    assert_eq!(question(&r, &nil), Ok(9));
    drop(s);
    assert_eq!(question(&r, &nil), Err(RecvError));
    let from_block = 'block: {
        select! {
            recv(r) -> _ => break 'block 1,
            default => {}
        }
        2
    };
    assert_eq!(from_block, 1);
}

#[test]
fn halves_by_value_reference_and_expression() {
    struct Both {
        s: Sender<i32>,
        r: Receiver<i32>,
    }
    let make = || {
        let (s, r) = one(1);
        Both { s, r }
    };
    let both = make();
    let list = [make(), make()];
    let boxed = Box::new(make());
    let shared = RefCell::new(make());
    select! { recv(both.r) -> message => assert_eq!(message, Ok(1)), recv(&nil()) -> _ => unreachable!() }
    select! { recv(&&list[0].r) -> message => assert_eq!(message, Ok(1)), recv(nil()) -> _ => {} }
    select! { recv(boxed.r) -> message => assert_eq!(message, Ok(1)), recv(nil()) -> _ => {} }
    // Guards and other temporaries live until the end.
    select! { recv(shared.borrow().r) -> m => assert_eq!(m, Ok(1)), recv(nil()) -> _ => {} }
    select! { recv(one(3).1) -> message => assert_eq!(message, Ok(3)), recv(nil()) -> _ => {} }
    select! { send(both.s, 4) -> result => result.unwrap(), send(&list[1].s, 4) -> _ => panic!() }
    select! { send(shared.borrow().s.clone(), 5) -> r => r.unwrap(), recv(nil()) -> _ => {} }
    assert_eq!((both.r.recv(), shared.borrow().r.recv()), (Ok(4), Ok(5)));
    fn nil() -> Receiver<u8> {
        never()
    }
    // The halves are free again in the body.
    let mut receiver = make().r;
    select! {
        recv(receiver) -> message => { assert_eq!(message, Ok(1)); receiver = never(); }
        recv(nil()) -> _ => {}
    }
    assert!(receiver.try_recv().is_err());
}

#[test]
fn expressions_are_evaluated_once_and_in_order() {
    let log = RefCell::new(Vec::new());
    let (s, r) = unbounded();
    let (full, _receiver) = bounded::<&str>(0);
    let note = |name| log.borrow_mut().push(name);
    for _ in 0..20 {
        log.borrow_mut().clear();
        select! {
            recv({ note("a"); never::<()>() }) -> _ => unreachable!(),
            send({ note("b"); &full }, { note("not chosen"); "" }) -> _ => unreachable!(),
            send({ note("c"); &s }, { note("message"); "x" }) -> result => {
                result.unwrap();
                note("body");
            }
            recv({ note("d"); never::<()>() }) -> _ => unreachable!(),
            default({ note("e"); Duration::from_secs(1000) }) => unreachable!(),
        }
        assert_eq!(*log.borrow(), ["a", "b", "c", "d", "e", "message", "body"]);
        assert_eq!(r.recv(), Ok("x"));
    }
}

#[test]
fn messages_that_are_moved_in() {
    let (s1, r1) = bounded(1);
    let (s2, _r2) = bounded(0);
    let message = String::from("moved");
    let other = vec![1];
    select! {
        send(s1, message) -> result => result.unwrap(),
        send(s2, other) -> result => result.unwrap(),
    }
    assert_eq!(r1.recv().unwrap(), "moved");
}

#[test]
fn names_do_not_get_in_the_way() {
    // Names that the macro might use itself.
    let (operation, cases) = one(1);
    let (half_0, outcome) = one(2);
    let receiver = 3;
    let result = select! {
        recv(cases) -> outcome => outcome.unwrap() + receiver,
        send(half_0, 7) -> _ => unreachable!("it is full"),
    };
    assert_eq!(result, 4);
    select! { recv(outcome) -> receiver => assert_eq!(receiver, Ok(2)), default => panic!() }
    drop(operation);
    #[expect(non_camel_case_types, reason = "on purpose")]
    type recv = i32;
    let send: recv = 1;
    let default = Cell::new(send);
    select! { default => default.set(2) }
    assert_eq!(default.get(), 2);
}

#[test]
fn one_in_the_other() {
    let (s1, r1) = one(1);
    let (_s2, r2) = one(2);
    let sum = select! {
        recv(r1) -> first => select_biased! {
            recv(r1) -> _ => unreachable!(),
            recv(r2) -> second => first.unwrap() + second.unwrap(),
            default => unreachable!(),
        },
        send(s1, 9) -> _ => unreachable!(),
    };
    assert_eq!(sum, 3);
    // In the message of a case.
    select! { send(s1, select! { default => 4 }) -> result => result.unwrap() }
    assert_eq!(r1.recv(), Ok(4));
}

#[test]
fn by_any_path() {
    let (_s, r) = one(1);
    sortie::select! { recv(r) -> message => assert_eq!(message, Ok(1)), default => panic!() }
    sortie::chan::select! { recv(r) -> _ => panic!(), default => {} }
    chan::select_biased! { recv(r) -> _ => panic!(), default => {} }
    sortie::select_biased! { recv(r) -> _ => panic!(), default => {} }
    chan::select!(recv(r) -> _ => panic!(), default => {});
    chan::select![recv(r) -> _ => panic!(), default => {}];
}
