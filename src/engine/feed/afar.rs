//! What the queries of one process share that read streams elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::plan::{Operator, Plan};
use crate::streams::{Log, LogError, ShardId};

/// How much is read ahead of the queries in all, in bytes of data; and of one shard at the most and at the least.
const AHEAD: usize = 64 << 20;
const MOST_AHEAD: usize = 2 << 20;
const LEAST_AHEAD: usize = 128 << 10;

/// Streams elsewhere, as the queries of one process read them.
#[derive(Clone)]
pub struct Afar {
    pub(super) streams: Arc<dyn Log>,
    /// True while no more rows are to be made: those that there are wait to be written.
    pub(in super::super) full: watch::Receiver<bool>,
    pub(super) troubles: Arc<Troubles>,
    /// How many sources of queries read each stream.
    readers: Arc<BTreeMap<String, u32>>,
    /// How many shards are being read.
    shards: Arc<AtomicUsize>,
}

impl Afar {
    /// Prepares for the queries of a plan. No more rows are made while `full` is true.
    pub fn new(plan: &Plan, streams: Arc<dyn Log>, full: watch::Receiver<bool>) -> Self {
        let mut readers: BTreeMap<String, u32> = BTreeMap::new();
        for (query, _) in plan.outputs() {
            for relation in plan.relations_of(query) {
                if let Operator::Read(read) = &relation.operator {
                    *readers.entry(read.stream.clone()).or_default() += 1;
                }
            }
        }
        Self { streams, full, troubles: Arc::default(), readers: Arc::new(readers), shards: Arc::default() }
    }

    /// Returns how many sources read a stream.
    pub(super) fn readers(&self, stream: &str) -> u32 {
        self.readers.get(stream).copied().unwrap_or(1)
    }

    /// Counts one shard more, until what is returned is dropped.
    pub(super) fn count(&self) -> Counted {
        self.shards.fetch_add(1, Ordering::Relaxed);
        Counted(Arc::clone(&self.shards))
    }

    /// Returns how much may be read ahead of one shard.
    pub(super) fn ahead(&self) -> usize {
        (AHEAD / self.shards.load(Ordering::Relaxed).max(1)).clamp(LEAST_AHEAD, MOST_AHEAD)
    }
}

/// One shard that is being read.
pub(super) struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What goes wrong with shards, and passes or does not.
#[derive(Default)]
pub(super) struct Troubles {
    // Held only for a look or a change: nothing awaits under it.
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    failing: BTreeMap<(String, ShardId), String>,
    lost: BTreeSet<String>,
}

impl Troubles {
    /// Notes that a shard cannot be read for now.
    pub(super) fn note(&self, stream: &str, shard: ShardId, error: &LogError) {
        let text = format!("{shard} of stream {stream} cannot be read for now: {error}");
        self.with(|known| known.failing.insert((stream.to_owned(), shard), text));
    }

    /// Notes that a shard can be read.
    pub(super) fn clear(&self, stream: &str, shard: ShardId) {
        self.with(|known| known.failing.remove(&(stream.to_owned(), shard)));
    }

    /// Notes what is lost.
    pub(super) fn lose(&self, what: String) {
        self.with(|known| known.lost.insert(what));
    }

    /// Returns all of it that concerns some streams.
    pub(super) fn told(&self, streams: &[&str]) -> Vec<String> {
        self.with(|known| {
            let failing = known.failing.iter().filter(|((stream, _), _)| streams.contains(&stream.as_str()));
            known.lost.iter().chain(failing.map(|(_, text)| text)).cloned().collect()
        })
    }

    fn with<T>(&self, change: impl FnOnce(&mut Known) -> T) -> T {
        change(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
