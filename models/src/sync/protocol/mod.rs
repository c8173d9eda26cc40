//! The models of locks. Their parts are visible in their folder only, so their models
//! are here too.

mod mutex;
mod once;
