//! What the records of a generator will be like, from a sample of them.

use crate::plan::{Generator, Stream};
use crate::streams::{Appends, HashKeyRange, ShardId, hash_key};

use super::{GenerateError, Records};

/// How many records are looked at: enough that a share is known to about one in a hundred.
const RECORDS: usize = 10_000;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// The mean size of a record's data.
    pub bytes_per_record: f64,
    /// The shard that gets the most records.
    pub hottest: ShardId,
    /// Its share of the records, 0 to 1.
    pub hottest_share: f64,
}

/// Looks at the first records that a generator makes. The time of all of them is 0.
#[expect(clippy::cast_precision_loss, reason = "a sample is small")]
pub fn sample(generator: &Generator, stream: &Stream) -> Result<Sample, GenerateError> {
    let mut appends = Appends::new();
    Records::new(generator, stream, 0)?.fill(0, RECORDS, &mut appends);
    let ranges = HashKeyRange::split(stream.capacity.initial_shards());
    let mut counts = vec![0_usize; ranges.len()];
    for record in appends.iter() {
        let key = hash_key(record.partition_key);
        counts[ranges.partition_point(|range| range.end < key)] += 1;
    }
    let (hottest, most) =
        (0u32..).zip(counts).max_by_key(|(index, count)| (*count, u32::MAX - index)).unwrap_or((0, 0));
    Ok(Sample {
        bytes_per_record: appends.data_bytes() as f64 / RECORDS as f64,
        hottest: ShardId(hottest),
        hottest_share: most as f64 / RECORDS as f64,
    })
}
