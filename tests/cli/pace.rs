//! The generator at work in the whole command.

use super::{harness::Place, up::PIPELINE};

/// Without the first and the last part of a second: what lies between arrived in a time that is known.
#[test]
fn the_rate_is_held_within_two_percent() {
    let place = Place::new(&PIPELINE.replace("500/s", "5000/s"));
    place.output(&["up", "--for", "5s"]);
    let arrivals: Vec<i64> = place.stored("probe", "events").iter().map(|record| record.arrival).collect();
    let (first, last) = (arrivals[0], *arrivals.last().unwrap());
    assert!(last - first > 4000, "{first} to {last}");
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let rate = (arrivals.len() - 1) as f64 * 1000.0 / (last - first) as f64;
    assert!((4900.0..5100.0).contains(&rate), "{rate} records a second");
}
