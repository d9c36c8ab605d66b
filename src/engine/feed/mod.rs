//! Where the records of a query come from: the log on this machine, or streams elsewhere that are read ahead.

mod afar;
mod local;
mod reader;
mod remote;

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::watch;

use crate::streams::{Block, Lineage, LogError, Millis, Position, Shard, ShardId};

use super::source;

pub use afar::Afar;
pub(super) use local::{LocalFeed, TURN};
pub(super) use remote::RemoteFeed;

/// The records of a query's sources, shard by shard. A source is meant by its number; two may read the same stream.
pub(super) trait Feed: Send {
    /// Reads on in a shard that was begun with. Waits for no record.
    fn read(&mut self, source: usize, shard: ShardId) -> Result<News, LogError>;

    /// Returns a counter that goes up whenever there may be something to read.
    fn version(&self) -> watch::Receiver<u64>;

    /// Notes that shards are over, all of whose records have been passed on, and begins with those that go on from them.
    fn succeed(&mut self, source: usize, over: &[ShardId]) -> Result<Succession, LogError>;

    /// Notes that the query stops when it has read what there is at this moment. Returns how long that may take, where it
    /// is not to take as long as it takes.
    fn hurry(&mut self) -> Option<Duration> {
        None
    }

    /// Returns what a person should know who looks at the query.
    fn troubles(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Begins with a stream of these shards, or goes on with those of it that have been saved.
fn lineage(listed: &[Shard], saved: &[source::Shard]) -> Lineage {
    if saved.is_empty() {
        return Lineage::begin(listed, &Position::Earliest);
    }
    let of = |aside: bool| saved.iter().filter(move |it| it.stands_aside() == aside).map(|it| it.id);
    Lineage::resume(listed, of(false), of(true))
}

/// What is new in a shard.
#[derive(Default)]
pub(super) struct News {
    /// Its next records, oldest first.
    pub(super) blocks: Vec<Block>,
    /// The time before which no other record arrives; `None` where that is not known.
    pub(super) complete_until: Option<Millis>,
    /// How long ago the first record not read yet arrived.
    pub(super) millis_behind: i64,
    /// Whether nothing is left to read for now.
    pub(super) at_end: bool,
    /// Whether the shard is closed, and these were its last records.
    pub(super) ended: bool,
}

/// What comes behind shards that are over.
#[derive(Default)]
pub(super) struct Succession {
    /// The shards that have been begun with, each with those that it goes on from.
    pub(super) begun: Vec<(ShardId, Vec<ShardId>)>,
    /// The shards that are over and have to stay known: what goes on from them waits for another one.
    pub(super) waited_for: BTreeSet<ShardId>,
}
