//! When generated records come, as the command line says.

use std::time::Duration;

use chrono::DateTime;

use crate::generate::Pacing;
use crate::streams::{Millis, now};
use crate::window::Micros;

/// Microseconds in a millisecond.
const MILLI: Micros = 1_000;
/// The last moment at which records can begin: 9000-01-01, so that years have four digits.
const LAST_START: Millis = 221_845_392_000_000;
/// How much slower and faster than the wall's a generator's time may pass: a second may take a quarter of an hour, and 11 days
/// a second.
const SPEEDS: std::ops::RangeInclusive<f64> = 0.001..=1e6;

/// When generated records come.
#[derive(Debug, Default, clap::Args)]
pub(super) struct PacingArgs {
    /// When the first generated record is due: a time such as 2026-01-01T00:00:00Z, or so long ago, such as -1h; now if not
    /// given. Records from there to now come at once, the others when they are due
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = moment)]
    start: Option<Millis>,

    /// Let the generators' time pass so many times as fast, such as 60x, from --start on
    #[arg(long, value_name = "FACTOR", value_parser = speed)]
    speedup: Option<f64>,
}

impl PacingArgs {
    /// Returns when the records come that these arguments ask for: at most so many, and for so long.
    pub(super) fn pacing(&self, records: Option<u64>, duration: Option<Duration>) -> Pacing {
        let start = self.start.map(|start| start.saturating_mul(MILLI));
        Pacing { records, start, speed: self.speedup, duration }
    }
}

/// Reads `--start`.
fn moment(text: &str) -> Result<Millis, String> {
    let ago = text.strip_prefix('-').and_then(|length| humantime::parse_duration(length).ok());
    let moment = match ago {
        Some(ago) => Millis::try_from(ago.as_millis()).ok().map(|ago| now() - ago),
        None => DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.timestamp_millis()),
    };
    moment.filter(|moment| (0..=LAST_START).contains(moment)).ok_or_else(|| {
        "expected a time from 1970 to 9000, such as 2026-01-01T00:00:00Z, or so long ago, such as -1h".to_owned()
    })
}

/// Reads a factor such as `60x`.
pub(super) fn speed(text: &str) -> Result<f64, String> {
    let read = text.strip_suffix('x').unwrap_or(text).parse().ok();
    read.filter(|speed| SPEEDS.contains(speed))
        .ok_or_else(|| "expected a factor from 0.001 to 1000000, such as 60x".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_a_time_or_so_long_ago() {
        assert_eq!(moment("2026-01-01T00:00:00Z"), Ok(1_767_225_600_000));
        let ago = now() - moment("-1h").expect("an hour ago");
        assert!((3_600_000..3_660_000).contains(&ago));
        for text in ["", "1h", "-", "2026-01-01", "-9999y", "9001-01-01T00:00:00Z"] {
            moment(text).expect_err(text);
        }
    }

    #[test]
    fn a_speed_is_a_factor() {
        assert_eq!(speed("60x"), Ok(60.0));
        assert_eq!(speed("0.5"), Ok(0.5));
        for text in ["", "x", "0", "-1", "NaN", "inf", "2000000x"] {
            speed(text).expect_err(text);
        }
    }
}
