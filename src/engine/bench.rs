//! One query without a log: records are put before it by hand, at moments of a clock that is turned by hand.

use std::path::Path;

use bytes::Bytes;

use crate::plan::{Plan, Query};
use crate::streams::block::{Numbering, Sequences};
use crate::streams::{Appends, Block, HashKeyRange, Millis, RecordRef, ShardId, hash_key};

use super::graph::{Graph, ShardRead};
use super::json::write_row;
use super::run::EngineError;

/// A query on the bench. It answers as [`super::Engine`] does over a log that holds the same records.
pub struct Bench {
    query: String,
    graph: Graph,
    /// Of every shard, in the order of the graph: its stream, which hash keys it takes, and what was not read of it yet.
    shards: Vec<Lane>,
}

struct Lane {
    stream: String,
    range: HashKeyRange,
    numbering: Numbering,
    count: u64,
    waiting: Vec<Block>,
}

/// What a query has made of its records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Made {
    /// Rows as JSON objects, in the order in which they would be written.
    pub rows: Vec<Vec<u8>>,
    /// Late records, as they came.
    pub late: Vec<Vec<u8>>,
    /// Why records could not be read or rows not be computed.
    pub bad: Vec<String>,
}

impl Bench {
    /// Builds a query, with the shards that the plan gives its streams, and reads the tables that it joins with; `folder`
    /// is that of the pipeline file.
    pub fn new(plan: &Plan, query: &Query, folder: &Path) -> Result<Self, EngineError> {
        let count = |stream: &str| plan.stream(stream).map_or(1, |stream| stream.capacity.initial_shards());
        let mut graph =
            Graph::new(plan, query).map_err(|source| EngineError::Query { query: query.name.clone(), source })?;
        for source in 0..graph.sources.len() {
            for shard in 0..count(graph.sources[source].stream()) {
                graph.begin(source, ShardId(shard), &[]);
            }
        }
        graph.read_tables(folder).map_err(|error| EngineError::of_table(query, error))?;
        let lanes = |stream: &str| {
            let lane = |(shard, range)| Lane {
                stream: stream.to_owned(),
                range,
                numbering: Numbering { created: 0, shard },
                count: 0,
                waiting: Vec::new(),
            };
            (0..).zip(HashKeyRange::split(count(stream))).map(lane).collect::<Vec<_>>()
        };
        let shards = graph.sources.iter().flat_map(|source| lanes(source.stream())).collect();
        Ok(Self { query: query.name.clone(), graph, shards })
    }

    /// Puts records into the shards that their keys mean. Moments never go back, nor before one that time was said to
    /// have come to.
    pub fn put(&mut self, stream: &str, arrival: Millis, records: &Appends) {
        let hashes: Vec<u128> = records.iter().map(|record| hash_key(record.partition_key)).collect();
        for lane in self.shards.iter_mut().filter(|lane| lane.stream == stream) {
            let own = records.iter().zip(&hashes).filter(|(_, hash)| lane.range.contains(**hash));
            let own: Vec<RecordRef<'_>> =
                own.map(|(record, _)| RecordRef { partition_key: record.partition_key, data: record.data }).collect();
            if own.is_empty() {
                continue;
            }
            let sequences = Sequences::Counted { first: lane.count, numbering: lane.numbering };
            let bytes = Block::encode(arrival, own.iter().copied());
            lane.waiting.push(Block::decode(Bytes::from(bytes), sequences).expect("just laid out"));
            lane.count += own.len() as u64;
        }
    }

    /// Returns whether no record waits for time to go on.
    pub fn is_idle(&self) -> bool {
        self.graph.is_idle() && self.shards.iter().all(|lane| lane.waiting.is_empty())
    }

    /// Lets time come to a moment: every record that is still to come arrives then or later.
    pub fn run_until(&mut self, moment: Millis) -> Result<Made, EngineError> {
        let mut made = Made::default();
        loop {
            let wanted = self.graph.wanted();
            let read = |(lane, wanted): (&mut Lane, bool)| -> Option<ShardRead> {
                wanted.then(|| (std::mem::take(&mut lane.waiting), Some(moment)))
            };
            let reads = self.shards.iter_mut().zip(wanted).map(read).collect();
            let turned = self.graph.turn(reads);
            let (rows, turn) = turned.map_err(|source| EngineError::Query { query: self.query.clone(), source })?;
            for row in 0..rows.len() {
                let mut json = Vec::new();
                write_row(&rows.batch, row, &mut json);
                made.rows.push(json);
            }
            made.late.extend(turn.late.into_iter().map(|(stray, _)| stray.data));
            made.bad.extend(turn.bad.into_iter().map(|(_, reason)| reason));
            // A turn without a record brings time itself to the moment.
            if turn.consumed == 0 {
                return Ok(made);
            }
        }
    }
}
