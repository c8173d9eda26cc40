//! Wait groups, semaphores, error groups and single flights. What holds for everybody
//! is checked for each crew on 1, 2 and 8 processors, by `everywhere!`. Ports of Go's
//! tests are in files with the names of Go's.

#[path = "../common/parked.rs"]
mod parked;
#[path = "../common/procs.rs"]
mod procs;

#[macro_use]
mod crew;

mod err_group;
mod permits;
mod semaphore;
mod single_flight;
mod wait_group;

mod errgroup_test;
mod semaphore_test;
mod singleflight_test;
mod waitgroup_test;
