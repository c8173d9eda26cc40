//! A fiber is a thread to Rust, std and libc, whichever OS thread runs it.

#[path = "../common/process.rs"]
mod process;
#[path = "../common/threads.rs"]
mod threads;

mod destructors;
mod identity;
mod libc_state;
mod libraries;
mod variables;
