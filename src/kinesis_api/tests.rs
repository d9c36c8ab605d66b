use proptest::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{error::Kind, wire::Wire, *};
use crate::streams::{
    Capacity,
    local::{Durability, LocalLog},
};

/// Values that some member may have; among them those that are good, so that a request comes further than the first check.
fn value(consumer: String) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0..20i64).prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        Just(consumer.into()),
        prop::sample::select(
            &[
                "s",
                "none",
                "shardId-000000000000",
                "shardId-99999999999999",
                "LATEST",
                "TRIM_HORIZON",
                "AT_TIMESTAMP",
                "AT_SEQUENCE_NUMBER",
                "AFTER_SHARD_ID",
                "ON_DEMAND",
                "AAAA",
                "AA",
                "0",
                "340282366920938463463374607431768211455",
                "99999999999999999999999999999999999999999999999999",
                "arn:aws:kinesis:eu-west-1:000000000000:stream/s",
                "PROVISIONED",
                "UNIFORM_SCALING",
                "KMS",
                "ALL",
                "shardId-000000000001",
                "170141183460469231731687303715884105729",
                "{\"Statement\":[]}",
                "arn:::",
            ][..]
        )
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            members(inner).prop_map(Value::Object),
        ]
    })
}

fn members(value: impl Strategy<Value = Value>) -> impl Strategy<Value = serde_json::Map<String, Value>> {
    let name = prop::sample::select(
        &[
            "StreamName",
            "StreamARN",
            "ShardCount",
            "StreamModeDetails",
            "StreamMode",
            "Limit",
            "MaxResults",
            "NextToken",
            "ExclusiveStartShardId",
            "ExclusiveStartStreamName",
            "ShardFilter",
            "Type",
            "ShardId",
            "Timestamp",
            "ShardIteratorType",
            "ShardIterator",
            "StartingSequenceNumber",
            "Records",
            "Data",
            "PartitionKey",
            "ExplicitHashKey",
            "SequenceNumberForOrdering",
            "ConsumerARN",
            "ConsumerName",
            "EncryptionType",
            "EnforceConsumerDeletion",
            "KeyId",
            "MaxRecordSizeInKiB",
            "MinimumThroughputBillingCommitment",
            "NewStartingHashKey",
            "Policy",
            "ResourceARN",
            "RetentionPeriodHours",
            "ScalingType",
            "ShardLevelMetrics",
            "ShardToMerge",
            "AdjacentShardToMerge",
            "ShardToSplit",
            "StartingPosition",
            "Status",
            "TagKeys",
            "Tags",
            "TargetShardCount",
            "WarmThroughputMiBps",
        ][..],
    );
    prop::collection::vec((name, value), 0..5)
        .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Registers a consumer of the stream `s` and returns its ARN.
fn consumer(api: &Api) -> String {
    let register = OPERATIONS.iter().find(|operation| operation.name == "RegisterStreamConsumer").unwrap();
    let Run::Whole(run) = register.run else { panic!("an answer") };
    let call = json!({ "StreamARN": api.arn("s"), "ConsumerName": "c" }).to_string();
    let answer = run(api, Body { wire: Wire::Json, bytes: call.as_bytes() }).unwrap();
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    answer["Consumer"]["ConsumerARN"].as_str().unwrap().to_owned()
}

#[test]
fn no_body_is_the_endpoints_fault() {
    let dir = TempDir::new().unwrap();
    let log = LocalLog::open(dir.path(), Durability::Process).unwrap();
    log.create_stream("s", Capacity::Provisioned(2)).unwrap();
    // Subscriptions go on by themselves.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _entered = runtime.enter();
    let api = Api::new(log, Options { region: "eu-west-1".to_owned(), ..Options::default() });
    let consumer = consumer(&api);
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) };
    let operation = prop::sample::select(OPERATIONS.iter().map(|operation| operation.name).collect::<Vec<_>>());
    proptest!(config, |(name in operation, members in members(value(consumer)), named in any::<bool>(), cbor in any::<bool>(),
                        bytes: Option<Vec<u8>>)| {
        let wire = if cbor { Wire::Cbor } else { Wire::Json };
        let mut body = json!(members);
        if named {
            body["StreamName"] = "s".into();
            body["ShardId"] = "shardId-000000000000".into();
        }
        let body = bytes.unwrap_or_else(|| wire.write(&body).unwrap());
        let operation = OPERATIONS.iter().find(|operation| operation.name == name).unwrap();
        // Made and removed streams would only fill the folder.
        if !["CreateStream", "DeleteStream"].contains(&name) {
            let call = Body { wire, bytes: &body };
            let answer = match operation.run {
                Run::Whole(run) => run(&api, call),
                Run::Events(run) => run(&api, call).map(|_| b"{}".to_vec()),
            };
            match answer {
                Ok(answer) if answer.is_empty() => {}
                Ok(_) if matches!(operation.run, Run::Events(_)) => {}
                Ok(answer) => {
                    let answer = Body { wire, bytes: &answer };
                    prop_assert!(answer.parse::<serde::de::IgnoredAny>().is_ok());
                }
                Err(error) => prop_assert!(error.kind != Kind::Internal, "{}", error),
            }
        }
    });
}

#[test]
fn every_operation_is_listed_once_and_in_order() {
    let names: Vec<_> = OPERATIONS.iter().map(|operation| operation.name).collect();
    assert!(names.is_sorted_by(|one, other| one < other), "{names:?}");
}
