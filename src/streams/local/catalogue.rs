//! Which streams there are, as JSON in the database.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    read,
    shard::{LocalShard, Stream},
    storage::Storage,
};
use crate::streams::{Capacity, HashKeyRange, LogError, Millis, now};

const COUNTER_KEY: &str = "streams-made";
const STREAM_PREFIX: &str = "stream/";

/// What the streams made so far have used up.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Counter {
    /// The id of the next stream.
    next_id: u32,
    /// When the last stream was made; sequence numbers tell streams apart by this time.
    last_created: Millis,
}

/// A stream as it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: u32,
    created: Millis,
    shards: u32,
    on_demand: bool,
}

/// Reads what the streams made so far have used up.
pub(super) fn counter(storage: &Storage) -> Result<Counter, LogError> {
    let stored = storage.state.get(COUNTER_KEY).map_err(|error| storage.failure(error))?;
    stored.map_or(Ok(Counter::default()), |json| parse(storage, &json))
}

/// Reads all streams with the ends of their shards.
pub(super) fn streams(storage: &Storage) -> Result<Vec<Stream>, LogError> {
    let mut streams = Vec::new();
    for guard in storage.state.prefix(STREAM_PREFIX) {
        let (key, json) = guard.into_inner().map_err(|error| storage.failure(error))?;
        let name = std::str::from_utf8(&key[STREAM_PREFIX.len()..]).map_err(|_| storage.format("a damaged name"))?;
        let entry: Entry = parse(storage, &json)?;
        let shards = (0u32..).zip(HashKeyRange::split(entry.shards));
        let shards = shards.map(|(shard, range)| Ok(LocalShard::new(range, read::tip(storage, entry.id, shard)?)));
        streams.push(Stream {
            id: entry.id,
            name: name.to_owned(),
            capacity: if entry.on_demand { Capacity::OnDemand } else { Capacity::Provisioned(entry.shards) },
            created: entry.created,
            shards: shards.collect::<Result<_, LogError>>()?,
        });
    }
    Ok(streams)
}

/// Writes a new stream and returns it with what is used up then.
pub(super) fn create(
    storage: &Storage,
    counter: Counter,
    name: &str,
    capacity: Capacity,
) -> Result<(Counter, Stream), LogError> {
    let created = now().max(counter.last_created + 1);
    let shards = capacity.initial_shards();
    let entry = Entry { id: counter.next_id, created, shards, on_demand: capacity == Capacity::OnDemand };
    let counter = Counter { next_id: counter.next_id + 1, last_created: created };
    let mut batch = storage.batch();
    batch.insert(&storage.state, stream_key(name), json(&entry));
    batch.insert(&storage.state, COUNTER_KEY, json(&counter));
    storage.commit(batch)?;
    let shards =
        HashKeyRange::split(shards).into_iter().map(|range| LocalShard::new(range, super::shard::Tip::default()));
    Ok((counter, Stream { id: entry.id, name: name.to_owned(), capacity, created, shards: shards.collect() }))
}

/// Returns the key under which a stream is written.
pub(super) fn stream_key(name: &str) -> String {
    format!("{STREAM_PREFIX}{name}")
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("numbers and flags are JSON")
}

fn parse<T: DeserializeOwned>(storage: &Storage, json: &[u8]) -> Result<T, LogError> {
    serde_json::from_slice(json).map_err(|error| storage.format(format!("a damaged list of streams ({error})")))
}
