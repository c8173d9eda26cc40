//! The chapters: programs, and what to say about them.
//!
//! Each file here but `mod.rs`, and the lists of `parts`, is a whole program as a user would write it. It is
//! compiled as a module of its own, and its text is shown: what is shown is what runs.
//! Work that a program does between two calls of the runtime is far below ten
//! milliseconds; beyond that a goroutine would lose its P and run on without one.

mod parts;

use super::chapter::{Chapter, Part, Program};

/// Compiles a file of this folder.
macro_rules! programs {
    ($($name:ident)*) => {$(
        pub(super) mod $name {
            include!(concat!(stringify!($name), ".rs"));

            pub(in super::super) const PROGRAM: super::Program = super::Program {
                name: stringify!($name),
                source: include_str!(concat!(stringify!($name), ".rs")),
                main: || std::process::Termination::report(main()),
            };
        }
    )*

        /// All programs.
        pub(crate) const PROGRAMS: &[Program] = &[$($name::PROGRAM),*];
    };
}

programs! {
    amdahl atomics buffering channel_or_mutex channels closing concurrency contexts cpu_bound
    deadlock fan_out_fan_in gomaxprocs goroutines hand_off io_bound livelock lock_order
    lost_updates main_exits main_waits mutex parallelism pipeline producer_consumer race_fixes
    selecting starvation stealing wait_group web_server worker_pool
}

/// The whole tour.
pub const PARTS: &[Part] = parts::PARTS;

/// All chapters, in order.
pub fn all() -> impl Iterator<Item = &'static Chapter> {
    PARTS.iter().flat_map(|part| part.chapters)
}
