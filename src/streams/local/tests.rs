use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::Command,
    sync::{Arc, Barrier},
    thread,
    time::Duration,
};

use fjall::AbstractTree;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::streams::{
    Appends, Block, HashKeyRange, Lineage, Position, ReadLimit, SequenceNumber, Shard, ShardId, hash_key, now,
};

const ALL: ReadLimit = ReadLimit { records: usize::MAX, bytes: usize::MAX };

fn open(dir: &Path) -> Arc<LocalLog> {
    LocalLog::open(dir, Durability::Process).unwrap()
}

fn records(records: &[(&str, &[u8])]) -> Appends {
    let mut appends = Appends::new();
    for (key, data) in records {
        appends.push(key, data);
    }
    appends
}

/// Records of the same data, one for each key.
fn keyed(keys: impl Iterator<Item = String>, data: &[u8]) -> Appends {
    let mut appends = Appends::new();
    for key in keys {
        appends.push(&key, data);
    }
    appends
}

type Record = (String, Vec<u8>);

/// Reads a shard from an offset to its end, at most so much at a time.
fn read_all(log: &LocalLog, stream: &str, shard: u32, mut offset: u64, limit: ReadLimit) -> Vec<Record> {
    let (mut read, mut arrival) = (Vec::new(), 0);
    loop {
        let records = log.read_from(stream, ShardId(shard), offset, limit).unwrap();
        for block in &records.blocks {
            assert!(block.arrival() >= arrival, "arrival went back");
            arrival = block.arrival();
            read.extend(block.records().map(|record| (record.partition_key.to_owned(), record.data.to_vec())));
        }
        offset = records.next;
        if let Some(complete) = records.complete_until {
            assert!(complete >= arrival);
            assert_eq!(records.millis_behind, 0);
            return read;
        }
        assert!(!records.blocks.is_empty(), "a read before the end brought nothing");
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else if entry.file_name().to_string_lossy().ends_with(".jnl") {
            // A journal is made 64 MiB long, nearly all of it a hole.
            let done = Command::new("cp").arg("--sparse=always").arg(entry.path()).arg(&to).status().unwrap();
            assert!(done.success());
        } else {
            fs::copy(entry.path(), &to).unwrap();
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Append(Vec<(u8, Vec<u8>)>),
    Reopen,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let record = (any::<u8>(), prop::collection::vec(any::<u8>(), 0..200));
    let step = prop_oneof![
        8 => prop::collection::vec(record, 0..60).prop_map(Step::Append),
        1 => Just(Step::Reopen),
    ];
    prop::collection::vec(step, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn reads_what_was_appended(steps in steps(), shards in 1..5u32, from in 0..40u64, some in 1..20usize, bytes in 1..900usize) {
        let dir = TempDir::new().unwrap();
        let mut log = open(dir.path());
        log.create_stream("s", Capacity::Provisioned(shards)).unwrap();
        let ranges: Vec<_> = log.describe_stream("s").unwrap().shards.into_iter().map(|shard| shard.range).collect();
        let mut model = vec![Vec::<Record>::new(); shards as usize];
        for step in steps {
            match step {
                Step::Append(given) => {
                    let mut appends = Appends::new();
                    let mut places = Vec::new();
                    for (key, data) in given {
                        let key = format!("key {key}");
                        appends.push(&key, &data);
                        let hash = hash_key(&key);
                        let shard = ranges.iter().position(|range| range.contains(hash)).unwrap();
                        let id = ShardId(u32::try_from(shard).unwrap());
                        places.push(Place { shard: id, offset: model[shard].len() as u64 });
                        model[shard].push((key, data));
                    }
                    let placed = log.append_records("s", &appends).unwrap();
                    prop_assert_eq!(placed.places(), &places[..]);
                }
                Step::Reopen => {
                    drop(log);
                    log = open(dir.path());
                }
            }
        }
        for (shard, expected) in (0u32..).zip(&model) {
            let from = from.min(expected.len() as u64);
            let tail = &expected[usize::try_from(from).unwrap()..];
            prop_assert_eq!(&read_all(&log, "s", shard, from, ALL)[..], tail);
            prop_assert_eq!(&read_all(&log, "s", shard, from, ReadLimit { records: some, bytes })[..], tail);
        }
        let stats = log.stats("s").unwrap();
        prop_assert_eq!(stats.records, model.iter().map(Vec::len).sum::<usize>() as u64);
        prop_assert_eq!(stats.bytes, model.iter().flatten().map(|(_, data)| data.len()).sum::<usize>() as u64);
    }
}

#[test]
fn a_limit_stops_before_the_record_that_passes_it() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    log.create_stream("s", Capacity::Provisioned(1)).unwrap();
    log.append_records("s", &records(&[("a", b"12345"), ("a", b"12345"), ("a", b"12345")])).unwrap();
    let read = |records, bytes| log.read_from("s", ShardId(0), 0, ReadLimit { records, bytes }).unwrap();
    assert_eq!((read(9, 9).next, read(9, 10).next, read(9, 14).next), (1, 2, 2));
    assert_eq!((read(9, 4).next, read(9, 0).next), (1, 1), "one is always given");
    assert_eq!(read(2, 99).next, 2);
    assert_eq!(read(2, 99).complete_until, None);
    assert_eq!(read(3, 99).next, 3);
    assert!(read(3, 99).complete_until.is_some());
    assert!(matches!(log.read_from("s", ShardId(0), 4, ALL), Err(LogError::InvalidCursor)));
    assert!(matches!(log.read_from("s", ShardId(1), 0, ALL), Err(LogError::UnknownShard { .. })));
}

#[test]
fn large_appends_are_split_into_blocks() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    log.create_stream("s", Capacity::Provisioned(1)).unwrap();
    let mut appends = Appends::new();
    for index in 0..40_000u32 {
        appends.push("k", &index.to_be_bytes());
    }
    appends.push("k", &vec![0; 3 << 20]);
    appends.push("k", b"end");
    log.append_records("s", &appends).unwrap();
    let records = log.read_from("s", ShardId(0), 0, ALL).unwrap();
    assert_eq!(records.blocks.iter().map(Block::len).collect::<Vec<_>>(), [16_384, 16_384, 7_233, 1]);
    let first = log.offset_of("s", ShardId(0), &Position::At(records.blocks[1].sequence(5))).unwrap();
    assert_eq!(first, 16_389);
}

/// What may happen to a stream whose shards come and go.
#[derive(Debug, Clone)]
enum Change {
    Append(Vec<u8>),
    Split(u8, u128),
    Merge(u8),
    Reopen,
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        6 => prop::collection::vec(any::<u8>(), 1..30).prop_map(Change::Append),
        2 => (any::<u8>(), any::<u128>()).prop_map(|(shard, at)| Change::Split(shard, at)),
        2 => any::<u8>().prop_map(Change::Merge),
        1 => Just(Change::Reopen),
    ];
    prop::collection::vec(change, 1..25)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Every record is found once, in the order of its key, by who follows the shards; ranges never leave a gap.
    #[test]
    fn shards_that_come_and_go_keep_every_record(changes in changes(), shards in 1..4u32) {
        let dir = TempDir::new().unwrap();
        let mut log = open(dir.path());
        log.create_stream("s", Capacity::Provisioned(shards)).unwrap();
        let (mut expected, mut count) = (BTreeMap::<String, Vec<u32>>::new(), 0_u32);
        for change in changes {
            let open_shards = log.describe_stream("s").unwrap().shards;
            match change {
                Change::Append(keys) => {
                    let mut appends = Appends::new();
                    for key in keys {
                        let key = format!("key {}", key % 16);
                        appends.push(&key, &count.to_be_bytes());
                        expected.entry(key).or_default().push(count);
                        count += 1;
                    }
                    let routes = log.routes("s", &appends).unwrap();
                    let placed = log.append_records("s", &appends).unwrap();
                    prop_assert_eq!(placed.places().iter().map(|place| place.shard).collect::<Vec<_>>(), routes);
                }
                Change::Split(shard, at) => {
                    let shard = &open_shards[shard as usize % open_shards.len()];
                    let width = shard.range.end - shard.range.start;
                    let at = if width == 0 { at } else { shard.range.start + at % width + 1 };
                    match log.split_shard("s", shard.id, at) {
                        Ok([_, upper]) => {
                            let listed = log.all_shards("s").unwrap();
                            let upper = listed.iter().find(|listed| listed.shard.id == upper).unwrap();
                            prop_assert_eq!(upper.shard.range.start, at);
                            prop_assert_eq!(&upper.shard.parents, &[shard.id]);
                        }
                        Err(ReshardError::Outside { .. }) => prop_assert_eq!(width, 0),
                        Err(error) => panic!("{error}"),
                    }
                }
                Change::Merge(shard) => {
                    let at = shard as usize % open_shards.len();
                    if let Some(other) = open_shards.get(at + 1) {
                        log.merge_shards("s", other.id, open_shards[at].id).unwrap();
                        let closed = log.merge_shards("s", other.id, open_shards[at].id);
                        prop_assert!(matches!(closed, Err(ReshardError::Closed(_))));
                    }
                }
                Change::Reopen => {
                    drop(log);
                    log = open(dir.path());
                }
            }
            let ranges: Vec<HashKeyRange> = log.describe_stream("s").unwrap().shards.iter().map(|shard| shard.range).collect();
            prop_assert_eq!((ranges[0].start, ranges[ranges.len() - 1].end), (0, u128::MAX));
            prop_assert!(ranges.windows(2).all(|pair| pair[0].end + 1 == pair[1].start), "{:?}", ranges);
        }
        let listed: Vec<Shard> = log.all_shards("s").unwrap().into_iter().map(|listed| listed.shard).collect();
        let mut lineage = Lineage::begin(&listed, &Position::Earliest);
        let mut found = BTreeMap::<String, Vec<u32>>::new();
        loop {
            let due = lineage.due();
            if due.is_empty() {
                break;
            }
            for shard in due {
                let read = log.read_from("s", shard, 0, ALL).unwrap();
                for record in read.blocks.iter().flat_map(Block::records) {
                    let number = u32::from_be_bytes(record.data.try_into().unwrap());
                    found.entry(record.partition_key.to_owned()).or_default().push(number);
                }
                let is_open = listed.iter().any(|listed| listed.id == shard && listed.open);
                prop_assert_eq!(read.ended.is_none(), is_open);
                prop_assert_eq!(read.complete_until.is_some(), is_open);
                if let Some(children) = read.ended {
                    lineage.end(shard, &children);
                }
            }
        }
        prop_assert_eq!(found, expected);
    }
}

#[test]
fn scaling_makes_shards_of_one_size_in_few_steps() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    let starts = |log: &LocalLog| -> Vec<u128> {
        log.describe_stream("s").unwrap().shards.iter().map(|shard| shard.range.start).collect()
    };
    log.create_stream("s", Capacity::Provisioned(3)).unwrap();
    for (count, listed) in [(6, 9), (3, 12), (5, 22), (10, 32), (1, 41)] {
        log.scale_shards("s", count).unwrap();
        assert_eq!(starts(&log).len(), count as usize);
        let even = HashKeyRange::split(count);
        let off = starts(&log).iter().zip(&even).map(|(start, even)| start.abs_diff(even.start)).max().unwrap();
        assert!(off < 1 << 100, "{count}: {off}");
        assert_eq!(log.all_shards("s").unwrap().len(), listed, "{count}");
    }
    log.scale_shards("s", 1).unwrap();
    assert_eq!(log.all_shards("s").unwrap().len(), 41, "there is nothing to do");
    log.scale_shards("s", 2_000).unwrap();
    assert_eq!(starts(&log).len(), 2_000);
    drop(log);
    assert_eq!(starts(&open(dir.path())).len(), 2_000);
}

#[test]
fn who_reads_while_records_are_removed_goes_on_behind_them() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    log.create_stream("s", Capacity::Provisioned(1)).unwrap();
    let begin = now() - 1_000_000;
    for index in 0..6_000 {
        log.append_arrived("s", begin + index, &records(&[("k", b"x")])).unwrap();
    }
    let done = std::sync::atomic::AtomicBool::new(false);
    let done = &done;
    thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|reader| {
                let log = &log;
                scope.spawn(move || {
                    let mut reads = 0_u64;
                    while !done.load(std::sync::atomic::Ordering::Relaxed) {
                        let time = begin + i64::try_from(reads % 6_000).unwrap();
                        log.offset_of("s", ShardId(0), &Position::AtTime(time)).unwrap();
                        log.read_from("s", ShardId(0), reader, ReadLimit { records: 10, bytes: 1000 }).unwrap();
                        reads += 1;
                    }
                    reads
                })
            })
            .collect();
        for round in 1..=60 {
            log.expire("s", begin + round * 100).unwrap();
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        for reader in readers {
            assert!(reader.join().unwrap() > 0);
        }
    });
    assert_eq!(log.stats("s").unwrap().records, 0);
}

#[test]
fn writers_beside_a_resharding_lose_nothing() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    log.create_stream("s", Capacity::Provisioned(1)).unwrap();
    thread::scope(|scope| {
        for writer in 0..3 {
            let log = &log;
            scope.spawn(move || {
                for number in 0..200 {
                    log.append_records("s", &records(&[(&format!("{writer} {}", number % 7), b"x")])).unwrap();
                }
            });
        }
        for _ in 0..20 {
            let shards = log.describe_stream("s").unwrap().shards;
            log.split_shard(
                "s",
                shards[0].id,
                shards[0].range.start + (shards[0].range.end - shards[0].range.start) / 2,
            )
            .unwrap();
            let shards = log.describe_stream("s").unwrap().shards;
            if shards.len() > 3 {
                log.merge_shards("s", shards[0].id, shards[1].id).unwrap();
            }
        }
    });
    assert_eq!(log.stats("s").unwrap().records, 600);
    drop(log);
    assert_eq!(open(dir.path()).stats("s").unwrap().records, 600);
}

#[test]
fn what_is_kept_no_longer_is_gone_and_so_are_shards_without_records() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    log.create_stream("s", Capacity::Provisioned(1)).unwrap();
    let old = now() - 100_000;
    log.append_arrived("s", old, &records(&[("a", b"old"), ("b", b"old")])).unwrap();
    log.append_arrived("s", old + 10, &records(&[("a", b"newer")])).unwrap();
    log.expire("s", old + 5).unwrap();
    assert_eq!(read_all(&log, "s", 0, 0, ALL), [("a".to_owned(), b"newer".to_vec())]);
    assert_eq!(log.offset_of("s", ShardId(0), &Position::Earliest).unwrap(), 2);
    // The last block stays on the disk, and nobody sees it.
    log.expire("s", old + 11).unwrap();
    assert_eq!(log.stats("s").unwrap().records, 0);
    assert_eq!(log.offset_of("s", ShardId(0), &Position::Earliest).unwrap(), 3);
    let next = log.append_records("s", &records(&[("a", b"now")])).unwrap();
    assert_eq!(next.places()[0].offset, 3);
    assert_eq!(read_all(&log, "s", 0, 0, ALL), [("a".to_owned(), b"now".to_vec())]);
    log.expire("s", old + 12).unwrap();
    assert_eq!(read_all(&log, "s", 0, 0, ALL).len(), 1);

    log.split_shard("s", ShardId(0), 1 << 100).unwrap();
    log.expire("s", now() - 50_000).unwrap();
    assert_eq!(log.all_shards("s").unwrap().len(), 3, "it has a record still");
    thread::sleep(Duration::from_millis(5));
    log.expire("s", now()).unwrap();
    let ids = |log: &LocalLog| log.all_shards("s").unwrap().iter().map(|listed| listed.shard.id.0).collect::<Vec<_>>();
    assert_eq!(ids(&log), [1, 2]);
    assert!(matches!(log.read_from("s", ShardId(0), 4, ALL), Err(LogError::UnknownShard { .. })));
    drop(log);
    let log = open(dir.path());
    assert_eq!(ids(&log), [1, 2]);
    log.append_records("s", &records(&[("a", b"after")])).unwrap();
    assert_eq!(log.stats("s").unwrap().records, 1);
}

#[test]
fn room_is_given_back_though_somebody_reads_while_records_go() {
    let place = TempDir::new().unwrap();
    let log = open(place.path());
    log.create_stream("s", Capacity::Provisioned(1)).unwrap();
    let data = vec![7; 100_000];
    for number in 0..50 {
        log.append_arrived("s", number, &records(&[("k", &data)])).unwrap();
    }
    log.storage.make_room().unwrap();
    let blobs = || fs::read_dir(log.storage.records.path().join("blobs")).unwrap().count();
    assert!(blobs() > 0);
    let reading = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut read = log.storage.records.iter();
            assert!(read.next().is_some());
            reading.wait();
            thread::sleep(Duration::from_millis(100));
        });
        reading.wait();
        log.delete_stream("s").unwrap();
        log.tend().unwrap();
        log.storage.make_room().unwrap();
    });
    assert_eq!(blobs(), 0);
}

#[test]
fn commits_to_several_streams_and_state_at_once() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    for stream in ["a", "b"] {
        log.create_stream(stream, Capacity::Provisioned(2)).unwrap();
    }
    let (one, two) = (records(&[("x", b"1"), ("y", b"2")]), records(&[("x", b"3")]));
    let commit = |last| Commit {
        appends: vec![("b", &one), ("a", &one), (last, &two)],
        state: vec![("position", b"17".to_vec())],
    };
    let refused = log.commit(commit("c"));
    assert!(matches!(refused, Err(LogError::UnknownStream { stream }) if stream == "c"));
    assert_eq!(log.state("position").unwrap(), None);
    assert_eq!(log.stats("a").unwrap().records, 0);

    let placed = log.commit(commit("b")).unwrap();
    assert_eq!(placed[2].places()[0].offset, placed[0].places()[0].offset + 1);
    drop(log);
    let log = open(dir.path());
    assert_eq!(log.state("position").unwrap().unwrap(), "17");
    assert_eq!((log.stats("a").unwrap().records, log.stats("b").unwrap().records), (2, 3));
}

#[test]
fn writers_of_crossing_streams_do_not_wait_for_each_other_forever() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    for stream in ["a", "b"] {
        log.create_stream(stream, Capacity::Provisioned(3)).unwrap();
    }
    let start = Arc::new(Barrier::new(4));
    let writers: Vec<_> = (0..4u8)
        .map(|writer| {
            let (log, start) = (Arc::clone(&log), Arc::clone(&start));
            thread::spawn(move || {
                start.wait();
                for turn in 0..50u8 {
                    let given = keyed((0..20).map(|key| format!("{writer} {turn} {key}")), b"x");
                    let streams = if writer % 2 == 0 { ["a", "b"] } else { ["b", "a"] };
                    log.commit(Commit { appends: streams.map(|s| (s, &given)).to_vec(), ..Commit::default() }).unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
    for stream in ["a", "b"] {
        assert_eq!((0..3).map(|shard| read_all(&log, stream, shard, 0, ALL).len()).sum::<usize>(), 4 * 50 * 20);
    }
}

#[test]
fn positions_are_where_they_say() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    log.create_stream("s", Capacity::Provisioned(1)).unwrap();
    let at = |position| log.offset_of("s", ShardId(0), &position);
    let start = log.describe_stream("s").unwrap().shards.remove(0).starting_sequence;
    assert_eq!(at(Position::At(start.clone())).unwrap(), 0);
    assert_eq!(at(Position::After(start.clone())).unwrap(), 0, "the first record is still to come");
    assert_eq!(at(Position::AtTime(0)).unwrap(), 0);

    let mut arrivals = Vec::new();
    while arrivals.len() < 40 {
        let next = log.stats("s").unwrap().records;
        log.append_records("s", &records(&[("k", b"1"), ("k", b"2"), ("k", b"3")])).unwrap();
        let arrival = log.read_from("s", ShardId(0), next, ALL).unwrap().blocks[0].arrival();
        arrivals.push((arrival, next));
        while now() <= arrival + 1 {
            thread::yield_now();
        }
    }
    for (arrival, offset) in &arrivals {
        let first = arrivals.iter().find(|(other, _)| other == arrival).unwrap().1;
        assert_eq!(at(Position::AtTime(*arrival)).unwrap(), first);
        assert_eq!(at(Position::AtTime(arrival + 1)).unwrap(), offset + 3);
    }
    assert_eq!(at(Position::AtTime(i64::MAX)).unwrap(), 120);
    assert_eq!(at(Position::Latest).unwrap(), 120);
    let numbering = log.stream("s").unwrap().numbering(ShardId(0));
    assert_eq!(at(Position::At(numbering.number(7))).unwrap(), 7);
    assert_eq!(at(Position::After(numbering.number(7))).unwrap(), 8);
    assert!(matches!(at(Position::At(numbering.number(120))), Err(LogError::InvalidSequence { .. })));
    let other = SequenceNumber::parse("7").unwrap();
    assert!(matches!(at(Position::At(other)), Err(LogError::InvalidSequence { .. })));
}

#[test]
fn arrivals_do_not_go_behind_what_was_promised() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    log.create_stream("s", Capacity::Provisioned(1)).unwrap();
    let promised = now() + 60_000;
    log.stream("s").unwrap().shards[0].lock().last = promised;
    assert_eq!(log.read_from("s", ShardId(0), 0, ALL).unwrap().complete_until, Some(promised));
    log.append_records("s", &records(&[("k", b"1")])).unwrap();
    assert_eq!(log.read_from("s", ShardId(0), 0, ALL).unwrap().blocks[0].arrival(), promised);
}

#[test]
fn a_removed_stream_is_gone_and_its_name_free() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    log.create_stream("s", Capacity::OnDemand).unwrap();
    assert!(matches!(log.create_stream("s", Capacity::OnDemand), Err(LogError::StreamExists { .. })));
    log.create_stream("kept", Capacity::Provisioned(1)).unwrap();
    log.append_records("kept", &records(&[("k", b"1")])).unwrap();
    log.append_records("s", &records(&[("k", b"1"), ("l", b"2")])).unwrap();
    let (old, made) = (log.stream("s").unwrap(), log.describe_stream("s").unwrap());
    log.delete_stream("s").unwrap();
    assert!(matches!(log.append_records("s", &records(&[("k", b"1")])), Err(LogError::UnknownStream { .. })));
    assert_eq!(old.shards[0].lock().life, shard::Life::Removed, "whoever still has the stream in hand cannot write");
    log.tend().unwrap();
    assert_eq!(log.storage.records.len().unwrap(), 1);

    log.create_stream("s", Capacity::Provisioned(4)).unwrap();
    let again = log.describe_stream("s").unwrap();
    assert_eq!(log.stats("s").unwrap(), StreamStats::default());
    let stale = Position::At(made.shards[0].starting_sequence.clone());
    assert!(matches!(log.offset_of("s", ShardId(0), &stale), Err(LogError::InvalidSequence { .. })));
    drop(log);
    let log = open(dir.path());
    assert_eq!(log.describe_stream("s").unwrap(), again);
    assert_eq!(log.stream_names(), ["kept", "s"]);
    assert_ne!(log.stream("s").unwrap().id, old.id);
    assert_eq!(read_all(&log, "kept", 0, 0, ALL).len(), 1);
}

#[test]
fn a_reader_of_a_stream_that_is_removed_is_told_so() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    for _ in 0..20 {
        log.create_stream("s", Capacity::Provisioned(1)).unwrap();
        for _ in 0..50 {
            log.append_records("s", &records(&[("k", b"1")])).unwrap();
        }
        let reader = thread::spawn({
            let log = Arc::clone(&log);
            move || {
                loop {
                    if let Err(error) = log.read_from("s", ShardId(0), 7, ALL) {
                        return error;
                    }
                }
            }
        });
        log.delete_stream("s").unwrap();
        log.tend().unwrap();
        let error = reader.join().unwrap();
        assert!(matches!(error, LogError::UnknownStream { .. }), "{error}");
    }
}

#[test]
fn the_room_of_a_large_stream_is_given_back_when_it_is_removed() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    for stream in ["kept", "s"] {
        log.create_stream(stream, Capacity::Provisioned(1)).unwrap();
    }
    // What does not compress, for the files to be as large as the records.
    let mut data = Vec::new();
    for number in 0u32..80_000 {
        data.extend_from_slice(&hash_key(&number.to_string()).to_be_bytes());
    }
    let mut appends = Appends::new();
    for part in data.chunks(100_000) {
        appends.push("k", part);
    }
    for _ in 0..60 {
        log.append_records("s", &appends).unwrap();
    }
    log.append_records("kept", &appends).unwrap();
    log.delete_stream("s").unwrap();
    drop(log);
    // A process that dies leaves it to the next one, however far it has come.
    let log = open(dir.path());
    log.sweep().unwrap();
    drop(log);
    let log = open(dir.path());
    log.tend().unwrap();
    let after = log.storage.records.disk_space();
    assert!(after < 2 * data.len() as u64, "{after} bytes left of {}", 61 * data.len());
    assert_eq!(read_all(&log, "kept", 0, 0, ALL).iter().map(|(_, data)| data.len()).sum::<usize>(), data.len());
}

#[test]
fn an_interrupted_removal_is_finished_later() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    log.create_stream("s", Capacity::Provisioned(1)).unwrap();
    log.append_records("s", &records(&[("k", b"1")])).unwrap();
    let mut batch = log.storage.batch();
    batch.remove(&log.storage.state, catalogue::stream_key("s"));
    batch.insert(&log.storage.state, "doomed/0", "");
    log.storage.commit(batch).unwrap();
    drop(log);
    let log = open(dir.path());
    log.tend().unwrap();
    assert!(log.stream_names().is_empty());
    assert_eq!(log.storage.records.len().unwrap(), 0);
    assert_eq!(log.storage.state.prefix("doomed/").count(), 0);
}

#[test]
fn a_folder_in_use_is_refused_and_so_is_another_format() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    assert!(matches!(LocalLog::open(dir.path(), Durability::Power), Err(LogError::Locked { .. })));
    let mut batch = log.storage.batch();
    batch.insert(&log.storage.state, "format", "99");
    log.storage.commit(batch).unwrap();
    drop(log);
    let refused = LocalLog::open(dir.path(), Durability::Process).err().unwrap();
    assert!(refused.to_string().ends_with("holds format 99, which this version cannot read"), "{refused}");
}

#[test]
fn a_folder_without_the_ends_of_its_shards_is_taken_over() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    for name in ["one", "other"] {
        log.create_stream(name, Capacity::Provisioned(3)).unwrap();
        for turn in 0..5 {
            log.append_records(name, &keyed((0..7).map(|key| format!("{turn} {key}")), b"some data")).unwrap();
        }
    }
    let ends = |log: &LocalLog| {
        let of = |name: &str| log.stream(name).unwrap().shards.iter().map(|shard| *shard.lock()).collect::<Vec<_>>();
        [of("one"), of("other")]
    };
    let before = ends(&log);
    assert!(before[0].iter().any(|tip| tip.next > 0));
    // As the first format has it.
    let mut batch = log.storage.batch();
    for guard in log.storage.state.prefix("tip/") {
        batch.remove(&log.storage.state, guard.key().unwrap());
    }
    batch.insert(&log.storage.state, "format", "1");
    log.storage.commit(batch).unwrap();
    drop(log);
    for _ in 0..2 {
        let log = open(dir.path());
        assert_eq!(ends(&log), before);
    }
}

#[test]
fn a_folder_half_made_is_made_again() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("0.jnl"), "").unwrap();
    fs::write(dir.path().join("lock"), "").unwrap();
    open(dir.path()).create_stream("s", Capacity::Provisioned(1)).unwrap();
    assert_eq!(open(dir.path()).stream_names(), ["s"]);
}

#[test]
fn a_folder_that_has_lost_a_file_is_not_begun_anew() {
    let keyspace_of_state = |dir: &Path| {
        let log = open(dir);
        log.create_stream("s", Capacity::Provisioned(1)).unwrap();
        log.append_records("s", &records(&[("k", b"kept")])).unwrap();
        log.settle().unwrap();
        log.storage.state.path().to_owned()
    };
    for lost in ["version", "state"] {
        let dir = TempDir::new().unwrap();
        let state = keyspace_of_state(dir.path());
        let lost = if lost == "state" { state.join("current") } else { dir.path().join(lost) };
        let kept = fs::read(&lost).unwrap();
        fs::remove_file(&lost).unwrap();
        let Err(error) = LocalLog::open(dir.path(), Durability::Process) else { panic!("{}", lost.display()) };
        assert!(matches!(error, LogError::Format { .. }), "{error}");
        // Whoever has it still brings it back.
        if lost.ends_with("version") {
            fs::write(&lost, kept).unwrap();
            assert_eq!(read_all(&open(dir.path()), "s", 0, 0, ALL).len(), 1);
        }
    }
}

#[test]
fn what_was_acknowledged_survives_without_a_close() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    log.create_stream("s", Capacity::Provisioned(2)).unwrap();
    let mut acknowledged = 0;
    for crash in 0..6 {
        for turn in 0..50 {
            let given = keyed((0..7).map(|key| format!("{crash} {turn} {key}")), &[b'x'; 5_000]);
            acknowledged += log.append_records("s", &given).unwrap().places().len();
        }
        let crashed = TempDir::new().unwrap();
        copy(dir.path(), crashed.path());
        let log = open(crashed.path());
        let read: usize = (0..2).map(|shard| read_all(&log, "s", shard, 0, ALL).len()).sum();
        assert_eq!(read, acknowledged);
    }
}

#[test]
fn a_journal_cut_anywhere_keeps_all_before_the_cut() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    log.create_stream("s", Capacity::Provisioned(1)).unwrap();
    let journal = dir.path().join("0.jnl");
    // How far the journal was written when each commit had returned: whatever is there must then be read.
    let mut written = vec![used(&journal)];
    for turn in 0..10u8 {
        log.append_records("s", &records(&[("k", &[b'a' + turn; 20])])).unwrap();
        written.push(used(&journal));
    }
    let bytes = fs::read(&journal).unwrap();
    for cut in (written[0]..=written[10]).step_by(7) {
        let crashed = TempDir::new().unwrap();
        copy(dir.path(), crashed.path());
        fs::write(crashed.path().join("0.jnl"), &bytes[..cut]).unwrap();
        let log = open(crashed.path());
        let whole = written[1..].iter().filter(|end| **end <= cut).count();
        let read = read_all(&log, "s", 0, 0, ALL);
        assert_eq!(read.len(), whole, "cut at {cut}");
        log.append_records("s", &records(&[("k", b"after")])).unwrap();
        assert_eq!(read_all(&log, "s", 0, 0, ALL).len(), whole + 1);
    }
}

/// Returns where the zeroes at a journal's end begin.
fn used(journal: &Path) -> usize {
    let bytes = fs::read(journal).unwrap();
    bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

#[test]
fn a_commit_is_seen_by_who_waits_for_it() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    log.create_stream("s", Capacity::Provisioned(1)).unwrap();
    let mut version = log.version();
    version.mark_unchanged();
    log.append_records("s", &records(&[("k", b"1")])).unwrap();
    assert!(version.has_changed().unwrap());
}

#[test]
fn what_is_trimmed_is_gone_and_the_rest_goes_on() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    log.create_stream("s", Capacity::Provisioned(1)).unwrap();
    for number in 0..10_u8 {
        log.append_records("s", &records(&[("k", &[number; 100]), ("k", &[number; 50])])).unwrap();
    }
    log.trim("s", ShardId(0), 0).unwrap();
    assert_eq!(read_all(&log, "s", 0, 0, ALL).len(), 20);
    // Within a block: all of it stays.
    log.trim("s", ShardId(0), 7).unwrap();
    let kept = |log: &LocalLog| read_all(log, "s", 0, 0, ALL).first().map(|(_, data)| data[0]);
    assert_eq!(kept(&log), Some(3));
    let stats = log.stats("s").unwrap();
    assert_eq!((stats.records, stats.bytes, log.bytes_given("s").unwrap()), (14, 7 * 150, 1500));
    assert_eq!(log.offset_of("s", ShardId(0), &Position::Earliest).unwrap(), 6);
    assert_eq!(log.offset_of("s", ShardId(0), &Position::AtTime(0)).unwrap(), 6);
    drop(log);
    let log = open(dir.path());
    let again = log.stats("s").unwrap();
    assert_eq!((again.records, again.bytes, again.first_arrival), (stats.records, stats.bytes, stats.first_arrival));
    assert_eq!(kept(&log), Some(3));
    // The last block stays, so that nothing is numbered twice.
    log.trim("s", ShardId(0), 20).unwrap();
    drop(log);
    let log = open(dir.path());
    assert_eq!((kept(&log), log.stats("s").unwrap().records), (Some(9), 2));
    let placed = log.append_records("s", &records(&[("k", b"next")])).unwrap();
    assert_eq!(placed.places()[0].offset, 20);
    assert_eq!(log.bytes_given("s").unwrap(), 1504);
}

#[test]
fn trimming_gives_the_room_back() {
    const ROUNDS: u64 = 300;
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    log.create_stream("s", Capacity::Provisioned(1)).unwrap();
    let megabyte = vec![7; 1 << 20];
    // Ten behind all the time, so that what is trimmed has been written to files.
    for round in 0..ROUNDS {
        log.append_records("s", &records(&[("k", &megabyte)])).unwrap();
        log.trim("s", ShardId(0), round.saturating_sub(10)).unwrap();
        log.tend().unwrap();
    }
    let used = size(dir.path());
    assert!(used < 200 << 20, "{used} bytes for eleven records of a megabyte, after {ROUNDS}");
}

#[test]
fn what_is_not_in_files_yet_is_little_however_fast_records_come() {
    let dir = TempDir::new().unwrap();
    let log = open(dir.path());
    log.create_stream("s", Capacity::Provisioned(1)).unwrap();
    // What packs well takes its time to become files.
    let data = vec![b'x'; 4 << 20];
    for _ in 0..100 {
        log.append_records("s", &records(&[("k", &data)])).unwrap();
        let unsealed = log.storage.records.tree.active_memtable().size();
        assert!(unsealed < 16 << 20, "{unsealed}");
        assert!(log.storage.records.sealed_memtable_count() < 5);
    }
}

#[test]
fn what_is_kept_no_longer_gives_its_room_back_at_once() {
    let dir = TempDir::new().unwrap();
    // What does not compress, for the files to be as large as the records.
    let data: Vec<u8> = (0_u32..60_000).flat_map(|number| hash_key(&number.to_string()).to_be_bytes()).collect();
    {
        let log = open(dir.path());
        log.create_stream("s", Capacity::Provisioned(1)).unwrap();
        for _ in 0..100 {
            log.append_arrived("s", now() - 100_000, &records(&[("k", &data)])).unwrap();
        }
        log.append_records("s", &records(&[("k", b"young")])).unwrap();
    }
    let log = open(dir.path());
    assert!(size(dir.path()) > 80 << 20);
    log.expire("s", now() - 50_000).unwrap();
    log.tend().unwrap();
    let left = size(dir.path());
    assert!(left < 50 << 20, "{left} bytes left");
}

/// Returns how much a folder takes up on the disk.
fn size(path: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(path).unwrap();
    if metadata.is_dir() {
        return fs::read_dir(path).unwrap().map(|entry| size(&entry.unwrap().path())).sum();
    }
    metadata.blocks() * 512
}
