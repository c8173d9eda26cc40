//! Locks. What holds for everybody is checked for each crew on 1, 2 and 8 processors, by
//! `everywhere!`. Ports of Go's tests are in files with the names of Go's.

#[path = "../common/parked.rs"]
mod parked;
#[path = "../common/procs.rs"]
mod procs;

#[macro_use]
mod crew;

mod barrier;
mod condvar;
mod contexts;
mod dumps;
mod guards;
mod lazy_lock;
mod mutex;
mod once;
mod once_lock;
mod races;
mod rwlock;

mod cond_test;
mod mutex_test;
mod once_test;
mod rwmutex_test;
mod sema_test;
