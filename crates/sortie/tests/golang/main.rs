//! Go's own tests, ported: what they check, in Rust. One file for each of Go's.

#[path = "../common/procs.rs"]
mod procs;

mod proc_test;
