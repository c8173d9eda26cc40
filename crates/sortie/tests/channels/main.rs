//! Channels and `select!`. One file a subject; what holds for every kind of
//! channel and everybody who uses it is checked for each, by `matrix!`.

#[path = "../common/parked.rs"]
mod parked;
#[path = "../common/procs.rs"]
mod procs;

mod counted;
#[macro_use]
mod crew;

mod basics;
mod batches;
mod closing;
mod crowds;
mod dumps;
mod fairness;
mod futures;
mod grammar;
mod history;
mod lanes;
mod mixed;
mod order;
mod ownership;
mod promises;
mod selecting;
mod sets;
mod timeouts;
mod ui;
