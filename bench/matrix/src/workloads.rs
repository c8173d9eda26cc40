//! The workloads of crossbeam-channel's own benchmark matrix, once for each
//! library: the text is the same, only the library's name differs.

/// How many threads there are on a side that has several.
pub(crate) const THREADS: usize = 4;

/// A channel: its capacity, or none for unbounded.
pub(crate) type Capacity = Option<usize>;

macro_rules! workloads {
    ($name:ident, $($library:tt)*) => {
        pub(crate) mod $name {
            use super::{Capacity, THREADS};
            use $($library)*::{Receiver, Select, Sender, bounded, unbounded};
            use std::thread;

            fn make(capacity: Capacity) -> (Sender<usize>, Receiver<usize>) {
                capacity.map_or_else(unbounded, bounded)
            }

            /// Fills the channel, then empties it, on one thread.
            pub(crate) fn seq(capacity: Capacity, messages: usize) {
                let (sender, receiver) = make(capacity);
                let batch = capacity.unwrap_or(messages).min(messages);
                for _ in 0..messages / batch {
                    for i in 0..batch {
                        sender.send(i).unwrap();
                    }
                    for _ in 0..batch {
                        receiver.recv().unwrap();
                    }
                }
            }

            /// So many senders and receivers, on one channel.
            fn many(capacity: Capacity, messages: usize, senders: usize, receivers: usize) {
                let (sender, receiver) = make(capacity);
                thread::scope(|scope| {
                    for _ in 0..senders {
                        scope.spawn(|| {
                            for i in 0..messages / senders {
                                sender.send(i).unwrap();
                            }
                        });
                    }
                    for _ in 0..receivers {
                        scope.spawn(|| {
                            for _ in 0..messages / receivers {
                                receiver.recv().unwrap();
                            }
                        });
                    }
                });
            }

            pub(crate) fn spsc(capacity: Capacity, messages: usize) {
                many(capacity, messages, 1, 1);
            }

            pub(crate) fn mpsc(capacity: Capacity, messages: usize) {
                many(capacity, messages, THREADS, 1);
            }

            pub(crate) fn mpmc(capacity: Capacity, messages: usize) {
                many(capacity, messages, THREADS, THREADS);
            }

            /// Each sender has a channel of its own; one receiver selects.
            pub(crate) fn select_rx(capacity: Capacity, messages: usize) {
                let channels: Vec<_> = (0..THREADS).map(|_| make(capacity)).collect();
                thread::scope(|scope| {
                    for (sender, _) in &channels {
                        scope.spawn(move || {
                            for i in 0..messages / THREADS {
                                sender.send(i).unwrap();
                            }
                        });
                    }
                    for _ in 0..messages {
                        let mut select = Select::new();
                        for (_, receiver) in &channels {
                            select.recv(receiver);
                        }
                        let case = select.select();
                        let index = case.index();
                        case.recv(&channels[index].1).unwrap();
                    }
                });
            }

            /// Senders and receivers select among all channels.
            pub(crate) fn select_both(capacity: Capacity, messages: usize) {
                let channels: Vec<_> = (0..THREADS).map(|_| make(capacity)).collect();
                thread::scope(|scope| {
                    for _ in 0..THREADS {
                        scope.spawn(|| {
                            for i in 0..messages / THREADS {
                                let mut select = Select::new();
                                for (sender, _) in &channels {
                                    select.send(sender);
                                }
                                let case = select.select();
                                let index = case.index();
                                case.send(&channels[index].0, i).unwrap();
                            }
                        });
                        scope.spawn(|| {
                            for _ in 0..messages / THREADS {
                                let mut select = Select::new();
                                for (_, receiver) in &channels {
                                    select.recv(receiver);
                                }
                                let case = select.select();
                                let index = case.index();
                                case.recv(&channels[index].1).unwrap();
                            }
                        });
                    }
                });
            }
        }
    };
}

workloads!(ours, sortie::chan);
workloads!(crossbeam, crossbeam_channel);
