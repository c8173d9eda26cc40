//! What the `sortie` command is made of: reading traces, and telling about them.
//!
//! ```text
//!   file    bytes to events, each with its time         docs/trace-format.md
//!   model   events to lives: of goroutines, processors
//!   report  what there is to say about them
//!   windows what ran in parallel as far as one can see
//!   convert the same for ui.perfetto.dev
//!   tour    programs that show one thing each, run, traced and told about
//!   view    the same as a page to look at
//!   live    a running program, by its socket            docs/socket.md
//!   top     its figures as they change
//!   dump    its goroutines
//! ```

pub mod convert;
pub mod dump;
pub mod file;
pub mod live;
pub mod model;
pub mod report;
pub mod speedup;
pub mod top;
pub mod tour;
pub mod view;
pub mod windows;
