//! Trouble on purpose: what clients meet on AWS on a bad day.

use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{
    ACCOUNT,
    error::{ApiError, Kind},
};

/// How much trouble there is.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Chaos {
    /// The share of records and of reads that are refused for now.
    pub throttle: f64,
    /// The share of requests that fail on this side.
    pub error: f64,
    /// How long an answer waits, and by how much more or less.
    pub latency: Option<(Duration, Duration)>,
    /// How often a shard is split or two are merged.
    pub reshard: Option<Duration>,
}

/// How often shards can be split and merged at the most: each time makes the list of them longer.
const LEAST_RESHARD: Duration = Duration::from_millis(10);
/// The longest time that can be asked for; nobody waits for an answer that long.
const LONGEST: Duration = Duration::from_hours(24);

impl FromStr for Chaos {
    type Err = String;

    /// Reads such as `throttle=5%,error=1%,latency=20ms±10ms,reshard=30s`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut chaos = Self::default();
        let mut named = Vec::new();
        for part in text.split(',') {
            let (name, value) = part
                .split_once('=')
                .ok_or_else(|| format!("`{part}` is not like throttle=5%, error=1%, latency=20ms or reshard=30s"))?;
            let name = name.trim();
            if named.contains(&name) {
                return Err(format!("`{name}` is there twice"));
            }
            named.push(name);
            match name {
                "throttle" => chaos.throttle = share(value)?,
                "error" => chaos.error = share(value)?,
                "latency" => chaos.latency = Some(latency(value)?),
                "reshard" => {
                    let every = length(value)?;
                    if every < LEAST_RESHARD {
                        return Err(format!("`{text}` reshards more often than every 10ms"));
                    }
                    chaos.reshard = Some(every);
                }
                other => return Err(format!("`{other}` is none of throttle, error, latency, reshard")),
            }
        }
        Ok(chaos)
    }
}

fn share(text: &str) -> Result<f64, String> {
    let percent = text.trim().strip_suffix('%').and_then(|number| number.parse::<f64>().ok());
    let share = percent.map(|percent| percent / 100.0).filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| format!("`{text}` is no share such as 5%"))
}

fn length(text: &str) -> Result<Duration, String> {
    let length = humantime::parse_duration(text.trim()).ok();
    let length = length.filter(|length| !length.is_zero() && *length <= LONGEST);
    length.ok_or_else(|| format!("`{text}` is no length of time such as 30s, of a day at the most"))
}

fn latency(text: &str) -> Result<(Duration, Duration), String> {
    let (mean, spread) = text.split_once('±').or_else(|| text.split_once("+-")).unwrap_or((text, ""));
    let spread = if spread.is_empty() { Duration::ZERO } else { length(spread)? };
    let mean = length(mean)?;
    if spread > mean {
        return Err(format!("`{text}` would be less than nothing at times"));
    }
    Ok((mean, spread))
}

/// Trouble at work. Which requests meet it depends on the seed and on their order.
#[derive(Debug)]
pub(super) struct Trouble {
    chaos: Chaos,
    // Each is held for a draw. What comes with the time takes nothing from what comes with the requests.
    numbers: Mutex<ChaCha8Rng>,
    choices: Mutex<ChaCha8Rng>,
}

/// The operations that are refused where a shard has had enough.
const OF_SHARDS: &[&str] = &["GetRecords", "GetShardIterator", "PutRecord"];

impl Trouble {
    pub(super) fn new(chaos: Chaos, seed: u64) -> Self {
        let numbers = |stream| {
            let mut numbers = ChaCha8Rng::seed_from_u64(seed);
            numbers.set_stream(stream);
            Mutex::new(numbers)
        };
        Self { chaos, numbers: numbers(0), choices: numbers(1) }
    }

    fn draw<T>(&self, draw: impl FnOnce(&mut ChaCha8Rng) -> T) -> T {
        draw(&mut self.numbers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns how long the answer to a request waits.
    pub(super) fn latency(&self) -> Duration {
        let Some((mean, spread)) = self.chaos.latency else { return Duration::ZERO };
        if spread.is_zero() {
            return mean;
        }
        mean.saturating_sub(spread) + self.draw(|numbers| numbers.random_range(Duration::ZERO..=spread * 2))
    }

    /// Refuses a request, or lets it pass.
    pub(super) fn meet(&self, operation: &str) -> Result<(), ApiError> {
        if self.chaos.error > 0.0 && self.draw(|numbers| numbers.random_bool(self.chaos.error)) {
            return Err(ApiError::new(Kind::Internal, "Internal service failure, as --chaos asks for."));
        }
        if OF_SHARDS.contains(&operation) && self.throttles() {
            return Err(exceeded());
        }
        Ok(())
    }

    /// Returns the indexes of the records, of so many, that are refused.
    pub(super) fn refused(&self, records: usize) -> Vec<(usize, ApiError)> {
        if self.chaos.throttle == 0.0 {
            return Vec::new();
        }
        (0..records).filter(|_| self.throttles()).map(|index| (index, exceeded())).collect()
    }

    fn throttles(&self) -> bool {
        self.chaos.throttle > 0.0 && self.draw(|numbers| numbers.random_bool(self.chaos.throttle))
    }

    /// Returns how often a shard is split or two are merged.
    pub(super) fn reshard(&self) -> Option<Duration> {
        self.chaos.reshard
    }

    /// Chooses one of so many.
    pub(super) fn choose(&self, count: usize) -> usize {
        let mut choices = self.choices.lock().unwrap_or_else(PoisonError::into_inner);
        if count < 2 { 0 } else { choices.random_range(0..count) }
    }
}

fn exceeded() -> ApiError {
    let message = format!("Rate exceeded under account {ACCOUNT}, as --chaos asks for.");
    ApiError::new(Kind::ProvisionedThroughputExceeded, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_read_as_it_is_written() {
        let chaos: Chaos = "throttle=5%,error=1%,latency=20ms±10ms,reshard=30s".parse().unwrap();
        assert_eq!((chaos.throttle, chaos.error), (0.05, 0.01));
        assert_eq!(chaos.latency, Some((Duration::from_millis(20), Duration::from_millis(10))));
        assert_eq!(chaos.reshard, Some(Duration::from_secs(30)));
        assert_eq!("latency=5ms".parse::<Chaos>().unwrap().latency, Some((Duration::from_millis(5), Duration::ZERO)));
        for text in [
            "",
            "throttle",
            "throttle=5",
            "error=101%",
            "latency=1ms±2ms",
            "reshard=0s",
            "reshard=1ns",
            "latency=1000000h",
            "error=1%,error=2%",
            "noise=1%",
        ] {
            text.parse::<Chaos>().expect_err(text);
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_trouble() {
        let chaos = Chaos { throttle: 0.3, error: 0.1, ..Chaos::default() };
        let met = |seed| {
            let trouble = Trouble::new(chaos, seed);
            (0..100).map(|_| trouble.meet("PutRecord").map_err(|error| error.kind)).collect::<Vec<_>>()
        };
        assert_eq!(met(7), met(7));
        assert_ne!(met(7), met(8));
        let refused = Trouble::new(chaos, 1).refused(10_000).len();
        assert!((2_700..3_300).contains(&refused), "{refused}");
    }
}
