//! Go's test/closedchan.go: closed channels, through every way to use them. Where
//! Go panics there is an error here.
//!
//! <https://github.com/golang/go/blob/master/test/closedchan.go>

use sortie::chan::{
    self, Receiver, RecvError, SendError, Sender, TryRecvError, TrySendError, bounded, select,
};

/// The ways to receive, and to send, without waiting for long.
type Receive = fn(&Receiver<i32>) -> Result<i32, RecvError>;
type Send = fn(&Sender<i32>, i32) -> Result<(), SendError<i32>>;

const RECEIVES: [Receive; 5] = [
    |receiver| receiver.recv(),
    |receiver| {
        receiver.try_recv().map_err(|error| {
            assert_eq!(error, TryRecvError::Disconnected);
            RecvError
        })
    },
    |receiver| select! { recv(receiver) -> message => message },
    |receiver| {
        select! {
            recv(receiver) -> message => message,
            recv(chan::never::<i32>()) -> message => message,
        }
    },
    |receiver| {
        let nil = chan::never::<i32>();
        select! {
            recv(receiver) -> message => message,
            recv(nil) -> message => message,
            default => panic!("a closed channel is ready"),
        }
    },
];

const SENDS: [Send; 4] = [
    |sender, message| sender.send(message),
    |sender, message| {
        sender.try_send(message).map_err(|error| {
            assert!(matches!(error, TrySendError::Disconnected(_)));
            SendError(error.into_inner())
        })
    },
    |sender, message| select! { send(sender, message) -> result => result },
    |sender, message| {
        select! {
            recv(chan::never::<i32>()) -> _ => unreachable!(),
            send(sender, message) -> result => result,
            default => panic!("a closed channel is ready"),
        }
    },
];

#[test]
fn every_operation_on_closed_channels() {
    for capacity in [0, 2] {
        for (receive, send) in RECEIVES
            .into_iter()
            .flat_map(|receive| SENDS.map(|send| (receive, send)))
        {
            let (sender, receiver) = bounded(capacity);
            for i in 0..capacity as i32 {
                sender.send(i).unwrap();
            }
            assert!(sender.close());
            for i in 0..capacity as i32 {
                assert_eq!(receive(&receiver), Ok(i));
            }
            for _ in 0..3 {
                assert_eq!(receive(&receiver), Err(RecvError));
                assert_eq!(send(&sender, 5), Err(SendError(5)));
                assert!(!sender.close());
                assert!(!receiver.close());
            }
            assert!(sender.is_closed() && receiver.is_closed());
        }
    }
}

#[test]
fn what_is_never_ready_is_not_closed() {
    let nil = chan::never::<i32>();
    assert!(!nil.close());
    assert!(!nil.is_closed());
    assert_eq!(nil.try_recv(), Err(TryRecvError::Empty));
}
