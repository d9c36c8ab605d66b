//! The state of a query as bytes: what has been consumed, how far time has come, and what its operators keep.
//!
//! ```text
//! length of the header u32 (little-endian) | header (JSON) | the batches that operators keep, one after the other
//! ```

use datafusion_common::DataFusionError;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use crate::plan::{Operator, Plan, Query};
use crate::streams::{SequenceNumber, ShardId};

use super::graph::Graph;
use super::state::{StateHeader, StateReader, StateWriter, damaged};
use super::status::Counters;
use super::watermark::Watermark;

/// The version of the layout. A state of another one is an error: only `pipe down` and a new start get on from there.
const VERSION: u32 = 5;

#[derive(Serialize, Deserialize)]
struct Header {
    version: u32,
    /// Tells whether the state is of the same question.
    fingerprint: String,
    counters: Counters,
    watermark: Watermark,
    /// The moment at which all that ever came is done with.
    last_end: Option<i64>,
    sources: Vec<SourceHeader>,
    /// What each operator keeps, in the order of the relations.
    operators: Vec<StateHeader>,
}

/// How far one stream has been read.
#[derive(Serialize, Deserialize)]
struct SourceHeader {
    stream: String,
    shards: Vec<ShardHeader>,
}

/// How far one shard has been read.
#[derive(Serialize, Deserialize)]
struct ShardHeader {
    id: u32,
    consumed: Option<String>,
    /// Whether that is all of it, and what goes on from it waits for another shard.
    ended: bool,
}

/// What became of a stored state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Restored {
    /// Everything goes on where it was.
    Whole,
    /// The query has changed: reading goes on where it was, what the open windows held is dropped.
    Position,
    /// It is of another stream: everything starts anew.
    Nothing,
}

/// A state that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// Another version of this program wrote it, or it is damaged.
    #[error("the saved state of query `{query}` cannot be read: {reason}")]
    Unreadable {
        /// The query.
        query: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Returns what makes two queries the same question over the same records.
pub(super) fn fingerprint(plan: &Plan, query: &Query) -> String {
    let relations = plan.relations_of(query);
    let mut text = String::new();
    for relation in &relations {
        text += &format!("{:?} {:?}\n", relation.clock, relation.operator);
        if let Operator::Read(read) = &relation.operator
            && let Some(stream) = plan.stream(&read.stream)
        {
            text += &format!("{:?} {:?}\n", stream.columns, stream.time);
        }
        // What the table holds may change at any time; what it is like may not.
        if let Operator::Lookup(lookup) = &relation.operator
            && let Some(table) = plan.table(&lookup.table)
        {
            text += &format!("{:?}\n", table.columns);
        }
    }
    format!("{:032x}", u128::from_be_bytes(Md5::digest(text.as_bytes()).into()))
}

/// Writes the state down. The query goes on afterwards as if nothing had happened.
pub(super) fn save(graph: &mut Graph, fingerprint: &str, counters: &Counters) -> Result<Vec<u8>, DataFusionError> {
    let sources = graph.sources.iter().map(|source| SourceHeader {
        stream: source.stream().to_owned(),
        shards: source
            .shards
            .iter()
            .map(|shard| ShardHeader {
                id: shard.id.0,
                consumed: shard.consumed.as_ref().map(|sequence| sequence.as_str().to_owned()),
                ended: shard.stands_aside(),
            })
            .collect(),
    });
    let sources = sources.collect();
    let mut operators = Vec::new();
    let mut kept = Vec::new();
    for operator in graph.operators() {
        let mut state = StateWriter::default();
        operator.save(&mut state)?;
        let (header, bytes) = state.finish();
        operators.push(header);
        kept.extend(bytes);
    }
    let header = Header {
        version: VERSION,
        fingerprint: fingerprint.to_owned(),
        counters: counters.clone(),
        watermark: graph.time.watermark.clone(),
        last_end: graph.time.last_end,
        sources,
        operators,
    };
    let header = serde_json::to_vec(&header).map_err(|error| DataFusionError::External(Box::new(error)))?;
    let length = u32::try_from(header.len()).map_err(|error| DataFusionError::External(Box::new(error)))?;
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.extend(header);
    bytes.extend(kept);
    Ok(bytes)
}

/// Returns which question a state is of, where that can be read.
pub(super) fn saved_fingerprint(bytes: &[u8]) -> Option<String> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (header, _) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    Some(serde_json::from_slice::<Header>(header).ok()?.fingerprint)
}

/// Takes a state up in a query that has not begun with any shard.
pub(super) fn restore(
    graph: &mut Graph,
    fingerprint: &str,
    counters: &mut Counters,
    bytes: &[u8],
) -> Result<Restored, DataFusionError> {
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(damaged)?;
    let (header, mut kept) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(damaged)?;
    let version = serde_json::from_slice::<serde_json::Value>(header).map_err(|_| damaged())?;
    match version.get("version").and_then(serde_json::Value::as_u64) {
        Some(version) if version == u64::from(VERSION) => {}
        Some(other) => return Err(DataFusionError::Execution(format!("it has layout {other}, not {VERSION}"))),
        None => return Err(damaged()),
    }
    let header: Header = serde_json::from_slice(header).map_err(|_| damaged())?;
    *counters = header.counters;
    // One stream may be read in two ways: each source has the place of its own, or that of another one over its stream.
    let mut same = header.sources.len() == graph.sources.len();
    for index in 0..graph.sources.len() {
        let of_stream = |saved: &&SourceHeader| saved.stream == graph.sources[index].stream();
        let own = header.sources.get(index).filter(of_stream);
        let Some(saved) = own.or_else(|| header.sources.iter().find(of_stream)) else {
            same = false;
            continue;
        };
        same &= own.is_some();
        for saved in &saved.shards {
            graph.begin(index, ShardId(saved.id), &[]);
        }
        for (shard, saved) in graph.sources[index].shards.iter_mut().zip(&saved.shards) {
            shard.consumed = saved.consumed.as_deref().and_then(SequenceNumber::parse);
            if saved.ended {
                shard.stand_aside();
            }
        }
    }
    // Windows that were written are over for a changed query too, as long as time is the same.
    if same && header.watermark.is_alike(&graph.time.watermark) {
        graph.time.watermark = header.watermark;
    }
    if header.fingerprint != fingerprint || !same {
        return Ok(Restored::Position);
    }
    graph.time.last_end = header.last_end;
    let mut operators = header.operators.into_iter();
    // The same question has the same operators, whatever its relations are called.
    for operator in graph.operators() {
        let part = operators.next().ok_or_else(damaged)?;
        let (bytes, rest) = kept.split_at_checked(part.length()).ok_or_else(damaged)?;
        kept = rest;
        operator.restore(&mut StateReader::new(part, bytes))?;
    }
    Ok(Restored::Whole)
}
