//! A goroutine is a thread to Rust, std and libc: everything that would go wrong
//! if it were not.
//!
//! One file a promise. Goroutines here are made to move between OS threads, and
//! each test makes sure that they did.

#[path = "../common/procs.rs"]
mod procs;

mod common;

mod allocation;
mod destructors;
mod identity;
mod libraries;
mod os;
mod panics;
mod thread_locals;
mod ui;
