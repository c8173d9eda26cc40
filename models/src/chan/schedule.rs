//! Channels of timers, of which there are none in a model.

use super::core::Core;
use super::errors::Refused;
use super::wait::Node;
use crate::base::instant::Instant;
use crate::driver::trigger::Trigger;
use crate::park::wait_queue::Until;
use std::convert::Infallible;
use std::panic::Location;

#[derive(Debug)]
pub(super) struct Schedule {
    pub(super) core: Core,
    nobody: Infallible,
}

impl Schedule {
    pub(super) fn has_message(&self) -> bool {
        match self.nobody {}
    }

    pub(super) fn version(&self) -> u64 {
        match self.nobody {}
    }
}

impl Trigger<Schedule> {
    pub(super) fn receive(
        &self,
        _until: &Until<'_>,
        _location: &'static Location<'static>,
    ) -> Result<Instant, Refused<()>> {
        match self.action.nobody {}
    }

    /// # Safety
    /// There is none to call it on.
    pub(super) unsafe fn enter(&self, _node: &Node) {
        match self.action.nobody {}
    }

    /// # Safety
    /// There is none to call it on.
    pub(super) unsafe fn leave(&self, _node: &Node) -> bool {
        match self.action.nobody {}
    }
}
