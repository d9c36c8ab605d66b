//! What an endpoint does without being asked.

use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::{Api, chaos::Trouble};
use crate::streams::{LogError, Shard, local::ReshardError};

/// How often records are removed that are older than their streams keep them.
const SWEEP: Duration = Duration::from_mins(1);

/// Keeps the records of an endpoint's streams no longer than these are told to and its disk free of what was removed, and
/// reshards where trouble is asked for, until it is [closed](Api::close). `complain` is told of what could not be done; it is tried
/// again when it is time.
pub async fn upkeep(api: Api, complain: impl Fn(LogError)) {
    let mut closing = api.closing();
    let sweeping = async {
        let mut ticks = ticks(Instant::now(), SWEEP);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = api.something_was_removed() => {}
            }
            on_a_thread(&api, Api::sweep, &complain).await;
        }
    };
    let shaking = async {
        let Some(every) = api.trouble().and_then(Trouble::reshard) else { return std::future::pending().await };
        let mut ticks = ticks(Instant::now() + every, every);
        loop {
            ticks.tick().await;
            on_a_thread(&api, Api::shake, &complain).await;
        }
    };
    tokio::select! {
        _ = closing.wait_for(|closing| *closing) => {}
        () = sweeping => {}
        () = shaking => {}
    }
}

fn ticks(first: Instant, every: Duration) -> Interval {
    let mut ticks = interval_at(first, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

async fn on_a_thread(api: &Api, task: fn(&Api) -> Result<(), LogError>, complain: &impl Fn(LogError)) {
    let api = api.clone();
    let done = tokio::task::spawn_blocking(move || task(&api)).await;
    if let Err(error) = done.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic())) {
        complain(error);
    }
}

impl Api {
    /// Removes what streams keep no longer, and what is left of those that were removed. What cannot be done with one keeps
    /// nothing from the others.
    fn sweep(&self) -> Result<(), LogError> {
        let mut done = Ok(());
        for name in self.log().stream_names().into_iter().filter(|_| self.expires()) {
            let known = self.known(&name);
            match known.and_then(|stream| self.log().expire(&name, stream.keeps_from())) {
                // It was removed meanwhile.
                Ok(()) | Err(LogError::UnknownStream { .. }) => {}
                Err(error) => done = Err(error),
            }
        }
        self.log().tend()?;
        done
    }

    /// Splits a shard of some stream, or merges two.
    fn shake(&self) -> Result<(), LogError> {
        let Some(trouble) = self.trouble() else { return Ok(()) };
        let streams: Vec<_> = self.each_stream().filter_map(Result::ok).collect();
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
