//! Which streams there are, as JSON in the database.

use std::sync::Arc;

use fjall::OwnedWriteBatch;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    shard::{Life, LocalShard, Stream, Tip},
    storage::{Storage, state_key},
    tips,
};
use crate::streams::{Capacity, HashKeyRange, LogError, Millis, ShardId, now};

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
    /// How many there were at first; they have the first indexes.
    shards: u32,
    on_demand: bool,
    /// Those that resharding has made, by their index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    later: Vec<Later>,
    /// Closed shards whose last record has been removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    gone: Vec<u32>,
}

/// A shard that goes on from others.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Later {
    /// The ends of its range, in decimal: JSON's numbers are too short for many readers.
    start: String,
    end: String,
    parents: Vec<u32>,
    created: Millis,
}

impl Later {
    fn of(shard: &LocalShard) -> Self {
        Self {
            start: shard.range.start.to_string(),
            end: shard.range.end.to_string(),
            parents: shard.parents.iter().map(|parent| parent.0).collect(),
            created: shard.created,
        }
    }

    fn shard(self, tip: Tip) -> Option<LocalShard> {
        let range = HashKeyRange { start: self.start.parse().ok()?, end: self.end.parse().ok()? };
        Some(LocalShard::new(range, self.parents.into_iter().map(ShardId).collect(), self.created, tip))
    }
}

/// Reads what the streams made so far have used up.
pub(super) fn counter(storage: &Storage) -> Result<Counter, LogError> {
    Ok(value(storage, COUNTER_KEY)?.unwrap_or_default())
}

/// Reads what is written under a key.
pub(super) fn value<T: DeserializeOwned>(storage: &Storage, key: &str) -> Result<Option<T>, LogError> {
    let stored = storage.state.get(key).map_err(|error| storage.failure(error))?;
    stored.map(|json| parse(storage, &json)).transpose()
}

/// Reads all streams with the ends of their shards.
pub(super) fn streams(storage: &Storage) -> Result<Vec<Stream>, LogError> {
    let mut streams = Vec::new();
    for guard in storage.state.prefix(STREAM_PREFIX) {
        let (key, json) = guard.into_inner().map_err(|error| storage.failure(error))?;
        let name = std::str::from_utf8(&key[STREAM_PREFIX.len()..]).map_err(|_| storage.format("a damaged name"))?;
        let entry: Entry = parse(storage, &json)?;
        let tips = tips::read(storage, entry.id)?;
        let tip = |shard| tips.get(&shard).copied().unwrap_or_default();
        let mut shards = Vec::new();
        for (shard, range) in (0u32..).zip(HashKeyRange::split(entry.shards)) {
            shards.push(Arc::new(LocalShard::new(range, Vec::new(), entry.created, tip(shard))));
        }
        for (shard, later) in (entry.shards..).zip(entry.later) {
            let tip = tip(shard);
            // It began behind what was there then.
            let tip = Tip { last: tip.last.max(later.created), ..tip };
            shards.push(Arc::new(later.shard(tip).ok_or_else(|| storage.format("a damaged shard"))?));
        }
        for parent in shards.iter().flat_map(|shard| &shard.parents) {
            let closed = shards.get(parent.0 as usize).ok_or_else(|| storage.format("a damaged shard"))?;
            closed.lock().life = Life::Closed;
        }
        for gone in entry.gone.iter().filter_map(|gone| shards.get(*gone as usize)) {
            gone.lock().life = Life::Gone;
        }
        let capacity = if entry.on_demand { Capacity::OnDemand } else { Capacity::Provisioned(entry.shards) };
        streams.push(Stream::new(entry.id, name.to_owned(), capacity, entry.created, shards));
    }
    Ok(streams)
}

/// Writes a new stream, with values of state, and returns it with what is used up then.
pub(super) fn create(
    storage: &Storage,
    counter: Counter,
    name: &str,
    capacity: Capacity,
    state: impl FnOnce(Millis) -> Vec<(String, Vec<u8>)>,
) -> Result<(Counter, Stream), LogError> {
    let created = now().max(counter.last_created + 1);
    let shards = capacity.initial_shards();
    let on_demand = capacity == Capacity::OnDemand;
    let entry = Entry { id: counter.next_id, created, shards, on_demand, later: Vec::new(), gone: Vec::new() };
    let counter = Counter { next_id: counter.next_id + 1, last_created: created };
    let mut batch = storage.batch();
    batch.insert(&storage.state, stream_key(name), json(&entry));
    batch.insert(&storage.state, COUNTER_KEY, json(&counter));
    for (key, value) in state(created) {
        batch.insert(&storage.state, state_key(&key), value);
    }
    storage.commit(batch)?;
    let shard = |range| Arc::new(LocalShard::new(range, Vec::new(), created, Tip::default()));
    let shards = HashKeyRange::split(shards).into_iter().map(shard).collect();
    Ok((counter, Stream::new(entry.id, name.to_owned(), capacity, created, shards)))
}

/// Adds to a batch what makes a stream one of these shards, some of which are gone.
pub(super) fn update(
    storage: &Storage,
    batch: &mut OwnedWriteBatch,
    stream: &Stream,
    shards: &[Arc<LocalShard>],
    gone: Vec<u32>,
) {
    let first = stream.capacity.initial_shards();
    let entry = Entry {
        id: stream.id,
        created: stream.created,
        shards: first,
        on_demand: stream.capacity == Capacity::OnDemand,
        later: shards.iter().skip(first as usize).map(|shard| Later::of(shard)).collect(),
        gone,
    };
    batch.insert(&storage.state, stream_key(&stream.name), json(&entry));
}

/// Returns the key under which a stream is written.
pub(super) fn stream_key(name: &str) -> String {
    format!("{STREAM_PREFIX}{name}")
}

/// Writes what is to be read again.
pub(super) fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("numbers and flags are JSON")
}

fn parse<T: DeserializeOwned>(storage: &Storage, json: &[u8]) -> Result<T, LogError> {
    serde_json::from_slice(json).map_err(|error| storage.format(format!("a damaged list of streams ({error})")))
}
