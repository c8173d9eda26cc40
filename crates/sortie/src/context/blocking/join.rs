//! Joining with a context.

use super::super::context::Context;
use super::error::JoinContextError;
use crate::task::{JoinHandle, ScopedJoinHandle};
use std::panic::Location;
use std::thread;

impl<T> JoinHandle<T> {
    /// As [`join`](Self::join), until the context ends at most. The goroutine is not
    /// ended by that; give it the context, too.
    ///
    /// # Errors
    /// If the context has ended, even if the goroutine has as well. The error has the
    /// handle.
    ///
    /// # Examples
    /// ```
    /// use sortie::context::Context;
    ///
    /// sortie::run(|| {
    ///     let (context, cancel) = Context::background().with_cancel();
    ///     let mine = context.clone();
    ///     let worker = sortie::go(move || mine.done().recv().is_err());
    ///     sortie::go(move || cancel.cancel());
    ///     let error = worker.join_ctx(&context).unwrap_err();
    ///     assert!(error.into_handle().join().unwrap());
    /// });
    /// ```
    #[track_caller]
    pub fn join_ctx(
        self,
        context: &Context,
    ) -> Result<thread::Result<T>, JoinContextError<JoinHandle<T>>> {
        if let Err(error) = context.check() {
            let handle = self;
            return Err(JoinContextError { error, handle });
        }
        self.join_until(&context.until(), Location::caller())
            .map_err(|handle| {
                let error = context.ended();
                JoinContextError { error, handle }
            })
    }
}

impl<'scope, T> ScopedJoinHandle<'scope, T> {
    /// As [`join`](Self::join), until the context ends at most. The scope still waits
    /// for the goroutine, so give it the context, too.
    ///
    /// # Errors
    /// If the context has ended, even if the goroutine has as well. The error has the
    /// handle.
    #[track_caller]
    pub fn join_ctx(
        self,
        context: &Context,
    ) -> Result<thread::Result<T>, JoinContextError<ScopedJoinHandle<'scope, T>>> {
        if let Err(error) = context.check() {
            let handle = self;
            return Err(JoinContextError { error, handle });
        }
        self.join_until(&context.until(), Location::caller())
            .map_err(|handle| {
                let error = context.ended();
                JoinContextError { error, handle }
            })
    }
}
