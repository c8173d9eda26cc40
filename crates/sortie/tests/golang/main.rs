//! Go's own tests, ported: what they check, in Rust. One file for each of Go's.
//! They are under a BSD-style licence, The Go Authors.

#[path = "../common/parked.rs"]
mod parked;
#[path = "../common/procs.rs"]
mod procs;

mod chan_stress_test;
mod chan_test;
mod chancap;
mod closedchan;
mod doubleselect;
mod fifo;
mod goroutines;
mod nonblock;
mod powser1;
mod proc_test;
mod select;
mod select2;
mod select3;
mod select4;
mod select5;
mod select6;
mod select7;
mod select8;
mod sieve1;
mod sieve2;
mod zerosize;
