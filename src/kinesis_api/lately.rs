//! What may be done only so often within a day.

use serde::{Deserialize, Serialize};

use super::{
    ACCOUNT, Api,
    error::{ApiError, Kind},
    known::HOUR,
};
use crate::streams::{Millis, now};

/// How long it counts that something was done: AWS's rolling 24 hours.
const DAY: Millis = 24 * HOUR;

/// When something was done with a stream within the last day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Lately(Vec<Millis>);

impl Lately {
    /// Notes that it is done again; refuses what was done so often already. `what` goes on from "has been".
    pub(super) fn again(&mut self, api: &Api, stream: &str, most: usize, what: &str) -> Result<(), ApiError> {
        // Without limits nobody asks, and it would go on growing.
        if !api.limits() {
            return Ok(());
        }
        let now = now();
        self.0.retain(|at| (now - DAY..=now).contains(at));
        if self.0.len() >= most {
            let message = format!(
                "Stream {stream} under account {ACCOUNT} has been {what} {most} times within 24 hours, which is the most."
            );
            return Err(ApiError::new(Kind::LimitExceeded, message));
        }
        self.0.push(now);
        Ok(())
    }
}
