//! Guidance, with examples that run. There is nothing to call here.
//!
//! * [`channel_or_mutex`]: which of both is right for what.
//! * [`data_races`]: what a data race is, why it does not compile, and its three remedies.

pub mod channel_or_mutex;
pub mod data_races;
