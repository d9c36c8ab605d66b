//! How long to wait before something is tried again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::LogError;

/// How long to wait before something is asked again: at first, and at the most.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Pauses between attempts: each twice the one before, up to a longest, and shortened by up to a half as chance has it,
/// so that many who were refused together do not come back together.
#[derive(Debug, Clone)]
pub struct Backoff {
    pause: Duration,
    longest: Duration,
}

impl Backoff {
    /// Begins with the shortest pause.
    pub fn new(first: Duration, longest: Duration) -> Self {
        Self { pause: first, longest }
    }

    /// Returns the next pause.
    pub fn next_pause(&mut self) -> Duration {
        let whole = self.pause;
        self.pause = (whole * 2).min(self.longest);
        // Every hasher of this kind has keys of its own, which is chance enough here.
        let chance = u32::try_from(RandomState::new().hash_one(0) >> 32).unwrap_or_default();
        (whole / 2).mul_f64(1.0 + f64::from(chance) / f64::from(u32::MAX))
    }
}

/// Asks again while that fails in a way which passes, as long as `patience` lasts.
pub async fn bear<T, F: Future<Output = Result<T, LogError>>>(
    patience: Duration,
    ask: impl Fn() -> F,
) -> Result<T, LogError> {
    let (begun, mut backoff) = (Instant::now(), Backoff::new(FIRST_PAUSE, LONGEST_PAUSE));
    loop {
        match ask().await {
            Err(LogError::Endpoint { retryable: true, .. }) if begun.elapsed() < patience => {
                sleep(backoff.next_pause()).await;
            }
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_longest_and_differ() {
        let pauses = || {
            let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(3));
            (0..8).map(|_| backoff.next_pause()).collect::<Vec<_>>()
        };
        let wholes = [100, 200, 400, 800, 1600, 3000, 3000, 3000].map(Duration::from_millis);
        for (pause, whole) in pauses().into_iter().zip(wholes) {
            assert!((whole / 2..=whole).contains(&pause), "{pause:?} of {whole:?}");
        }
        assert_ne!(pauses(), pauses());
    }
}
