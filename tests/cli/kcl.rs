//! The Kinesis Client Library on `pipe kinesis`, unchanged: it polls or has records pushed over HTTP/2, follows a split and a
//! merge, and takes apart what the Kinesis Producer Library puts together. Its leases are in `MiniStack`'s `DynamoDB`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use super::harness::{Place, wait_for};
use super::kinesis::Kinesis;
use crate::peers::{self, ministack::MiniStack};

/// How many user records there are before the split, before the merge, and in the end.
const PARTS: [usize; 3] = [280, 520, 800];

/// The lines of each partition key, in their order: shard, key, sequence number, sub-sequence number, data.
fn by_key(text: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut keys = BTreeMap::<&str, Vec<&str>>::new();
    for line in text.lines() {
        keys.entry(line.split('\t').nth(1).unwrap()).or_default().push(line);
    }
    keys
}

fn follow(library: &Path, venv: &Path, retrieval: &str) {
    let Some(stack) = MiniStack::start("the leases of the Kinesis Client Library") else { return };
    let place = Place::empty();
    let kinesis = Kinesis::start(&place, &["--no-limits", "--delay", "0s"]);
    let told = |command: &mut Command| {
        command.envs(peers::ministack::KEY).env("AWS_REGION", "us-east-1").env("AWS_DEFAULT_REGION", "us-east-1");
        command.env("AWS_ENDPOINT_URL_KINESIS", kinesis.url()).env("AWS_ENDPOINT_URL_DYNAMODB", stack.url());
        command.env("AWS_ENDPOINT_URL_CLOUDWATCH", stack.url());
        command.env("STREAM", "orders").env("APPLICATION", "consumer").env("RETRIEVAL", retrieval);
    };
    let mut producer = Command::new(venv.join("bin/python"));
    producer.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/kcl/drive.py")).stdin(Stdio::piped());
    told(&mut producer);
    let mut producer = place.spawn(producer);
    wait_for("the first records", || {
        assert!(!producer.has_ended(), "{:?}", producer.said());
        (!producer.said().0.is_empty()).then_some(())
    });
    let mut consumer = Command::new("java");
    consumer.args(["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"]);
    consumer.arg(format!("{0}/*:{0}", library.display())).arg("Consumer");
    told(&mut consumer);
    let mut consumer = place.spawn(consumer);
    for count in PARTS {
        wait_for("the consumer to have read all", || {
            assert!(!consumer.has_ended(), "{retrieval}: {:?}", consumer.said());
            (consumer.said().0.lines().count() >= count).then_some(())
        });
        if count < PARTS[2] {
            producer.tell("");
        }
    }
    let put = producer.ended();
    assert_eq!(put.code(), Some(0), "{put:?}");
    consumer.terminate();
    let read = consumer.ended();
    assert_eq!(read.code(), Some(0), "{}", read.stderr);
    assert_eq!(put.stdout.lines().count(), PARTS[2]);
    assert_eq!(by_key(&read.stdout), by_key(&put.stdout), "{retrieval}");
    kinesis.stop();
}

/// Runs where `PIPE_KCL` names the folder of the library and `PIPE_MINISTACK` that of `MiniStack`; `tests/run` makes both.
#[test]
fn the_kcl_polls_through_a_split_and_a_merge_where_pipe_kcl_names_its_folder() {
    let what = "the Kinesis Client Library that polls";
    let (Some(library), Some(venv)) = (peers::kcl(what), peers::environment(what)) else { return };
    follow(&library, &venv, "polling");
}

/// The same with enhanced fan-out.
#[test]
fn the_kcl_is_pushed_records_through_a_split_and_a_merge_where_pipe_kcl_names_its_folder() {
    let what = "the Kinesis Client Library that has records pushed";
    let (Some(library), Some(venv)) = (peers::kcl(what), peers::environment(what)) else { return };
    follow(&library, &venv, "fanout");
}
