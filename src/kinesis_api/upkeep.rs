//! What an endpoint does without being asked.

use std::future::Future;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::{Api, chaos::Trouble};
use crate::streams::{LogError, Shard, local::ReshardError};

/// How often records are removed that are older than their streams keep them.
const SWEEP: Duration = Duration::from_mins(1);
/// How long it is until shards are resharded that never are.
const NEVER: Duration = Duration::from_hours(24 * 365);

/// Keeps the streams of an endpoint no longer than they are told to, and reshards them where trouble is asked for, until
/// `stop` is done.
pub async fn upkeep(api: Api, stop: impl Future<Output = ()>) -> Result<(), LogError> {
    let mut stop = std::pin::pin!(stop);
    let mut sweep = interval(SWEEP);
    let mut reshard = interval(api.trouble().and_then(Trouble::reshard).unwrap_or(NEVER));
    for ticks in [&mut sweep, &mut reshard] {
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    }
    // The first tick comes at once.
    reshard.tick().await;
    loop {
        let api = api.clone();
        let done = tokio::select! {
            () = &mut stop => return Ok(()),
            _ = sweep.tick() => tokio::task::spawn_blocking(move || api.sweep()).await,
            _ = reshard.tick() => tokio::task::spawn_blocking(move || api.shake()).await,
        };
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
    }
}

impl Api {
    /// Removes what streams keep no longer.
    fn sweep(&self) -> Result<(), LogError> {
        for stream in self.each_stream() {
            match self.log().expire(&stream.description.name, stream.keeps_from()) {
                // It was removed meanwhile.
                Ok(()) | Err(LogError::UnknownStream { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Splits a shard of some stream, or merges two.
    fn shake(&self) -> Result<(), LogError> {
        let Some(trouble) = self.trouble() else { return Ok(()) };
        let streams: Vec<_> = self.each_stream().collect();
        let Some(stream) = streams.get(trouble.choose(streams.len())) else { return Ok(()) };
        let (name, shards) = (&stream.description.name, &stream.description.shards);
        let chosen = trouble.choose(shards.len());
        let merges = shards.len() > 1 && trouble.choose(2) == 1;
        let resharded = match (&shards[chosen], shards.get(chosen + 1)) {
            (one, Some(other)) if merges => self.log().merge_shards(name, one.id, other.id).map(drop),
            // A single key cannot be parted.
            (Shard { range, .. }, _) if range.start == range.end => Ok(()),
            (Shard { id, range, .. }, _) => {
                self.log().split_shard(name, *id, range.start + (range.end - range.start) / 2 + 1).map(drop)
            }
        };
        match resharded {
            Err(ReshardError::Log(error)) if !matches!(error, LogError::UnknownStream { .. }) => Err(error),
            // Somebody else was quicker, or the shard has but one key.
            _ => Ok(()),
        }
    }
}
