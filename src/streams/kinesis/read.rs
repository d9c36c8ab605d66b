//! Reading: `GetShardIterator` and `GetRecords`.

use aws_sdk_kinesis::{
    primitives::DateTime,
    types::{ChildShard, Record, ShardIteratorType},
};
use bytes::Bytes;

use super::{
    KinesisLog,
    aggregate::{UserRecord, may_be, user_records},
    cursor::{On, Place},
    error::refused,
    manage::{identified, millis},
};
use crate::streams::{
    Batch, Block, Child, Cursor, HashKeyRange, LogError, Millis, Position, ReadLimit, RecordRef, SequenceNumber,
    ShardId, block::Sequences, now,
};

const OPERATION: &str = "GetRecords";
/// The most records of one answer (Kinesis API reference, `GetRecords`).
const MOST_RECORDS: usize = 10_000;
/// How far behind the time of asking a shard at its end is taken to be complete. AWS promises nothing here, and its
/// clocks and this one differ; a second is well above what they do where the time is kept at all. A record that arrived
/// earlier all the same is given the time that was told, so that the seam's promise holds in any case.
const MARGIN: Millis = 1000;

impl KinesisLog {
    pub(super) async fn shard_iterator(
        &self,
        stream: &str,
        shard: ShardId,
        position: &Position,
    ) -> Result<Cursor, LogError> {
        let on = On::Iterator(self.iterator(stream, shard, position).await?);
        Ok(Cursor::from(&Place { floor: 0, on }))
    }

    async fn iterator(&self, stream: &str, shard: ShardId, position: &Position) -> Result<String, LogError> {
        const OPERATION: &str = "GetShardIterator";
        let (name, arn) = identified(stream);
        let request = self.client.get_shard_iterator().set_stream_name(name).set_stream_arn(arn);
        let request = request.shard_id(shard.to_string());
        let request = match position {
            Position::Earliest => request.shard_iterator_type(ShardIteratorType::TrimHorizon),
            Position::Latest => request.shard_iterator_type(ShardIteratorType::Latest),
            Position::At(number) => {
                let request = request.shard_iterator_type(ShardIteratorType::AtSequenceNumber);
                request.starting_sequence_number(number.as_str())
            }
            Position::After(number) => {
                let request = request.shard_iterator_type(ShardIteratorType::AfterSequenceNumber);
                request.starting_sequence_number(number.as_str())
            }
            // A time to come is refused; there is nothing behind it yet.
            Position::AtTime(time) if *time > now() => request.shard_iterator_type(ShardIteratorType::Latest),
            Position::AtTime(time) => request
                .shard_iterator_type(ShardIteratorType::AtTimestamp)
                .timestamp(DateTime::from_millis((*time).max(0))),
        };
        match request.send().await {
            Ok(answer) => answer.shard_iterator.ok_or_else(|| self.odd(OPERATION, "the answer has no iterator")),
            Err(error) if refused(&error, "ResourceNotFoundException") => {
                // It is the stream or the shard that is not there.
                self.describe_stream(stream).await?;
                Err(LogError::UnknownShard { shard: shard.to_string() })
            }
            Err(error) => match position {
                Position::At(number) | Position::After(number) if refused(&error, "InvalidArgumentException") => {
                    Err(LogError::InvalidSequence { sequence: number.to_string(), shard: shard.to_string() })
                }
                _ => Err(self.failure(OPERATION, &error)),
            },
        }
    }

    pub(super) async fn get_records(
        &self,
        stream: &str,
        shard: ShardId,
        cursor: &Cursor,
        limit: ReadLimit,
    ) -> Result<Batch, LogError> {
        let mut place = Place::parse(cursor).ok_or(LogError::InvalidCursor)?;
        if limit.records == 0 || limit.bytes == 0 {
            return Ok(nothing(cursor.clone(), None));
        }
        let iterator = match place.on {
            On::Iterator(iterator) => iterator,
            On::After(number) => self.iterator(stream, shard, &Position::After(number)).await?,
            On::End => return Ok(nothing(cursor.clone(), self.children(stream, shard).await?)),
        };
        let asked = now();
        let most = i32::try_from(limit.records.min(MOST_RECORDS)).unwrap_or(i32::MAX);
        let answer = self.client.get_records().shard_iterator(&iterator).limit(most).send().await;
        let answer = answer.map_err(|error| {
            if refused(&error, "ExpiredIteratorException") || refused(&error, "InvalidArgumentException") {
                return LogError::InvalidCursor;
            }
            if refused(&error, "ResourceNotFoundException") {
                return LogError::UnknownStream { stream: stream.to_owned() };
            }
            self.failure(OPERATION, &error)
        })?;
        let taken = within(&answer.records, limit.bytes);
        let records = &answer.records[..taken];
        let range = self.range(stream, shard, records).await?;
        let (blocks, floor) = self.blocks(records, place.floor, range)?;
        place.floor = floor;
        let behind = answer.millis_behind_latest.unwrap_or_default();
        if taken < answer.records.len() {
            place.on = On::After(self.sequence(&answer.records[taken - 1])?);
            let arrived = arrival(&answer.records[taken], floor);
            let millis_behind = (now() - arrived).max(behind);
            return Ok(Batch { blocks, millis_behind, ..nothing(Cursor::from(&place), None) });
        }
        // A shard that was closed has no next iterator where it is read to its end (Kinesis API reference, `GetRecords`).
        let Some(next) = answer.next_shard_iterator else {
            place.on = On::End;
            let ended = match answer.child_shards {
                Some(children) if !children.is_empty() => Some(self.told_children(children)?),
                _ => self.children(stream, shard).await?,
            };
            return Ok(Batch { blocks, ..nothing(Cursor::from(&place), ended) });
        };
        let complete_until = (behind == 0).then(|| floor.max(asked - MARGIN));
        place.floor = complete_until.unwrap_or(floor);
        place.on = On::Iterator(next);
        Ok(Batch { blocks, complete_until, millis_behind: behind, ..nothing(Cursor::from(&place), None) })
    }

    /// Reads the shards that an answer says go on.
    fn told_children(&self, children: Vec<ChildShard>) -> Result<Vec<Child>, LogError> {
        let read = |child: ChildShard| {
            let parents = child.parent_shards.iter().map(|parent| parent.parse().ok()).collect::<Option<_>>()?;
            Some(Child { id: child.shard_id.parse().ok()?, parents })
        };
        let children: Option<Vec<Child>> = children.into_iter().map(read).collect();
        children.ok_or_else(|| self.odd(OPERATION, "the names of the shards that go on are not those of shards"))
    }

    /// Looks for the shards that go on from one that has ended, for an endpoint that does not tell with the last records.
    /// `None` where they are not listed yet: no stream has hash keys that no shard takes.
    async fn children(&self, stream: &str, shard: ShardId) -> Result<Option<Vec<Child>>, LogError> {
        let listed = self.list_shards(stream).await?.into_iter().filter(|other| other.parents.contains(&shard));
        let children: Vec<Child> = listed.map(|other| Child { id: other.id, parents: other.parents }).collect();
        Ok((!children.is_empty()).then_some(children))
    }

    /// Lays out records in blocks of equal arrival, none before `floor`, and returns the last arrival with them. An
    /// aggregate is the records that it consists of: all of them have its place, behind which reading goes on whole.
    fn blocks(
        &self,
        records: &[Record],
        mut floor: Millis,
        range: Option<HashKeyRange>,
    ) -> Result<(Vec<Block>, Millis), LogError> {
        let mut blocks = Vec::new();
        let mut left = records;
        while let Some(first) = left.first() {
            floor = arrival(first, floor);
            let count = left.iter().take_while(|record| arrival(record, floor) == floor).count();
            let (run, rest) = left.split_at(count);
            left = rest;
            let (mut units, mut numbers) = (Vec::with_capacity(run.len()), Vec::with_capacity(run.len()));
            for record in run {
                let number = self.sequence(record)?;
                let user_records = range.and_then(|_| user_records(record.data().as_ref()));
                let Some(user_records) = user_records else {
                    units.push(Unit::Plain(record));
                    numbers.push(number);
                    continue;
                };
                for user_record in user_records.into_iter().filter(|it| range.is_some_and(|range| it.belongs_to(range)))
                {
                    units.push(Unit::Aggregated(user_record));
                    numbers.push(number.clone());
                }
            }
            // Of an aggregate that belongs elsewhere nothing is left.
            if !units.is_empty() {
                let bytes = Block::encode(floor, units.iter().map(Unit::record));
                let block = Block::decode(Bytes::from(bytes), Sequences::Given(numbers));
                blocks.push(block.map_err(|what| self.odd(OPERATION, what))?);
            }
        }
        Ok((blocks, floor))
    }

    /// Returns the hash keys of a shard where it is needed: with records that may be aggregates.
    async fn range(&self, stream: &str, shard: ShardId, records: &[Record]) -> Result<Option<HashKeyRange>, LogError> {
        if !records.iter().any(|record| may_be(record.data().as_ref())) {
            return Ok(None);
        }
        let key = (stream.to_owned(), shard);
        let known = || self.ranges.lock().ok()?.get(&key).copied();
        if let Some(range) = known() {
            return Ok(Some(range));
        }
        let listed = self.list_shards(stream).await?;
        if let Ok(mut ranges) = self.ranges.lock() {
            ranges.extend(listed.into_iter().map(|shard| ((stream.to_owned(), shard.id), shard.range)));
        }
        // One that is listed no more is left whatever it has.
        Ok(known().or(Some(HashKeyRange { start: 0, end: u128::MAX })))
    }

    fn sequence(&self, record: &Record) -> Result<SequenceNumber, LogError> {
        let text = record.sequence_number();
        SequenceNumber::parse(text).ok_or_else(|| self.odd(OPERATION, format!("`{text}` is not a sequence number")))
    }
}

/// A record as it lies in a shard, or as it lay in an aggregate.
enum Unit<'a> {
    Plain(&'a Record),
    Aggregated(UserRecord),
}

impl Unit<'_> {
    fn record(&self) -> RecordRef<'_> {
        match self {
            Self::Plain(record) => {
                RecordRef { partition_key: record.partition_key().unwrap_or_default(), data: record.data().as_ref() }
            }
            Self::Aggregated(record) => RecordRef { partition_key: &record.partition_key, data: &record.data },
        }
    }
}

/// Returns a batch without records.
fn nothing(next: Cursor, ended: Option<Vec<Child>>) -> Batch {
    Batch { blocks: Vec::new(), next, complete_until: None, ended, millis_behind: 0 }
}

/// Returns when a record arrived, but not before `floor`.
fn arrival(record: &Record, floor: Millis) -> Millis {
    record.approximate_arrival_timestamp().map_or(floor, millis).max(floor)
}

/// Returns how many records have no more than that many bytes of data; one in any case, where there are some.
fn within(records: &[Record], bytes: usize) -> usize {
    let mut total = 0;
    let within = records.iter().take_while(|record| {
        total += record.data().as_ref().len();
        total <= bytes
    });
    within.count().max(1).min(records.len())
}
