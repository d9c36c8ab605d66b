//! Streams and consumers on their way from one state to the next.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How a stream stands, as answers say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Creating,
    Deleting,
    Active,
    Updating,
}

impl Status {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Creating => "CREATING",
            Self::Deleting => "DELETING",
            Self::Active => "ACTIVE",
            Self::Updating => "UPDATING",
        }
    }
}

/// Streams and consumers that are being made, changed or removed. What is asked for has been done by then: others see it a
/// little later, as they do on AWS. A process that ends leaves nothing on its way.
#[derive(Debug)]
pub(super) struct Changes {
    delay: Duration,
    // Held for a look.
    under_way: Mutex<BTreeMap<String, (Status, Instant)>>,
}

impl Changes {
    /// Every change takes so long.
    pub(super) fn taking(delay: Duration) -> Self {
        Self { delay, under_way: Mutex::default() }
    }

    /// Begins with a change. `what` is a stream's name, or a consumer's ARN.
    pub(super) fn begin(&self, what: &str, status: Status) {
        if !self.delay.is_zero() {
            let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            under_way.retain(|_, (_, ends)| *ends > now);
            under_way.insert(what.to_owned(), (status, now + self.delay));
        }
    }

    /// Returns how something stands that is there or has been.
    pub(super) fn status(&self, what: &str) -> Status {
        let under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.get(what).filter(|(_, ends)| *ends > Instant::now()).map_or(Status::Active, |(status, _)| *status)
    }
}
