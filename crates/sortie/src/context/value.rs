//! Contexts that are not nodes: with a value, or without the end of their parent.

use super::context::Context;
use super::node::NodeRef;
use std::any::{Any, TypeId, type_name};
use std::mem;
use std::sync::Arc;

/// A context with a value.
pub(super) struct Value {
    pub(super) parent: Context,
    /// What it ends with: the nearest above.
    pub(super) node: Option<NodeRef>,
    key: TypeId,
    /// The name of its type, for those who print the context.
    pub(super) name: &'static str,
    value: Arc<dyn Any + Send + Sync>,
}

impl Value {
    pub(super) fn new<T: Any + Send + Sync>(parent: &Context, value: T) -> Self {
        Value {
            parent: parent.clone(),
            node: parent.node().cloned(),
            key: TypeId::of::<T>(),
            name: type_name::<T>(),
            value: Arc::new(value),
        }
    }

    /// The value, if it is of this type.
    pub(super) fn get<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        if self.key == TypeId::of::<T>() {
            self.value.clone().downcast().ok()
        } else {
            None
        }
    }

    /// Drops all but the parent.
    pub(super) fn into_parent(mut self) -> Context {
        mem::take(&mut self.parent)
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        mem::take(&mut self.parent).release();
    }
}

/// A context that goes on when its parent ends.
pub(super) struct Detached {
    pub(super) parent: Context,
}

impl Detached {
    pub(super) fn into_parent(mut self) -> Context {
        mem::take(&mut self.parent)
    }
}

impl Drop for Detached {
    fn drop(&mut self) {
        mem::take(&mut self.parent).release();
    }
}
