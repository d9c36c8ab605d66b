//! `DescribeLimits`, `DescribeAccountSettings` and `UpdateAccountSettings`.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Api, Operation, Run,
    create_stream::{MOST_ON_DEMAND, MOST_SHARDS},
    error::{ApiError, Kind},
    known::HOUR,
    moment::Moment,
    text::Text,
    wire::Body,
};
use crate::streams::local::Commit;
use crate::streams::{LogError, Millis, now};

pub(super) const LIMITS: Operation = Operation { name: "DescribeLimits", run: Run::Whole(limits) };
pub(super) const DESCRIBE: Operation = Operation { name: "DescribeAccountSettings", run: Run::Whole(describe) };
pub(super) const UPDATE: Operation = Operation { name: "UpdateAccountSettings", run: Run::Whole(update) };

/// The key of the account's settings in the log's state. No stream's settings have it: theirs have a slash.
const KEY: &str = "kinesis-account";
/// How long a commitment lasts at the least (Kinesis API reference, `MinimumThroughputBillingCommitmentInput`: 24 hours).
const SHORTEST: Millis = 24 * HOUR;

/// A commitment to pay for a minimum of throughput.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Commitment {
    started: Millis,
    /// When it ends or has ended, where that is known.
    ends: Option<Millis>,
}

impl Commitment {
    fn holds(self, now: Millis) -> bool {
        self.ends.is_none_or(|ends| now < ends)
    }

    fn earliest_end(self) -> Millis {
        self.started.saturating_add(SHORTEST)
    }

    /// Returns what becomes of one, or of none, that is to hold or not from now on.
    fn changed(old: Option<Self>, holds: bool, now: Millis) -> Option<Self> {
        match (old.filter(|old| old.holds(now)), holds) {
            (Some(held), true) => Some(Self { ends: None, ..held }),
            (None, true) => Some(Self { started: now, ends: None }),
            (Some(held), false) => Some(Self { ends: Some(held.earliest_end().max(now)), ..held }),
            (None, false) => old,
        }
    }

    fn shown(this: Option<Self>, now: Millis) -> Shown {
        let status = match this {
            Some(Self { ends: None, .. }) => "ENABLED",
            Some(held) if held.holds(now) => "ENABLED_UNTIL_EARLIEST_ALLOWED_END",
            _ => "DISABLED",
        };
        Shown {
            status,
            started_at: this.map(|this| Moment(this.started)),
            ended_at: this.filter(|this| !this.holds(now)).and_then(|this| this.ends).map(Moment),
            earliest_allowed_end_at: this.filter(|this| this.holds(now)).map(|this| Moment(this.earliest_end())),
        }
    }
}

/// Such a commitment as answers show it.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Shown {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<Moment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    earliest_allowed_end_at: Option<Moment>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    minimum_throughput_billing_commitment: Shown,
}

fn stored(api: &Api) -> Result<Option<Commitment>, ApiError> {
    let Some(json) = api.log().state(KEY)? else { return Ok(None) };
    let read = serde_json::from_slice(&json).map_err(|error| LogError::Format {
        path: KEY.into(),
        what: format!("account settings that cannot be read ({error})"),
    });
    Ok(Some(read?))
}

/// Returns whether the account has committed to a minimum of throughput.
pub(super) fn is_committed(api: &Api) -> Result<bool, ApiError> {
    Ok(stored(api)?.is_some_and(|stored| stored.holds(now())))
}

/// Expects it to have.
pub(super) fn expect_committed(api: &Api) -> Result<(), ApiError> {
    if is_committed(api)? {
        return Ok(());
    }
    let message = "Warm throughput needs MinimumThroughputBillingCommitment, which is not enabled: UpdateAccountSettings \
                   enables it.";
    Err(ApiError::new(Kind::Validation, message))
}

/// Counts the open shards that the account has provided for, and its streams on demand.
pub(super) fn used(api: &Api) -> Result<(usize, usize), ApiError> {
    let (mut shards, mut on_demand) = (0, 0);
    for stream in api.each_stream() {
        let stream = stream?;
        if stream.is_on_demand() {
            on_demand += 1;
        } else {
            shards += stream.description.shards.len();
        }
    }
    Ok((shards, on_demand))
}

fn limits(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let _: IgnoredAny = body.parse()?;
    let (shards, on_demand) = used(api)?;
    body.answer(&json!({
        "ShardLimit": MOST_SHARDS,
        "OpenShardCount": shards,
        "OnDemandStreamCount": on_demand,
        "OnDemandStreamCountLimit": MOST_ON_DEMAND,
    }))
}

fn describe(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let _: IgnoredAny = body.parse()?;
    let minimum_throughput_billing_commitment = Commitment::shown(stored(api)?, now());
    body.answer(&Output { minimum_throughput_billing_commitment })
}

#[derive(Deserialize)]
struct Input<'a> {
    #[serde(borrow, rename = "MinimumThroughputBillingCommitment")]
    commitment: Option<Wanted<'a>>,
}

#[derive(Deserialize)]
struct Wanted<'a> {
    #[serde(borrow, rename = "Status")]
    status: Option<Text<'a>>,
}

fn update(api: &Api, body: Body<'_>) -> Result<Vec<u8>, ApiError> {
    let input: Input<'_> = body.parse()?;
    let mut checks = api.checks();
    let at = "minimumThroughputBillingCommitment";
    let status = match &input.commitment {
        None => checks.required(at, None),
        Some(commitment) => {
            let at = format!("{at}.status");
            let status = checks.required(&at, commitment.status.as_deref());
            if commitment.status.is_some() {
                checks.one_of(&at, status, &["ENABLED", "DISABLED"]);
            }
            status
        }
    };
    checks.finish()?;
    let (old, now) = (stored(api)?, now());
    let new = Commitment::changed(old, status == "ENABLED", now);
    if let Some(new) = new.filter(|_| new != old) {
        let json = serde_json::to_vec(&new).expect("numbers are JSON");
        api.log().commit(Commit { appends: Vec::new(), state: vec![(KEY, json)] })?;
    }
    body.answer(&Output { minimum_throughput_billing_commitment: Commitment::shown(new, now) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commitment_holds_for_a_day_at_the_least() {
        let status = |this, now| Commitment::shown(this, now).status;
        let begun = Commitment::changed(None, true, 1_000);
        assert_eq!(status(begun, 1_000), "ENABLED");
        assert_eq!(Commitment::changed(begun, true, 2_000), begun, "once is enough");
        let ending = Commitment::changed(begun, false, 2_000);
        assert_eq!(status(ending, 2_000), "ENABLED_UNTIL_EARLIEST_ALLOWED_END");
        assert_eq!(Commitment::changed(ending, true, 3_000), begun, "it goes on");
        assert_eq!(status(ending, 1_000 + SHORTEST), "DISABLED");
        assert_eq!(Commitment::shown(ending, 1_000 + SHORTEST).ended_at, Some(Moment(1_000 + SHORTEST)));
        let late = Commitment::changed(begun, false, 5_000 + SHORTEST);
        assert_eq!(status(late, 5_000 + SHORTEST), "DISABLED");
        assert_eq!(Commitment::changed(late, false, 6_000 + SHORTEST), late);
        assert_eq!(status(None, 0), "DISABLED");
    }
}
