//! `kill -9` for real: a process appends and says what was acknowledged, is killed, and another one reads.

use std::{
    env,
    io::{self, BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use pipe::streams::{
    Appends, Capacity, ReadLimit, ShardId,
    local::{Commit, Durability, LocalLog},
};
use tempfile::TempDir;

/// Names the folder to the process that is to be killed.
const FOLDER: &str = "PIPE_TEST_CRASH";
const SHARDS: u32 = 3;
const RECORDS: u64 = 50;
const ALL: ReadLimit = ReadLimit { records: usize::MAX, bytes: usize::MAX };

/// Not a test by itself: what the test below runs as a process of its own.
#[test]
#[ignore = "the part of the process that is killed"]
fn appends_until_it_is_killed() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let log = LocalLog::open(Path::new(&folder), Durability::Process).unwrap();
    if log.stream_names().is_empty() {
        log.create_stream("s", Capacity::Provisioned(SHARDS)).unwrap();
    }
    let mut commits = commits(&log);
    loop {
        commits += 1;
        let mut appends = Appends::new();
        for record in 0..RECORDS {
            appends.push(&format!("key {record}"), &[b'x'; 300]);
        }
        let state = vec![("commits", commits.to_string().into_bytes())];
        log.commit(Commit { appends: vec![("s", &appends)], state }).unwrap();
        // Straight to the pipe, as the harness keeps back what is printed.
        writeln!(io::stderr(), "acknowledged {commits}").unwrap();
    }
}

fn commits(log: &Arc<LocalLog>) -> u64 {
    let state = log.state("commits").unwrap();
    state.map_or(0, |commits| std::str::from_utf8(&commits).unwrap().parse().unwrap())
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let dir = TempDir::new().unwrap();
    let mut before = 0;
    for kill in 0..5 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "suite::crash::appends_until_it_is_killed", "--ignored", "--nocapture"])
            .env(FOLDER, dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let wanted = before + 20 + kill * 150;
        let acknowledged = loop {
            let line = lines.next().expect("it goes on until it is killed").unwrap();
            let number = line.strip_prefix("acknowledged ").map_or(0, |number| number.parse().unwrap());
            if number >= wanted {
                break number;
            }
        };
        child.kill().unwrap();
        child.wait().unwrap();

        let log = LocalLog::open(dir.path(), Durability::Process).unwrap();
        let commits = commits(&log);
        assert!(commits >= acknowledged, "{commits} commits of {acknowledged} acknowledged");
        assert_eq!(log.stats("s").unwrap().records, commits * RECORDS, "records and state are of one commit");
        let read: usize = (0..SHARDS)
            .flat_map(|shard| log.read_from("s", ShardId(shard), 0, ALL).unwrap().blocks)
            .map(|block| block.len())
            .sum();
        assert_eq!(read as u64, commits * RECORDS);
        before = commits;
    }
}
