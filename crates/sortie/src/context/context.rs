//! The context itself.

use super::cancel::{CancelCauseFn, CancelFn};
use super::error::ContextError;
use super::node::NodeRef;
use super::value::{Detached, Value};
use crate::chan::{Receiver, never};
use crate::park::wait_queue::Interrupt;
use crate::time::Instant;
use std::any::Any;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

/// What a piece of work is done for: whether it is still wanted, until when, and
/// values that belong to it.
///
/// A context is made from another one, and ends with it, or before. It is passed
/// down to whoever takes part in the work, by convention as the first argument.
/// Clones are the same context.
///
/// It [prints](fmt::Display) how it was made, as in Go.
///
/// # Examples
/// ```
/// use sortie::context::Context;
///
/// struct RequestId(u64);
///
/// let (context, _cancel) = Context::background().with_value(RequestId(7)).with_cancel();
/// assert_eq!(context.value::<RequestId>().unwrap().0, 7);
/// assert!(context.to_string().starts_with("context.Background.WithValue("));
/// ```
#[derive(Clone, Default)]
pub struct Context(Kind);

/// What made it.
#[derive(Clone, Default)]
enum Kind {
    #[default]
    Background,
    Todo,
    Node(NodeRef),
    Value(Arc<Value>),
    Detached(Arc<Detached>),
}

impl UnwindSafe for Context {}
impl RefUnwindSafe for Context {}

impl Context {
    /// The context that all others come from. It never ends.
    ///
    /// Go's `context.Background`.
    pub const fn background() -> Context {
        Context(Kind::Background)
    }

    /// As [`background`](Self::background), to tell readers that the context which
    /// belongs here is still to be passed down.
    ///
    /// Go's `context.TODO`.
    pub const fn todo() -> Context {
        Context(Kind::Todo)
    }

    /// Makes a context that ends when this one ends, or when it is cancelled.
    ///
    /// Go's `context.WithCancel`. Dropping the [`CancelFn`] cancels too: in Go one
    /// writes `defer cancel()`.
    ///
    /// # Examples
    /// ```
    /// use sortie::context::{Context, ContextError};
    ///
    /// let (context, cancel) = Context::background().with_cancel();
    /// let (child, _cancel_child) = context.with_cancel();
    /// assert_eq!(child.err(), None);
    /// cancel.cancel();
    /// assert_eq!(child.err(), Some(ContextError::Canceled));
    /// ```
    #[track_caller]
    pub fn with_cancel(&self) -> (Context, CancelFn) {
        let [node, other] = NodeRef::pair(self, Location::caller());
        (Context::of(node), CancelFn::new(other))
    }

    /// As [`with_cancel`](Self::with_cancel), where who cancels tells why.
    ///
    /// Go's `context.WithCancelCause`.
    ///
    /// # Examples
    /// ```
    /// use sortie::context::{Context, ContextError};
    ///
    /// let (context, cancel) = Context::background().with_cancel_cause();
    /// cancel.cancel("the client hung up");
    /// assert_eq!(context.err(), Some(ContextError::Canceled));
    /// assert_eq!(context.cause().unwrap().to_string(), "the client hung up");
    /// ```
    #[track_caller]
    pub fn with_cancel_cause(&self) -> (Context, CancelCauseFn) {
        let (context, cancel) = self.with_cancel();
        (context, CancelCauseFn::new(cancel))
    }

    /// Makes a context with a value, for code that it is passed to: facts about a
    /// request, say. There is one for each type; a new one hides that of an ancestor.
    ///
    /// Not meant for what could be an argument. Go's `context.WithValue`, where the
    /// key is the type.
    ///
    /// # Examples
    /// ```
    /// use sortie::context::Context;
    ///
    /// struct User(&'static str);
    ///
    /// let context = Context::background().with_value(User("gopher"));
    /// assert_eq!(context.value::<User>().unwrap().0, "gopher");
    /// assert!(context.value::<u64>().is_none());
    /// ```
    #[must_use = "this context stays as it is"]
    pub fn with_value<T: Any + Send + Sync>(&self, value: T) -> Context {
        Context(Kind::Value(Arc::new(Value::new(self, value))))
    }

    /// Makes a context with the values of this one that does not end when this one
    /// ends, and has no deadline.
    ///
    /// Go's `context.WithoutCancel`.
    ///
    /// # Examples
    /// ```
    /// use sortie::context::Context;
    ///
    /// let (context, cancel) = Context::background().with_value(7).with_cancel();
    /// let afterwards = context.without_cancel();
    /// cancel.cancel();
    /// assert_eq!(afterwards.err(), None);
    /// assert_eq!(*afterwards.value::<i32>().unwrap(), 7);
    /// ```
    #[must_use = "this context stays as it is"]
    pub fn without_cancel(&self) -> Context {
        let parent = self.clone();
        Context(Kind::Detached(Arc::new(Detached { parent })))
    }

    /// The value of a type: of this context, or of the nearest ancestor that has
    /// one. Looks at one after the other.
    ///
    /// Go's `ctx.Value(key)`.
    pub fn value<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.ancestors().find_map(|context| match &context.0 {
            Kind::Value(value) => value.get(),
            _ => None,
        })
    }

    /// A receiver whose channel is closed when the context ends, for `select!`.
    /// Nothing is ever sent. It, and its clones, cannot close the channel.
    ///
    /// Go's `ctx.Done()`. To wait for one thing with a context, use its `_ctx` form:
    /// [`recv_ctx`](Receiver::recv_ctx), for instance.
    ///
    /// # Examples
    /// ```
    /// use sortie::chan::{never, select};
    /// use sortie::context::Context;
    ///
    /// sortie::run(|| {
    ///     let (context, cancel) = Context::background().with_cancel();
    ///     sortie::go(move || cancel.cancel());
    ///     select! {
    ///         recv(never::<u32>()) -> _ => unreachable!("nobody sends"),
    ///         recv(context.done()) -> _ => println!("{}", context.err().unwrap()),
    ///     }
    /// });
    /// ```
    #[inline]
    pub fn done(&self) -> &Receiver<Infallible> {
        static NEVER: Receiver<Infallible> = never();
        self.node().map_or(&NEVER, |node| node.receiver())
    }

    /// Why it has ended, or `None` if it has not.
    ///
    /// Go's `ctx.Err()`. Once it says so [`done`](Self::done) is closed. As long as
    /// the context has not ended it costs a load.
    #[inline]
    pub fn err(&self) -> Option<ContextError> {
        self.node()?.error()
    }

    /// What it was ended with, if it has ended: the cause that was given where it,
    /// or the ancestor that it ended with, was cancelled, or otherwise its error.
    ///
    /// Go's `context.Cause(ctx)`.
    pub fn cause(&self) -> Option<Arc<dyn Error + Send + Sync>> {
        let node = self.node()?;
        let error = node.error()?;
        Some(node.cause().unwrap_or_else(|| Arc::new(error)))
    }

    /// When it ends by itself, if it is to: its own deadline, or that of an ancestor
    /// if that is earlier.
    ///
    /// Go's `ctx.Deadline()`.
    pub fn deadline(&self) -> Option<Instant> {
        self.node()?.deadline()
    }

    pub(super) fn of(node: NodeRef) -> Self {
        Context(Kind::Node(node))
    }

    /// What ends, or `None` if nothing can end it.
    #[inline]
    pub(super) fn node(&self) -> Option<&NodeRef> {
        match &self.0 {
            Kind::Node(node) => Some(node),
            Kind::Value(value) => value.node.as_ref(),
            Kind::Background | Kind::Todo | Kind::Detached(_) => None,
        }
    }

    /// To end waits with it; `None` if it can never end.
    #[inline]
    pub(crate) fn interrupt(&self) -> Option<&dyn Interrupt> {
        self.node().map(|node| &**node as &dyn Interrupt)
    }

    fn parent(&self) -> Option<&Context> {
        match &self.0 {
            Kind::Background | Kind::Todo => None,
            Kind::Node(node) => Some(&node.parent),
            Kind::Value(value) => Some(&value.parent),
            Kind::Detached(detached) => Some(&detached.parent),
        }
    }

    /// It, what it was made from, and so on.
    fn ancestors(&self) -> impl Iterator<Item = &Context> {
        std::iter::successors(Some(self), |context| context.parent())
    }

    /// Drops it and, one after the other, whatever ancestors have no other owner.
    pub(super) fn release(self) {
        let mut next = Some(self);
        while let Some(context) = next {
            next = match context.0 {
                Kind::Background | Kind::Todo => None,
                Kind::Node(node) => node.into_parent(),
                Kind::Value(value) => Arc::into_inner(value).map(Value::into_parent),
                Kind::Detached(detached) => Arc::into_inner(detached).map(Detached::into_parent),
            };
        }
    }
}

/// How it was made: `context.Background.WithCancel`, for instance.
impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<&Context> = self.ancestors().collect();
        for context in all.into_iter().rev() {
            match &context.0 {
                Kind::Background => f.write_str("context.Background")?,
                Kind::Todo => f.write_str("context.TODO")?,
                Kind::Value(value) => write!(f, ".WithValue({})", value.name)?,
                Kind::Detached(_) => f.write_str(".WithoutCancel")?,
                Kind::Node(node) => match node.own_deadline() {
                    None => f.write_str(".WithCancel")?,
                    Some(deadline) => {
                        let (now, late) = (Instant::now(), deadline.elapsed());
                        if deadline > now {
                            write!(f, ".WithDeadline({:?})", deadline - now)?;
                        } else {
                            write!(f, ".WithDeadline(-{late:?})")?;
                        }
                    }
                },
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
