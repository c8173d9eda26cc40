//! Contexts, which no model has: what is modelled is only compiled with them.

#[derive(Debug)]
pub(crate) struct Context;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ContextError;

impl Context {
    pub(crate) fn err(&self) -> Option<ContextError> {
        unreachable!("no model has contexts")
    }
}
