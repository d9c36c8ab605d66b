//! A query over streams elsewhere whose shards come and go, and are trimmed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::super::{Afar, Engine, QueryStatus};
use super::harness::{Row, plan};
use crate::plan::{ERROR_STREAM, Plan};
use crate::streams::block::Sequences;
use crate::streams::local::{Durability, LocalLog};
use crate::streams::{
    Appended, Appends, Batch, Block, Capacity, Child, Cursor, HashKeyRange, Log, LogError, Millis, Position, ReadLimit,
    RecordRef, SequenceNumber, Shard, ShardId, StreamDescription,
};

/// Streams whose time is told, long before that of the wall.
#[derive(Default)]
struct Afield {
    // Held for moments: nothing awaits under it.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    clock: Millis,
    shards: Vec<Kept>,
}

struct Kept {
    shard: Shard,
    rows: Vec<Row>,
    /// The first row that is kept still.
    first: usize,
    /// Whether anything is told of it.
    gone: bool,
}

fn unused<T>() -> Result<T, LogError> {
    Err(LogError::InvalidCursor)
}

impl Afield {
    fn open(&self, parents: &[u32]) -> u32 {
        let mut state = self.state.lock().expect("a sound lock");
        for parent in parents {
            state.shards[*parent as usize].shard.open = false;
        }
        let id = u32::try_from(state.shards.len()).expect("few");
        let shard = Shard {
            id: ShardId(id),
            range: HashKeyRange { start: 0, end: 0 },
            starting_sequence: SequenceNumber::parse("0").expect("a number"),
            parents: parents.iter().copied().map(ShardId).collect(),
            open: true,
        };
        state.shards.push(Kept { shard, rows: Vec::new(), first: 0, gone: false });
        id
    }

    /// Adds a row at the next second.
    fn put(&self, shard: u32, value: i32) {
        let mut state = self.state.lock().expect("a sound lock");
        state.clock += 1000;
        let (arrival, kept) = (state.clock, &mut state.shards[shard as usize]);
        kept.rows.push(Row { arrival, time: arrival, key: Some(1), value: Some(value) });
    }

    fn change(&self, shard: u32, change: impl FnOnce(&mut Kept)) {
        change(&mut self.state.lock().expect("a sound lock").shards[shard as usize]);
    }
}

#[async_trait]
impl Log for Afield {
    async fn create(&self, _: &str, _: Capacity) -> Result<(), LogError> {
        unused()
    }
    async fn delete(&self, _: &str) -> Result<(), LogError> {
        unused()
    }
    async fn describe(&self, _: &str) -> Result<StreamDescription, LogError> {
        unused()
    }
    async fn list(&self) -> Result<Vec<String>, LogError> {
        unused()
    }
    async fn append(&self, _: &str, _: &Appends) -> Result<Vec<Appended>, LogError> {
        unused()
    }
    async fn shards(&self, _: &str) -> Result<Vec<Shard>, LogError> {
        let state = self.state.lock().expect("a sound lock");
        Ok(state.shards.iter().filter(|kept| !kept.gone).map(|kept| kept.shard.clone()).collect())
    }
    async fn cursor(&self, _: &str, shard: ShardId, position: &Position) -> Result<Cursor, LogError> {
        let state = self.state.lock().expect("a sound lock");
        let kept = state.shards.get(shard.0 as usize).filter(|kept| !kept.gone);
        let kept = kept.ok_or_else(|| LogError::UnknownShard { shard: shard.to_string() })?;
        let offset = |number: &SequenceNumber| number.as_str().parse::<usize>().map_err(|_| LogError::InvalidCursor);
        let offset = match position {
            Position::At(number) => offset(number)?,
            Position::After(number) => offset(number)? + 1,
            _ => 0,
        };
        Ok(Cursor(offset.max(kept.first).to_string()))
    }
    async fn read(&self, _: &str, shard: ShardId, cursor: &Cursor, limit: ReadLimit) -> Result<Batch, LogError> {
        let state = self.state.lock().expect("a sound lock");
        let kept = &state.shards[shard.0 as usize];
        let offset: usize = cursor.0.parse().map_err(|_| LogError::InvalidCursor)?;
        let taken = kept.rows.iter().enumerate().skip(offset).take(limit.records.min(2));
        let block = |(number, row): (usize, &Row)| {
            let json = row.json();
            let record = RecordRef { partition_key: "k", data: json.as_bytes() };
            let number = SequenceNumber::parse(&number.to_string()).expect("a number");
            let bytes = Block::encode(row.arrival, std::iter::once(record));
            Block::decode(Bytes::from(bytes), Sequences::Given(vec![number])).expect("just laid out")
        };
        let blocks: Vec<Block> = taken.map(block).collect();
        let next = offset + blocks.len();
        let at_end = next == kept.rows.len();
        let others = state.shards.iter().map(|other| &other.shard).filter(|other| other.parents.contains(&shard));
        let children: Vec<Child> = others.map(|other| Child { id: other.id, parents: other.parents.clone() }).collect();
        let ended = (at_end && !kept.shard.open).then_some(children);
        let complete_until = (at_end && kept.shard.open).then_some(state.clock + 1);
        Ok(Batch { blocks, next: Cursor(next.to_string()), complete_until, ended, millis_behind: 0 })
    }
}

/// A query at work, and what this machine keeps of it.
struct AtWork {
    status: watch::Receiver<QueryStatus>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

async fn begin(log: &Arc<LocalLog>, plan: &Plan, afield: &Arc<Afield>) -> AtWork {
    let (_room, full) = watch::channel(false);
    begin_where(full, log, plan, afield).await
}

async fn begin_where(full: watch::Receiver<bool>, log: &Arc<LocalLog>, plan: &Plan, afield: &Arc<Afield>) -> AtWork {
    let streams: Arc<dyn Log> = Arc::<Afield>::clone(afield);
    let afar = Afar::new(plan, streams, full);
    let engine = Engine::open_afar(Arc::clone(log), &afar, plan, &plan.queries[0]).await.expect("a query");
    let (status, stop) = (engine.status(), watch::Sender::new(false));
    let stopped = stop.subscribe();
    AtWork { status, stop, task: tokio::spawn(async move { engine.run(stopped).await.expect("no failure") }) }
}

impl AtWork {
    async fn until(&mut self, what: impl Fn(&QueryStatus) -> bool) -> QueryStatus {
        let seen = tokio::time::timeout(Duration::from_mins(1), self.status.wait_for(|status| what(status))).await;
        let seen = seen.map(|seen| seen.expect("it is at work").clone());
        seen.unwrap_or_else(|_| panic!("waited in vain: {:?}", self.status.borrow()))
    }

    async fn consumed(&mut self, records: u64) -> QueryStatus {
        self.until(|status| status.counters.records >= records).await
    }

    async fn stop(self) -> QueryStatus {
        self.stop.send_replace(true);
        self.task.await.expect("a clean end");
        self.status.borrow().clone()
    }
}

fn store(plan: &Plan) -> (TempDir, Arc<LocalLog>) {
    let dir = TempDir::new().expect("a temporary folder");
    let log = LocalLog::open(dir.path(), Durability::Process).expect("a new log");
    for stream in ["out", ERROR_STREAM] {
        log.create_stream(stream, Capacity::Provisioned(1)).expect("a stream");
    }
    assert_eq!(plan.queries[0].stream.as_deref(), Some("out"));
    (dir, log)
}

/// Returns the values of the rows in the order in which they were written.
fn written(log: &LocalLog) -> Vec<i32> {
    let all = ReadLimit { records: usize::MAX, bytes: usize::MAX };
    let blocks = log.read_from("out", ShardId(0), 0, all).expect("records").blocks;
    let value = |record: RecordRef<'_>| {
        let row: serde_json::Value = serde_json::from_slice(record.data).expect("JSON");
        i32::try_from(row["v"].as_i64().expect("a number")).expect("small")
    };
    blocks.iter().flat_map(|block| block.records().map(value).collect::<Vec<_>>()).collect()
}

/// A query that writes every row as it comes.
fn every_row() -> Plan {
    plan(true, "from = \"in\"\nselect = { v = \"v\" }")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shards_are_split_and_merged_while_they_are_read_and_while_nobody_does() {
    let plan = every_row();
    let (_dir, log) = store(&plan);
    let afield = Arc::new(Afield::default());
    let (one, two) = (afield.open(&[]), afield.open(&[]));
    let mut values = 0..;
    let mut put = |shard| afield.put(shard, values.next().expect("numbers"));
    [one, two, one].into_iter().for_each(&mut put);
    let mut work = begin(&log, &plan, &afield).await;
    work.consumed(3).await;
    // One is split, and one of its parts merged with the other one, before anything is read of that.
    put(one);
    let (three, four) = (afield.open(&[one]), afield.open(&[one]));
    [two, three, four, four].into_iter().for_each(&mut put);
    let five = afield.open(&[two, four]);
    [three, five].into_iter().for_each(&mut put);
    work.consumed(10).await;
    work.stop().await;
    // All of it once more, and twice, with nobody there.
    let six = afield.open(&[three, five]);
    [six, six].into_iter().for_each(&mut put);
    let (seven, eight) = (afield.open(&[six]), afield.open(&[six]));
    [seven, eight, seven].into_iter().for_each(&mut put);
    let mut work = begin(&log, &plan, &afield).await;
    work.consumed(15).await;
    put(eight);
    put(seven);
    let status = work.consumed(17).await;
    assert_eq!((status.notes, status.counters.late, status.counters.bad), (vec![], 0, 0));
    work.stop().await;
    assert_eq!(written(&log), (0..17).collect::<Vec<_>>(), "every row once, in the order of arrival");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_trimmed_before_it_was_read_is_told() {
    let plan = every_row();
    let (_dir, log) = store(&plan);
    let afield = Arc::new(Afield::default());
    let (a, b) = (afield.open(&[]), afield.open(&[]));
    for value in 0..4 {
        afield.put(a, value);
    }
    afield.put(b, 4);
    let mut work = begin(&log, &plan, &afield).await;
    work.consumed(5).await;
    work.stop().await;
    for value in 5..8 {
        afield.put(a, value);
    }
    // The record behind which it goes on is kept: nothing is lost.
    afield.change(a, |kept| kept.first = 3);
    let mut work = begin(&log, &plan, &afield).await;
    assert_eq!(work.consumed(8).await.notes, [""; 0]);
    work.stop().await;
    afield.put(a, 8);
    afield.put(a, 9);
    afield.change(a, |kept| kept.first = 8);
    let mut work = begin(&log, &plan, &afield).await;
    work.consumed(9).await;
    let notes = work.until(|status| !status.notes.is_empty()).await.notes;
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(
        notes[0].contains("shardId-000000000000 in stream in behind 6") && notes[0].contains("are lost"),
        "{notes:?}"
    );
    work.stop().await;
    // A shard that is not there any more at all.
    let c = afield.open(&[b]);
    afield.put(c, 10);
    afield.change(b, |kept| kept.gone = true);
    let mut work = begin(&log, &plan, &afield).await;
    let status = work.consumed(10).await;
    assert!(status.notes.iter().any(|note| note.contains("shardId-000000000001 of stream in is gone")), "{status:?}");
    work.stop().await;
    assert_eq!(written(&log), [0, 1, 2, 3, 4, 5, 6, 7, 9, 10]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_made_while_there_is_no_room_for_it() {
    let plan = every_row();
    let (_dir, log) = store(&plan);
    let afield = Arc::new(Afield::default());
    let shard = afield.open(&[]);
    let room = watch::Sender::new(false);
    let mut work = begin_where(room.subscribe(), &log, &plan, &afield).await;
    afield.put(shard, 0);
    work.consumed(1).await;
    room.send_replace(true);
    // A turn may have begun just before.
    tokio::time::sleep(Duration::from_millis(300)).await;
    (1..9).for_each(|value| afield.put(shard, value));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(work.status.borrow().counters.records, 1);
    room.send_replace(false);
    work.consumed(9).await;
    room.send_replace(true);
    assert_eq!(work.stop().await.counters.records, 9, "it stops without room too");
    assert_eq!(written(&log), (0..9).collect::<Vec<_>>());
}
