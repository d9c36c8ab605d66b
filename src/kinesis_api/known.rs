//! What is known of one stream: its shards, what it was told, and how it stands.

use std::sync::Arc;

use super::{
    ACCOUNT, Api,
    changes::Status,
    error::{ApiError, Kind},
    moment::Moment,
    settings::Settings,
};
use crate::streams::{Millis, StreamDescription, local::ListedShard, now};

/// Milliseconds in an hour.
pub(super) const HOUR: Millis = 3_600_000;

/// What is known of one stream.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) description: StreamDescription,
    pub(super) settings: Arc<Settings>,
    pub(super) status: Status,
    /// Whether it keeps records no longer than it is told to.
    pub(super) expires: bool,
}

impl Known {
    /// Returns whether it has as many shards as the traffic asks for.
    pub(super) fn is_on_demand(&self) -> bool {
        self.settings.is_on_demand(self.description.capacity)
    }

    /// Expects it to be the one that was made at that moment, in whole seconds, where that is given.
    pub(super) fn expect_created(&self, at: Option<Moment>) -> Result<(), ApiError> {
        let (name, created) = (&self.description.name, self.description.created);
        match at {
            Some(Moment(at)) if at.div_euclid(1000) != created.div_euclid(1000) => {
                let message = format!(
                    "Stream {name} under account {ACCOUNT} not found: the one that there is was made at another time."
                );
                Err(ApiError::new(Kind::ResourceNotFound, message))
            }
            _ => Ok(()),
        }
    }

    /// Says that something is being done with it.
    pub(super) fn not_active(&self) -> ApiError {
        let (name, status) = (&self.description.name, self.status.word());
        let message = format!("Stream {name} under account {ACCOUNT} not ACTIVE, instead in state {status}");
        ApiError::new(Kind::ResourceInUse, message)
    }

    /// Returns the moment from which on it keeps records: those too that arrived elsewhere before it was made.
    pub(super) fn keeps_from(&self) -> Millis {
        if self.expires { now() - self.settings.retention_hours * HOUR } else { Millis::MIN }
    }

    /// Returns the moment from which on it can have had records of its own.
    pub(super) fn horizon(&self) -> Millis {
        self.keeps_from().max(self.description.created)
    }

    /// Lists its shards: none while it is being made.
    pub(super) fn listed(&self, api: &Api) -> Result<Vec<ListedShard>, ApiError> {
        match self.status {
            Status::Creating | Status::Deleting => Ok(Vec::new()),
            Status::Active | Status::Updating => Ok(api.log().all_shards(&self.description.name)?),
        }
    }
}
