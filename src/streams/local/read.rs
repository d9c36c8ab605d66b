//! Reading: positions to offsets, and blocks from an offset on.

use bytes::Bytes;
use fjall::Guard;

use super::{
    LocalLog,
    shard::{LAST_OFFSET, Life, Stream, Tip},
    storage::{self, Storage, block_key},
};
use crate::streams::{
    Block, Child, LogError, Millis, Position, ReadLimit, SequenceNumber, ShardId,
    block::{Numbering, Sequences},
    now,
};

/// The bytes before a block: the data in its shard up to the block's end.
const TOTAL: usize = 8;

/// What one read brought.
#[derive(Debug)]
pub struct Records {
    /// The records, oldest first. The arrival times of blocks never go back.
    pub blocks: Vec<Block>,
    /// The offset of the next read.
    pub next: u64,
    /// Set when the read reached the end of a shard that takes records: every later record arrives at this time or after it,
    /// as long as the log stays open.
    pub complete_until: Option<Millis>,
    /// Set when the read reached the end of a closed shard: these go on.
    pub ended: Option<Vec<Child>>,
    /// How long ago the first record not read yet arrived; 0 at the end of the shard.
    pub millis_behind: i64,
}

/// A block as it is stored.
struct Stored {
    first: u64,
    total: u64,
    block: Block,
}

impl Stored {
    /// Returns the bytes of data in the records before it.
    fn before(&self) -> u64 {
        self.total.saturating_sub(self.block.data_bytes() as u64)
    }
}

/// The oldest block that is kept of a shard.
pub(super) struct Kept {
    pub(super) first: u64,
    /// The bytes of data in the records before it.
    pub(super) before: u64,
    pub(super) arrival: Millis,
}

impl LocalLog {
    /// Turns a position into the offset of a first read.
    pub fn offset_of(&self, stream: &str, shard: ShardId, position: &Position) -> Result<u64, LogError> {
        let stream = self.stream(stream)?;
        unless_trimmed(&stream, shard, |tip| self.offset_in(&stream, shard, position, tip))
    }

    fn offset_in(&self, stream: &Stream, shard: ShardId, position: &Position, tip: Tip) -> Result<u64, LogError> {
        match position {
            Position::At(sequence) | Position::After(sequence) if *sequence == stream.numbering(shard).before_all() => {
                Ok(tip.first)
            }
            Position::Earliest => Ok(tip.first),
            Position::Latest => Ok(tip.next),
            Position::At(sequence) => known(stream, shard, sequence, tip),
            // No record bears the lowest number while the shard is empty, so nothing is skipped then.
            Position::After(sequence) => Ok((known(stream, shard, sequence, tip)? + 1).min(tip.next)),
            Position::AtTime(time) => self.first_since(stream, shard, *time, tip),
        }
    }

    /// Returns the number behind which a read goes on from an offset.
    pub fn sequence_before(&self, stream: &str, shard: ShardId, offset: u64) -> Result<SequenceNumber, LogError> {
        let numbering = self.stream(stream)?.numbering(shard);
        Ok(offset.checked_sub(1).map_or_else(|| numbering.before_all(), |last| numbering.number(last)))
    }

    /// Promises that no record of the stream arrives before a time from now on, whatever the clock says.
    pub fn not_before(&self, stream: &str, time: Millis) -> Result<(), LogError> {
        for shard in &self.stream(stream)?.shards {
            let mut tip = shard.lock();
            tip.last = tip.last.max(time);
        }
        Ok(())
    }

    /// Reads the records of a shard from an offset on, or from the oldest one that is kept. Fails with [`LogError::InvalidCursor`] where the shard has not
    /// come that far.
    pub fn read_from(&self, stream: &str, shard: ShardId, offset: u64, limit: ReadLimit) -> Result<Records, LogError> {
        let stream = self.stream(stream)?;
        let (mut records, limited) = unless_trimmed(&stream, shard, |tip| {
            if offset > tip.next {
                return Err(LogError::InvalidCursor);
            }
            let offset = offset.max(tip.first);
            let (blocks, complete_until, ended, millis_behind) = (Vec::new(), None, None, 0);
            let mut records = Records { blocks, next: offset, complete_until, ended, millis_behind };
            let limited = offset < tip.next && self.take_blocks(&stream, shard, tip, limit, &mut records)?;
            Ok((records, limited))
        })?;
        if limited {
            return Ok(records);
        }
        let mut tip = stream.shard(shard)?.lock();
        match tip.life {
            _ if records.next < tip.next => {}
            Life::Open => {
                // Raised under the lock, so that no commit can stamp an earlier time once it is told.
                tip.last = tip.last.max(now());
                records.complete_until = Some(tip.last);
            }
            Life::Gone => return Err(LogError::UnknownShard { shard: shard.to_string() }),
            Life::Closed => {
                drop(tip);
                // Those that go on have been made since the stream was looked at, or were there before.
                records.ended = Some(self.stream(&stream.name)?.children(shard));
            }
            Life::Removed => return Err(LogError::UnknownStream { stream: stream.name.clone() }),
        }
        Ok(records)
    }

    /// Reads on until the limit or the tip and returns whether it was the limit.
    fn take_blocks(
        &self,
        stream: &Stream,
        shard: ShardId,
        tip: Tip,
        mut limit: ReadLimit,
        records: &mut Records,
    ) -> Result<bool, LogError> {
        let numbering = stream.numbering(shard);
        let from = self.first_of_block(stream, shard, records.next)?;
        let mut blocks =
            self.storage.records.range(block_key(stream.id, shard.0, from)..block_key(stream.id, shard.0, tip.next));
        // One block more than the limit allows is looked at, for its arrival; it stays cached for the next read.
        while records.next < tip.next {
            let guard = blocks.next().ok_or_else(|| self.gap(stream, shard))?;
            let Stored { first, block, .. } = stored(&self.storage, guard, numbering)?;
            let skip = records.next.checked_sub(first).ok_or_else(|| self.gap(stream, shard))?;
            let skip = usize::try_from(skip).expect("a block's records are counted in 32 bits");
            let rest = block.cut(skip, usize::MAX);
            // Who asks for any is given one, however large.
            let least = usize::from(records.blocks.is_empty());
            let take = rest.within(limit.bytes).max(least).min(limit.records);
            let (arrival, left_over) = (rest.arrival(), take < rest.len());
            if take > 0 {
                let taken = rest.cut(0, take);
                limit.records -= take;
                limit.bytes = limit.bytes.saturating_sub(taken.data_bytes());
                records.next += take as u64;
                records.blocks.push(taken);
            }
            if left_over {
                records.millis_behind = (now() - arrival).max(0);
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns the offset at which the block that holds `offset` begins.
    fn first_of_block(&self, stream: &Stream, shard: ShardId, offset: u64) -> Result<u64, LogError> {
        let records = &self.storage.records;
        let key = block_key(stream.id, shard.0, offset);
        if records.contains_key(key).map_err(|error| self.storage.failure(error))? {
            return Ok(offset);
        }
        let before = records.range(block_key(stream.id, shard.0, 0)..key).next_back();
        let key = before.map(Guard::key).transpose().map_err(|error| self.storage.failure(error))?;
        key.and_then(|key| storage::block_offset(&key)).ok_or_else(|| self.gap(stream, shard))
    }

    /// Returns the block that holds an offset, as the oldest one that is to be kept.
    pub(super) fn kept_from(&self, stream: &Stream, shard: ShardId, offset: u64) -> Result<Kept, LogError> {
        let first = self.first_of_block(stream, shard, offset)?;
        let key = block_key(stream.id, shard.0, first);
        let guard = self.storage.records.range(key..=key).next().ok_or_else(|| self.gap(stream, shard))?;
        let stored = stored(&self.storage, guard, stream.numbering(shard))?;
        Ok(Kept { first, before: stored.before(), arrival: stored.block.arrival() })
    }

    /// Says why a block is not where it must be: the stream was removed meanwhile, or the folder is damaged.
    fn gap(&self, stream: &Stream, shard: ShardId) -> LogError {
        if stream.shard(shard).is_ok_and(|shard| shard.lock().life == Life::Removed) {
            return LogError::UnknownStream { stream: stream.name.clone() };
        }
        self.storage.format("a gap between records")
    }

    /// Returns the offset of the first record that arrived at `time` or later.
    pub(super) fn first_since(&self, stream: &Stream, shard: ShardId, time: Millis, tip: Tip) -> Result<u64, LogError> {
        if tip.first_arrival.is_none_or(|first| time <= first) {
            return Ok(tip.first);
        }
        if time > tip.last {
            return Ok(tip.next);
        }
        let (mut low, mut high) = (tip.first, tip.next);
        while low < high {
            let middle = low + (high - low) / 2;
            let range = block_key(stream.id, shard.0, low)..=block_key(stream.id, shard.0, middle);
            let guard = self.storage.records.range(range).next_back();
            let guard = guard.ok_or_else(|| self.gap(stream, shard))?;
            let Stored { first, block, .. } = stored(&self.storage, guard, stream.numbering(shard))?;
            if block.arrival() >= time {
                high = first;
            } else {
                low = first + block.len() as u64;
            }
        }
        Ok(low)
    }
}

/// Does what needs the oldest records of a shard; again where they have been removed meanwhile.
fn unless_trimmed<T>(
    stream: &Stream,
    shard: ShardId,
    read: impl Fn(Tip) -> Result<T, LogError>,
) -> Result<T, LogError> {
    loop {
        let tip = *stream.shard(shard)?.lock();
        match read(tip) {
            Err(LogError::Format { .. }) if stream.shard(shard)?.lock().first != tip.first => {}
            done => return done,
        }
    }
}

/// Reads the end of a shard out of its first and its last block.
pub(super) fn tip(storage: &Storage, stream: u32, shard: u32) -> Result<Tip, LogError> {
    let numbering = Numbering { created: 0, shard };
    let mut blocks = storage.records.range(block_key(stream, shard, 0)..=block_key(stream, shard, u64::MAX));
    let Some(last) = blocks.next_back() else { return Ok(Tip::default()) };
    let last = stored(storage, last, numbering)?;
    let first = blocks.next().map(|first| stored(storage, first, numbering)).transpose()?;
    let first = first.as_ref().unwrap_or(&last);
    Ok(Tip {
        first: first.first,
        stored: first.first,
        before: first.before(),
        next: last.first + last.block.len() as u64,
        last: last.block.arrival(),
        bytes: last.total,
        first_arrival: Some(first.block.arrival()),
        life: Life::Open,
    })
}

/// Returns the offset that a sequence number stands for, where the shard can have given it. The number at which the
/// shard starts counts as given.
fn known(stream: &Stream, shard: ShardId, sequence: &SequenceNumber, tip: Tip) -> Result<u64, LogError> {
    let offset = stream.numbering(shard).offset(sequence);
    offset
        .map(|offset| if offset == LAST_OFFSET && tip.life == Life::Closed { tip.next } else { offset })
        .filter(|offset| *offset < tip.next.max(1) || tip.life == Life::Closed && *offset == tip.next)
        .ok_or_else(|| LogError::InvalidSequence { sequence: sequence.to_string(), shard: shard.to_string() })
}

fn stored(storage: &Storage, guard: Guard, numbering: Numbering) -> Result<Stored, LogError> {
    let (key, value) = guard.into_inner().map_err(|error| storage.failure(error))?;
    let first = storage::block_offset(&key).ok_or_else(|| storage.format("a damaged key"))?;
    let value = Bytes::from(value);
    let total = value.first_chunk().ok_or_else(|| storage.format("a damaged block of records"))?;
    let total = u64::from_le_bytes(*total);
    let block = Block::decode(value.slice(TOTAL..), Sequences::Counted { first, numbering });
    Ok(Stored { first, total, block: block.map_err(|what| storage.format(what))? })
}
