//! The endpoint as its clients see it: raw, and through AWS's own client.

use aws_sdk_kinesis::{
    Client,
    primitives::{Blob, DateTime},
    types::{PutRecordsRequestEntry, ShardFilter, ShardFilterType, ShardIteratorType, StreamMode, StreamModeDetails},
};
use pipe::streams::now;
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};

use super::{
    endpoint::Endpoint,
    wire::{call, send},
};

/// Sends requests that must be refused and compares error and message.
async fn refused(endpoint: &Endpoint, operation: &str, body: Value, error: &str, message: &str) {
    let answer = call(&endpoint.address, operation, &body.to_string()).await;
    assert_eq!(answer.json(), json!({ "__type": error, "message": message }), "{operation} {body}");
    assert_eq!(answer.status, 400);
    assert_eq!(answer.header("x-amzn-errortype"), Some(error));
}

#[expect(clippy::too_many_lines, reason = "a list of refusals")]
#[tokio::test]
async fn refusals_read_as_those_of_aws() {
    let endpoint = Endpoint::start().await;
    let created = call(&endpoint.address, "CreateStream", r#"{"StreamName":"s","ShardCount":2}"#).await;
    assert_eq!((created.status, created.body.len()), (200, 0));

    let not_found = "ResourceNotFoundException";
    let validation = "ValidationException";
    let argument = "InvalidArgumentException";
    for operation in ["DeleteStream", "DescribeStream", "DescribeStreamSummary", "ListShards"] {
        let message = "Stream none under account 000000000000 not found.";
        refused(&endpoint, operation, json!({ "StreamName": "none" }), not_found, message).await;
        let arn = "arn:aws:kinesis:eu-central-1:000000000000:stream/none";
        refused(&endpoint, operation, json!({ "StreamARN": arn }), not_found, message).await;
        let message = "1 validation error detected: Value null at 'streamName' failed to satisfy constraint: Member must \
                       not be null";
        refused(&endpoint, operation, json!({}), validation, message).await;
        let message = "StreamARN and StreamName are of different streams.";
        refused(&endpoint, operation, json!({ "StreamName": "s", "StreamARN": arn }), argument, message).await;
    }
    refused(
        &endpoint,
        "CreateStream",
        json!({ "StreamName": "s", "ShardCount": 1 }),
        "ResourceInUseException",
        "Stream s under account 000000000000 already exists.",
    )
    .await;
    refused(
        &endpoint,
        "CreateStream",
        json!({ "StreamName": "no blanks", "ShardCount": 0 }),
        validation,
        "2 validation errors detected: Value 'no blanks' at 'streamName' failed to satisfy constraint: Member must \
         satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value '0' at 'shardCount' failed to satisfy constraint: \
         Member must have value greater than or equal to 1",
    )
    .await;
    let long = "k".repeat(257);
    refused(
        &endpoint,
        "PutRecord",
        json!({ "StreamName": "s", "PartitionKey": long, "Data": "" }),
        validation,
        &format!(
            "1 validation error detected: Value '{long}' at 'partitionKey' failed to satisfy constraint: Member must \
             have length less than or equal to 256"
        ),
    )
    .await;
    refused(
        &endpoint,
        "PutRecords",
        json!({ "StreamName": "s", "Records": [{ "PartitionKey": "", "Data": "" }, { "PartitionKey": "k" }] }),
        validation,
        "2 validation errors detected: Value '' at 'records.1.member.partitionKey' failed to satisfy constraint: Member \
         must have length greater than or equal to 1; Value null at 'records.2.member.data' failed to satisfy \
         constraint: Member must not be null",
    )
    .await;
    let many: Vec<Value> = (0..501).map(|_| json!({ "PartitionKey": "k", "Data": "" })).collect();
    refused(
        &endpoint,
        "PutRecords",
        json!({ "StreamName": "s", "Records": many }),
        validation,
        "1 validation error detected: Value at 'records' failed to satisfy constraint: Member must have length less \
         than or equal to 500",
    )
    .await;
    let beyond = "340282366920938463463374607431768211456";
    refused(
        &endpoint,
        "PutRecord",
        json!({ "StreamName": "s", "PartitionKey": "k", "Data": "", "ExplicitHashKey": beyond }),
        argument,
        &format!(
            "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was {beyond}"
        ),
    )
    .await;
    refused(
        &endpoint,
        "GetShardIterator",
        json!({ "StreamName": "s", "ShardId": "shardId-000000000002", "ShardIteratorType": "LATEST" }),
        not_found,
        "Shard shardId-000000000002 in stream s under account 000000000000 does not exist",
    )
    .await;
    refused(&endpoint, "GetRecords", json!({ "ShardIterator": "AAAA" }), argument, "Invalid ShardIterator.").await;
    refused(
        &endpoint,
        "CreateQueue",
        json!({}),
        "UnknownOperationException",
        "`Kinesis_20131202.CreateQueue` is not an operation of this endpoint",
    )
    .await;
    for body in ["", "{", "[]", r#"["s",null]"#, r#"{"StreamName":7}"#] {
        let answer = call(&endpoint.address, "DescribeStream", body).await;
        assert_eq!((answer.status, &answer.json()["__type"]), (400, &json!("SerializationException")), "{body}");
    }
    let answer = call(&endpoint.address, "PutRecord", r#"{"StreamName":"s","PartitionKey":"k","Data":"@"}"#).await;
    assert_eq!(answer.json()["__type"], "SerializationException");
    endpoint.stop().await;
}

#[tokio::test]
async fn answers_have_the_headers_of_aws() {
    let endpoint = Endpoint::start().await;
    let (one, two) =
        (call(&endpoint.address, "ListStreams", "{}").await, call(&endpoint.address, "Nothing", "{}").await);
    for answer in [&one, &two] {
        assert_eq!(answer.header("content-type"), Some("application/x-amz-json-1.1"));
        assert_eq!(answer.header("x-amzn-RequestId").unwrap().len(), 36);
        assert!(answer.header("x-amz-id-2").is_some());
    }
    assert_ne!(one.header("x-amzn-RequestId"), two.header("x-amzn-RequestId"));
    endpoint.stop().await;
}

#[tokio::test]
async fn only_loopback_names_are_answered_on_every_route() {
    let endpoint = Endpoint::start().await;
    let status = async |host: &str, path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\n{host}connection: close\r\n\r\n");
        send(&endpoint.address, request.as_bytes()).await.expect("an answer")
    };
    for path in ["/", "/_pipe/status", "/anything"] {
        for host in ["host: example.com\r\n", "host: example.com:4567\r\n", "host: localhost.evil.example\r\n", ""] {
            let answer = status(host, path).await;
            assert_eq!(
                (answer.status, &answer.json()["__type"]),
                (403, &json!("AccessDeniedException")),
                "{host}{path}"
            );
        }
    }
    let fine = status("host: localhost:1234\r\n", "/_pipe/status").await;
    assert_eq!((fine.status, &fine.body[..]), (200, b"fine".as_slice()));
    endpoint.stop().await;
}

#[tokio::test]
async fn the_client_of_aws_makes_and_lists_streams() {
    let endpoint = Endpoint::start().await;
    let client = endpoint.client();
    let mode = StreamModeDetails::builder().stream_mode(StreamMode::OnDemand).build().unwrap();
    client.create_stream().stream_name("demand").stream_mode_details(mode).send().await.unwrap();
    for index in 0..4 {
        client.create_stream().stream_name(format!("s{index}")).shard_count(3).send().await.unwrap();
    }
    let mut names = Vec::new();
    let mut pages = client.list_streams().limit(2).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        assert_eq!(page.stream_summaries().len(), page.stream_names.len());
        names.extend(page.stream_names);
    }
    assert_eq!(names, ["demand", "s0", "s1", "s2", "s3"]);

    let arn = "arn:aws:kinesis:eu-central-1:000000000000:stream/demand";
    let summary = client.describe_stream_summary().stream_arn(arn).send().await.unwrap();
    let summary = summary.stream_description_summary.unwrap();
    assert_eq!((summary.open_shard_count, summary.stream_arn.as_str()), (4, arn));
    assert_eq!(summary.stream_mode_details.unwrap().stream_mode, StreamMode::OnDemand);
    assert_eq!((summary.retention_period_hours, summary.stream_status.as_str()), (24, "ACTIVE"));

    let description = client.describe_stream().stream_name("s0").limit(2).send().await.unwrap();
    let description = description.stream_description.unwrap();
    assert_eq!((description.shards.len(), description.has_more_shards), (2, true));
    assert_eq!(description.shards[1].shard_id, "shardId-000000000001");

    client.delete_stream().stream_name("s0").send().await.unwrap();
    let gone = client.describe_stream().stream_name("s0").send().await.unwrap_err();
    assert!(gone.into_service_error().is_resource_not_found_exception());
    endpoint.stop().await;
}

#[tokio::test]
async fn shards_are_listed_by_pages_and_filters() {
    let endpoint = Endpoint::start().await;
    let client = endpoint.client();
    client.create_stream().stream_name("s").shard_count(5).send().await.unwrap();
    let ids = |shards: Option<Vec<aws_sdk_kinesis::types::Shard>>| -> String {
        shards.unwrap().iter().map(|shard| shard.shard_id.chars().last().unwrap()).collect()
    };
    let first = client.list_shards().stream_name("s").max_results(2).send().await.unwrap();
    let token = first.next_token.clone().unwrap();
    let second = client.list_shards().next_token(&token).max_results(2).send().await.unwrap();
    let third = client.list_shards().next_token(second.next_token.clone().unwrap()).send().await.unwrap();
    assert_eq!(third.next_token, None);
    assert_eq!((ids(first.shards), ids(second.shards), ids(third.shards)), ("01".into(), "23".into(), "4".into()));

    let both = client.list_shards().next_token(&token).stream_name("s").send().await.unwrap_err();
    assert!(both.into_service_error().is_invalid_argument_exception());
    let start = client.list_shards().stream_name("s").exclusive_start_shard_id("shardId-000000000003").send().await;
    assert_eq!(ids(start.unwrap().shards), "4");
    let filter = ShardFilter::builder().r#type(ShardFilterType::AfterShardId).shard_id("shardId-000000000002");
    let filtered = client.list_shards().stream_name("s").shard_filter(filter.build().unwrap()).send().await.unwrap();
    assert_eq!(ids(filtered.shards), "34");
    let latest = ShardFilter::builder().r#type(ShardFilterType::AtLatest).build().unwrap();
    let latest = client.list_shards().stream_name("s").shard_filter(latest).send().await.unwrap();
    assert_eq!(ids(latest.shards), "01234");
    client.delete_stream().stream_name("s").send().await.unwrap();
    let stale = client.list_shards().next_token(&token).send().await.unwrap_err();
    assert!(stale.into_service_error().is_resource_not_found_exception());
    endpoint.stop().await;
}

async fn iterator(client: &Client, kind: ShardIteratorType) -> String {
    let request = client.get_shard_iterator().stream_name("s").shard_id("shardId-000000000000");
    request.shard_iterator_type(kind).send().await.unwrap().shard_iterator.unwrap()
}

#[tokio::test]
async fn the_client_of_aws_puts_and_gets_records() {
    let endpoint = Endpoint::start().await;
    let client = endpoint.client();
    client.create_stream().stream_name("s").shard_count(1).send().await.unwrap();
    let latest = iterator(&client, ShardIteratorType::Latest).await;
    let before = now();
    let put = client.put_record().stream_name("s").partition_key("k").data(Blob::new("one")).send().await.unwrap();
    assert_eq!((put.shard_id.as_str(), put.sequence_number.len()), ("shardId-000000000000", 56));
    let entry =
        |data: &str| PutRecordsRequestEntry::builder().partition_key("k").data(Blob::new(data)).build().unwrap();
    let many = client.put_records().stream_name("s").records(entry("two")).records(entry("")).send().await.unwrap();
    assert_eq!(many.failed_record_count, Some(0));
    let last = many.records[1].sequence_number.clone().unwrap();
    assert!(last > put.sequence_number);

    let batch = client.get_records().shard_iterator(&latest).limit(2).send().await.unwrap();
    assert_eq!(batch.records.len(), 2);
    let record = &batch.records[0];
    assert_eq!(record.data().as_ref(), b"one");
    assert_eq!((record.partition_key(), record.sequence_number()), (Some("k"), put.sequence_number.as_str()));
    let arrived = record.approximate_arrival_timestamp().unwrap().as_secs_f64();
    let (from, to) = (DateTime::from_millis(before - 1).as_secs_f64(), DateTime::from_millis(now() + 1).as_secs_f64());
    assert!((from..=to).contains(&arrived), "{from} {arrived} {to}");
    let rest = client.get_records().shard_iterator(batch.next_shard_iterator.unwrap()).send().await.unwrap();
    assert_eq!(rest.records[0].sequence_number(), last);
    assert_eq!(rest.records[0].data().as_ref(), b"");
    assert_eq!(rest.millis_behind_latest, Some(0));

    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let horizon = iterator(&client, ShardIteratorType::TrimHorizon).await;
    let behind = client.get_records().shard_iterator(&horizon).limit(1).send().await.unwrap();
    assert!(behind.millis_behind_latest.unwrap() >= 5);
    let mut tampered = horizon.into_bytes();
    tampered[9] ^= 1;
    let refused = client.get_records().shard_iterator(String::from_utf8(tampered).unwrap()).send().await.unwrap_err();
    assert!(refused.into_service_error().is_invalid_argument_exception());

    let time = client.get_shard_iterator().stream_name("s").shard_id("shardId-000000000000");
    let time = time.shard_iterator_type(ShardIteratorType::AtTimestamp);
    let future = time.clone().timestamp(DateTime::from_millis(now() + 60_000)).send().await.unwrap_err();
    assert!(future.into_service_error().is_invalid_argument_exception());
    let past = time.timestamp(DateTime::from_millis(before)).send().await.unwrap().shard_iterator.unwrap();
    assert_eq!(client.get_records().shard_iterator(past).send().await.unwrap().records.len(), 3);

    client.delete_stream().stream_name("s").send().await.unwrap();
    client.create_stream().stream_name("s").shard_count(1).send().await.unwrap();
    let stale = client.get_records().shard_iterator(&latest).send().await.unwrap_err();
    assert!(stale.into_service_error().is_resource_not_found_exception());
    endpoint.stop().await;
}

#[tokio::test]
async fn sizes_are_kept_to() {
    let endpoint = Endpoint::start().await;
    let client = endpoint.client();
    client.create_stream().stream_name("s").shard_count(1).send().await.unwrap();
    let put = async |size: usize| {
        let data = Blob::new(vec![b'x'; size]);
        client.put_record().stream_name("s").partition_key("k").data(data).send().await
    };
    put((1 << 20) - 1).await.unwrap();
    let large = put(1 << 20).await.unwrap_err();
    assert_eq!(aws_sdk_kinesis::error::ProvideErrorMetadata::code(&large), Some("ValidationException"));

    let entries = |count| {
        let entry = PutRecordsRequestEntry::builder().partition_key("k").data(Blob::new(vec![b'x'; 1 << 19]));
        vec![entry.build().unwrap(); count]
    };
    client.put_records().stream_name("s").set_records(Some(entries(9))).send().await.unwrap();
    let large = client.put_records().stream_name("s").set_records(Some(entries(20))).send().await.unwrap_err();
    assert!(large.into_service_error().is_invalid_argument_exception());
    client.put_records().stream_name("s").set_records(Some(entries(9))).send().await.unwrap();
    client.put_records().stream_name("s").set_records(Some(entries(9))).send().await.unwrap();

    let horizon = iterator(&client, ShardIteratorType::TrimHorizon).await;
    let batch = client.get_records().shard_iterator(&horizon).send().await.unwrap();
    let bytes: usize = batch.records.iter().map(|record| record.data().as_ref().len()).sum();
    assert!((9 << 20..=10 << 20).contains(&bytes), "{bytes} bytes in one answer");

    let body = " ".repeat(17 << 20);
    assert_eq!(call(&endpoint.address, "ListStreams", &body).await.status, 413);
    endpoint.stop().await;
}

/// Whatever is sent, the answer is a refusal and never a fault, and the endpoint goes on.
#[test]
fn no_request_is_the_endpoints_fault() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let endpoint = runtime.block_on(Endpoint::start());
    let operation = prop_oneof![
        Just("Kinesis_20131202.PutRecords".to_owned()),
        Just("Kinesis_20131202.GetRecords".to_owned()),
        "[ -~]{0,40}",
    ];
    let method = prop_oneof![Just("POST".to_owned()), "[A-Z]{1,7}"];
    let kind = prop_oneof![Just("application/x-amz-json-1.1".to_owned()), "[ -~]{0,30}"];
    let body = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200),
        "[\\[\\]{}\":,a-zA-Z0-9. ]{0,80}".prop_map(String::into_bytes)
    ];
    let request = (method, "/[!-~]{0,20}", operation, kind, "[ -~]{0,30}", body);
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) });
    let outcome = runner.run(&request, |(method, path, operation, kind, authorization, body)| {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: {kind}\r\n\
             x-amz-target: {operation}\r\nauthorization: {authorization}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let answer = runtime.block_on(send(&endpoint.address, &[head.as_bytes(), &body].concat()));
        let answer = answer.ok_or_else(|| TestCaseError::fail("no answer"))?;
        prop_assert!(answer.status < 500, "{answer:?}");
        Ok(())
    });
    outcome.unwrap();
    assert_eq!(runtime.block_on(call(&endpoint.address, "ListStreams", "{}")).status, 200);
    runtime.block_on(endpoint.stop());
}
