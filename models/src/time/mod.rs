//! Time, of which models have the points only.

pub(crate) use crate::base::instant::Instant;
