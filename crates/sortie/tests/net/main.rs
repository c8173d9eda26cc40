//! Sockets. What holds for everybody is checked for goroutines and for plain threads, on
//! 1, 2 and 8 processors. Ports of Go's tests are in files with the names of Go's.

#[path = "../common/parked.rs"]
mod parked;
#[path = "../common/procs.rs"]
mod procs;

#[macro_use]
mod crew;

mod acceptors;
mod closing;
mod contexts;
mod conversions;
mod datagrams;
mod deadlines;
mod full;
mod handoff;
mod peers;
mod streams;
mod threads;

mod timeout_test;
mod unblock_test;
