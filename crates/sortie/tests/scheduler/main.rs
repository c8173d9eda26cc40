//! What the scheduler promises. One file a subject.

#[path = "../common/procs.rs"]
mod procs;

mod blocking;
mod dump;
mod fairness;
mod join;
mod processors;
mod scope;
mod threads;
