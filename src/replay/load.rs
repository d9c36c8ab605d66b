//! The records of a file in a stream of a pipeline on this machine, as if they had come to it.

use std::io::BufRead;

use crate::deploy::local::open_streams;
use crate::plan::Plan;
use crate::streams::local::Durability;
use crate::streams::{Appends, Millis};

use super::{Arrivals, ReplayError};

/// How many records are committed at a time.
const BATCH: usize = 4096;

/// Puts records into a stream with the moments at which they arrived; returns how many. The pipeline must not run, and its
/// stream must not have later records.
pub async fn load<R: BufRead>(plan: &Plan, stream: &str, arrivals: Arrivals<'_, R>) -> Result<u64, ReplayError> {
    let log = open_streams(plan, Durability::Process).await?;
    let last = log.stats(stream).map_err(crate::deploy::DeployError::from)?.last_arrival;
    let (mut together, mut moment, mut count) = (Appends::new(), Millis::MIN, 0);
    let append = |together: &mut Appends, moment: Millis| {
        if !together.is_empty() {
            log.append_arrived(stream, moment, together).map_err(crate::deploy::DeployError::from)?;
            together.clear();
        }
        Ok::<(), ReplayError>(())
    };
    for record in arrivals {
        let record = record?;
        if count == 0 && last.is_some_and(|last| last > record.arrival) {
            return Err(ReplayError::Later { stream: stream.to_owned() });
        }
        if record.arrival > moment || together.len() >= BATCH {
            append(&mut together, moment)?;
            moment = record.arrival;
        }
        together.push(&record.partition_key, &record.data);
        count += 1;
    }
    append(&mut together, moment)?;
    Ok(count)
}
