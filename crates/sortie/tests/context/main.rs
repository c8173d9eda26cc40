//! Contexts.

mod tree;
