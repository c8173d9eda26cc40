//! Contexts: trees of them, what they carry, and what they end.

#[path = "../common/parked.rs"]
mod parked;
#[path = "../common/procs.rs"]
mod procs;

mod afterfunc_test;
mod allocations;
mod channels;
mod deadlines;
mod functions;
mod leaks;
mod races;
mod tree;
mod values;
mod waits;
mod x_test;
