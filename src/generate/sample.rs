//! What the records of a generator will be like, from a sample of them.

use std::collections::HashMap;

use crate::plan::capacity::{Sizes, Traffic};
use crate::plan::{Generator, Stream};
use crate::streams::{Appends, hash_key};
use crate::window::Micros;

use super::{GenerateError, Records, Schedule};

/// How many records are looked at: enough that a share is known to about one in a hundred.
const RECORDS: usize = 10_000;
/// How many of them are made at a time.
const BLOCK: usize = 100;
/// How many bytes are looked at, where records are so large that fewer of them have to do.
const BYTES: u64 = 1 << 26;
/// The last moment of a sample: ten years on, where records come too rarely for so many of them to come before.
const LAST: Micros = 315_360_000_000_000;

/// Looks at the first records that a generator makes, the first of them at 1970-01-01T00:00:00Z and each when it is due.
pub fn sample(generator: &Generator, stream: &Stream) -> Result<Traffic, GenerateError> {
    let mut records = Records::new(generator, stream, 0)?;
    let mut appends = Appends::new();
    let mut all = Sizes::default();
    let mut keys: HashMap<String, (u32, Sizes)> = HashMap::new();
    let mut schedule = Schedule::new(generator, 0, 0);
    let mut moments = Vec::new();
    for _ in 0..RECORDS / BLOCK {
        if all.bytes() >= BYTES {
            break;
        }
        moments.clear();
        schedule.take(LAST, BLOCK, &mut moments);
        appends.clear();
        records.fill(&moments, &mut appends);
        for record in appends.iter() {
            let (data, key) = (record.data.len(), record.partition_key.len());
            all.add(data, key);
            if !keys.contains_key(record.partition_key) {
                keys.insert(record.partition_key.to_owned(), <(u32, Sizes)>::default());
            }
            let (count, sizes) = keys.get_mut(record.partition_key).expect("it has just been put there");
            *count += 1;
            sizes.add(data, key);
        }
    }
    // A key that came once stands for more of its kind: where they lie is chance.
    let mut rest = Sizes::default();
    let mut again = Vec::new();
    for (key, (count, sizes)) in keys {
        if count > 1 {
            let hash = hash_key(&key);
            again.push((key, hash, sizes));
        } else {
            rest.join(sizes);
        }
    }
    // What is dropped never comes, and what is doubled comes twice.
    let faults = generator.faults.as_ref();
    let comes = faults.map_or(1.0, |faults| {
        (1.0 - faults.dropped) * (1.0 + faults.duplicates.map_or(0.0, |duplicates| duplicates.share))
    });
    Ok(Traffic::sampled((generator.rate.mean() * comes, generator.rate.peak() * comes), all, again.into_iter(), rest))
}
