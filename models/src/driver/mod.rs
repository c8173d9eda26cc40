//! Timers that do something, of which there are none in a model.

pub(crate) mod trigger {
    #[derive(Debug)]
    pub(crate) struct Trigger<A> {
        pub(crate) action: A,
    }
}
