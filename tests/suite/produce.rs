//! Generators into a Kinesis that refuses: nothing is lost, and every key keeps its order.

use std::collections::BTreeMap;
use std::sync::Arc;

use pipe::{
    document::Document,
    generate::{IntoLog, Pacing, Records, Run},
    plan::Plan,
    spec::Spec,
    streams::{
        Appends, Block, Capacity, Log, Position, ReadLimit, ShardId,
        kinesis::{Credentials, KinesisLog},
    },
};
use tokio::sync::watch;

use super::endpoint::Endpoint;
use crate::faults::{Fault, Proxy};

const PIPELINE: &str = r#"
[pipeline]
name = "numbers"

[streams.numbers]
partition_key = "name"
[streams.numbers.columns]
number = "BIGINT"
name   = "VARCHAR(8)"

[streams.seen]

[generators.numbers]
rate = "100000/s"
seed = 5
[generators.numbers.fields]
number = { kind = "sequence" }
name   = { kind = "pattern", pattern = "[a-z]{2}" }

[queries.seen]
from = "numbers"
"#;

const RECORDS: usize = 3000;
/// In microseconds: all that was due since the epoch comes at once.
const HOUR: i64 = 3_600_000_000;

fn plan() -> Plan {
    let document = Document::new("pipeline.toml", PIPELINE.to_owned());
    let spec = Spec::read(&document).unwrap_or_else(|found| panic!("{}", document.draw(&found, false)));
    let local = spec.targets.iter().find(|target| target.name == "local").unwrap();
    Plan::resolve(&document, &spec, local).unwrap_or_else(|found| panic!("{}", document.draw(&found, false)))
}

type ByKey = BTreeMap<String, Vec<Vec<u8>>>;

async fn read(log: &dyn Log, shard: u32, into: &mut ByKey) {
    let mut cursor = log.cursor("numbers", ShardId(shard), &Position::Earliest).await.unwrap();
    loop {
        let limit = ReadLimit { records: 10_000, bytes: usize::MAX };
        let batch = log.read("numbers", ShardId(shard), &cursor, limit).await.unwrap();
        for record in batch.blocks.iter().flat_map(Block::records) {
            into.entry(record.partition_key.to_owned()).or_default().push(record.data.to_vec());
        }
        if batch.complete_until.is_some() {
            return;
        }
        cursor = batch.next;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_generator_loses_no_record_and_keeps_every_key_in_order_where_entries_are_refused() {
    let endpoint = Endpoint::start().await;
    let faults = [
        Fault::on("PutRecords").every(10).refused("ProvisionedThroughputExceededException"),
        Fault::on("PutRecords").every(17).closed(),
        Fault::on("PutRecords").entries(0.1),
    ];
    let proxy = Proxy::start(&endpoint.address, 21, &faults);
    let log = Arc::new(KinesisLog::connect(Some(&proxy.url()), "us-east-1", Credentials::Dummy).await);
    log.create("numbers", Capacity::Provisioned(3)).await.unwrap();

    let plan = plan();
    let (generator, stream) = (&plan.generators[0], plan.stream("numbers").unwrap());
    let run = Run::new(generator, stream, 0).unwrap().pacing(Pacing {
        records: Some(RECORDS as u64),
        start: Some(0),
        ..Pacing::default()
    });
    let (counter, (_stop, stopped)) = (run.counter(), watch::channel(false));
    let target: Arc<dyn Log> = Arc::<KinesisLog>::clone(&log);
    assert_eq!(run.start(IntoLog::new(target, "numbers"), || HOUR, stopped).await.unwrap(), RECORDS as u64);
    assert_eq!(counter.load(std::sync::atomic::Ordering::Relaxed), RECORDS as u64);
    assert!(proxy.faulted("PutRecords") > 10);

    let mut expected = ByKey::new();
    let mut appends = Appends::new();
    Records::new(generator, stream, 0).unwrap().fill(&vec![0; RECORDS], &mut appends);
    for record in appends.iter() {
        expected.entry(record.partition_key.to_owned()).or_default().push(record.data.to_vec());
    }
    assert!(expected.values().any(|records| records.len() > 5), "keys that come again");
    let mut found = ByKey::new();
    for shard in 0..3 {
        read(log.as_ref(), shard, &mut found).await;
    }
    assert_eq!(found, expected);
    endpoint.stop().await;
}
