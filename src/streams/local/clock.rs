//! The clock that stamps arrivals: the only place of this folder that reads the time.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::streams::Millis;

/// Returns the time of this machine.
pub(super) fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}
