//! Pictures of the benchmarks' results, as SVG that reads on light and dark pages.

mod dots;
mod lines;
mod page;

pub use dots::{Dots, Mark};
pub use lines::{Lines, Panel};
