//! The clock that stamps arrivals: the only place in the crate that reads the wall clock for a log.

use std::time::{SystemTime, UNIX_EPOCH};

use super::Millis;

/// Returns the time of this machine, by which arrivals are stamped.
pub fn now() -> Millis {
    #[expect(clippy::disallowed_methods, reason = "this is that place")]
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}
