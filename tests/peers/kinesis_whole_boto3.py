"""Uses the operations of a Kinesis endpoint that shape streams, with boto3; fails at the first that is not AWS's.

AWS_ENDPOINT_URL names the endpoint of a `pipe kinesis --delay 1s --no-limits`. Leaves no stream behind.
"""

import json
import os
import time
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
NAME = "whole"
ARN = f"arn:aws:kinesis:eu-central-1:000000000000:stream/{NAME}"

kinesis = boto3.client(
    "kinesis",
    endpoint_url=ENDPOINT,
    region_name="eu-central-1",
    aws_access_key_id="any",
    aws_secret_access_key="any",
    config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
)


def refused(code, operation, **arguments):
    try:
        answer = operation(**arguments)
    except ClientError as error:
        response = error.response
        assert response["Error"]["Code"] == code, f"{code} expected: {response}"
        assert response["Error"]["Message"], response
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 400, response
        return response["Error"]["Message"]
    raise AssertionError(f"{code} expected from {operation.__name__}({arguments}), got {answer}")


def summary():
    return kinesis.describe_stream_summary(StreamName=NAME)["StreamDescriptionSummary"]


def active():
    """Waits until nothing is being done with the stream, which was UPDATING or CREATING before."""
    assert summary()["StreamStatus"] in ("UPDATING", "CREATING"), summary()
    while summary()["StreamStatus"] != "ACTIVE":
        time.sleep(0.02)


def made():
    kinesis.create_stream(StreamName=NAME, ShardCount=2, Tags={"team": "a"}, MaxRecordSizeInKiB=2048)
    assert summary()["StreamStatus"] == "CREATING"
    assert kinesis.describe_stream(StreamName=NAME)["StreamDescription"]["Shards"] == []
    refused("ResourceNotFoundException", kinesis.put_record, StreamName=NAME, PartitionKey="k", Data=b"")
    refused("ResourceInUseException", kinesis.split_shard, StreamName=NAME, ShardToSplit="shardId-0", NewStartingHashKey="9")
    active()
    assert summary()["MaxRecordSizeInKiB"] == 2048
    kinesis.put_record(StreamName=NAME, PartitionKey="k", Data=b"x" * 2_000_000)
    refused("ValidationException", kinesis.put_record, StreamName=NAME, PartitionKey="k", Data=b"x" * 2_100_000)
    kinesis.update_max_record_size(StreamARN=ARN, MaxRecordSizeInKiB=10240)
    active()
    kinesis.put_record(StreamName=NAME, PartitionKey="k", Data=b"y" * 10_000_000)
    refused("ValidationException", kinesis.update_max_record_size, StreamARN=ARN, MaxRecordSizeInKiB=10241)
    refused("ValidationException", kinesis.update_max_record_size, MaxRecordSizeInKiB=2048)


def asked():
    one = {"StreamName": NAME, "PartitionKey": "k", "Data": b"never"}
    refused("DryRunOperationException", kinesis.put_record, **one, DryRun=True)
    records = [{"PartitionKey": "k", "Data": b"never"}]
    refused("DryRunOperationException", kinesis.put_records, StreamName=NAME, Records=records, DryRun=True)
    place = {"StreamName": NAME, "ShardId": shards()[0]["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    refused("DryRunOperationException", kinesis.get_shard_iterator, **place, DryRun=True)
    start = shards()[0]["SequenceNumberRange"]["StartingSequenceNumber"]
    behind = {**place, "ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": start}
    iterators = [kinesis.get_shard_iterator(**place)["ShardIterator"], kinesis.get_shard_iterator(**behind)["ShardIterator"]]
    read = [kinesis.get_records(ShardIterator=iterator, Limit=2)["Records"] for iterator in iterators]
    assert read[0] == read[1], "the number at which a shard starts is that of no record"
    refused("DryRunOperationException", kinesis.get_records, ShardIterator=iterators[0], DryRun=True)
    message = refused("ValidationException", kinesis.put_record, StreamName=NAME)
    assert message.startswith("2 validation errors detected"), message


def shards(**arguments):
    return kinesis.list_shards(StreamName=NAME, **arguments)["Shards"]


def drain(shard):
    """Reads a closed shard to its end; returns its records and the shards that go on."""
    iterator = kinesis.get_shard_iterator(StreamName=NAME, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    records = []
    while True:
        answer = kinesis.get_records(ShardIterator=iterator)
        records += answer["Records"]
        if "NextShardIterator" not in answer:
            return records, answer["ChildShards"]
        assert "ChildShards" not in answer, answer
        iterator = answer["NextShardIterator"]


def resharded():
    first = shards()
    low, high = (int(first[0]["HashKeyRange"][end]) for end in ("StartingHashKey", "EndingHashKey"))
    middle = str(low + (high - low) // 2 + 1)
    zero, one = first[0]["ShardId"], first[1]["ShardId"]
    keys = [f"key {index}" for index in range(40)]
    for key in keys:
        kinesis.put_record(StreamName=NAME, PartitionKey=key, Data=b"before")
    split = {"StreamName": NAME, "ShardToSplit": zero}
    refused("InvalidArgumentException", kinesis.split_shard, **split, NewStartingHashKey="0")
    refused("InvalidArgumentException", kinesis.split_shard, **split, NewStartingHashKey="1")
    refused("InvalidArgumentException", kinesis.split_shard, **split, NewStartingHashKey=str(high))
    refused("ValidationException", kinesis.split_shard, **split, NewStartingHashKey="-1")
    refused("ResourceNotFoundException", kinesis.split_shard, StreamName=NAME, ShardToSplit="shardId-000000000009", NewStartingHashKey="9")
    moment = time.time()
    time.sleep(0.01)
    kinesis.split_shard(**split, NewStartingHashKey=middle)
    refused("ResourceInUseException", kinesis.merge_shards, StreamName=NAME, ShardToMerge=zero, AdjacentShardToMerge=one)
    kinesis.put_record(StreamName=NAME, PartitionKey="key 0", Data=b"while UPDATING")
    active()

    all_of_them = shards()
    assert [shard["ShardId"][-1] for shard in all_of_them] == ["0", "1", "2", "3"], all_of_them
    assert "EndingSequenceNumber" in all_of_them[0]["SequenceNumberRange"], all_of_them
    for shard in all_of_them[2:]:
        assert shard["ParentShardId"] == zero and "AdjacentParentShardId" not in shard, shard
        assert int(shard["SequenceNumberRange"]["StartingSequenceNumber"]) > int(
            all_of_them[0]["SequenceNumberRange"]["EndingSequenceNumber"]
        ), all_of_them
    assert all_of_them[2]["HashKeyRange"] == {"StartingHashKey": str(low), "EndingHashKey": str(int(middle) - 1)}
    assert all_of_them[3]["HashKeyRange"] == {"StartingHashKey": middle, "EndingHashKey": str(high)}
    assert summary()["OpenShardCount"] == 3
    names = lambda **arguments: [shard["ShardId"][-1] for shard in shards(**arguments)]
    assert names(ShardFilter={"Type": "AT_LATEST"}) == ["1", "2", "3"]
    assert names(ShardFilter={"Type": "AT_TIMESTAMP", "Timestamp": moment}) == ["0", "1"]
    assert names(ShardFilter={"Type": "FROM_TIMESTAMP", "Timestamp": moment}) == ["0", "1", "2", "3"]
    assert names(ShardFilter={"Type": "FROM_TIMESTAMP", "Timestamp": time.time()}) == ["1", "2", "3"]
    assert names(ShardFilter={"Type": "AT_TRIM_HORIZON"}) == ["0", "1"]
    page = kinesis.list_shards(StreamName=NAME, ShardFilter={"Type": "AT_LATEST"}, MaxResults=2)
    page = kinesis.list_shards(NextToken=page["NextToken"])
    assert [shard["ShardId"][-1] for shard in page["Shards"]] == ["3"] and "NextToken" not in page, page

    records, children = drain(zero)
    assert all(record["Data"] != b"while UPDATING" for record in records)
    assert sorted(child["ShardId"][-1] for child in children) == ["2", "3"], children
    assert all(child["ParentShards"] == [zero] for child in children), children
    ending = all_of_them[0]["SequenceNumberRange"]["EndingSequenceNumber"]
    at_end = kinesis.get_shard_iterator(
        StreamName=NAME, ShardId=zero, ShardIteratorType="AT_SEQUENCE_NUMBER", StartingSequenceNumber=ending
    )["ShardIterator"]
    assert "NextShardIterator" not in kinesis.get_records(ShardIterator=at_end)

    refused("InvalidArgumentException", kinesis.merge_shards, StreamName=NAME, ShardToMerge=zero, AdjacentShardToMerge=one)
    two, three = (shard["ShardId"] for shard in all_of_them[2:])
    refused("InvalidArgumentException", kinesis.merge_shards, StreamName=NAME, ShardToMerge=two, AdjacentShardToMerge=one)
    refused("InvalidArgumentException", kinesis.merge_shards, StreamName=NAME, ShardToMerge=two, AdjacentShardToMerge=two)
    kinesis.merge_shards(StreamName=NAME, ShardToMerge=three, AdjacentShardToMerge=one)
    active()
    four = shards()[4]
    assert (four["ParentShardId"], four["AdjacentParentShardId"]) == (three, one), four
    _, children = drain(three)
    assert [child["ParentShards"] for child in children] == [[three, one]], children

    for key in keys:
        kinesis.put_record(StreamName=NAME, PartitionKey=key, Data=b"after")
    assert kinesis.put_record(StreamName=NAME, PartitionKey="k", ExplicitHashKey=str(high), Data=b"")["ShardId"] == four["ShardId"]

    scaled = {"StreamName": NAME, "ScalingType": "UNIFORM_SCALING"}
    refused("InvalidArgumentException", kinesis.update_shard_count, **scaled, TargetShardCount=5)
    refused("ValidationException", kinesis.update_shard_count, **scaled, TargetShardCount=0)
    answer = kinesis.update_shard_count(**scaled, TargetShardCount=3)
    assert (answer["CurrentShardCount"], answer["TargetShardCount"]) == (2, 3), answer
    active()
    open_ones = sorted(shards(ShardFilter={"Type": "AT_LATEST"}), key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))
    third = 2**128 // 3
    assert [int(shard["HashKeyRange"]["StartingHashKey"]) for shard in open_ones] == [0, third, 2 * third], open_ones
    assert int(open_ones[-1]["HashKeyRange"]["EndingHashKey"]) == 2**128 - 1, open_ones
    kinesis.update_shard_count(StreamARN=ARN, ScalingType="UNIFORM_SCALING", TargetShardCount=2)
    active()
    assert summary()["OpenShardCount"] == 2


def tagged():
    tags = lambda: {tag["Key"]: tag["Value"] for tag in kinesis.list_tags_for_stream(StreamName=NAME)["Tags"]}
    assert tags() == {"team": "a"}
    kinesis.add_tags_to_stream(StreamARN=ARN, Tags={"team": "b", "cost centre": "4/2"})
    assert tags() == {"team": "b", "cost centre": "4/2"}
    page = kinesis.list_tags_for_stream(StreamName=NAME, Limit=1)
    assert page["HasMoreTags"] and page["Tags"] == [{"Key": "cost centre", "Value": "4/2"}], page
    page = kinesis.list_tags_for_stream(StreamName=NAME, ExclusiveStartTagKey="cost centre")
    assert not page["HasMoreTags"] and page["Tags"] == [{"Key": "team", "Value": "b"}], page
    kinesis.remove_tags_from_stream(StreamName=NAME, TagKeys=["team", "none"])
    kinesis.tag_resource(ResourceARN=ARN, Tags={"of": "resource"})
    assert {tag["Key"] for tag in kinesis.list_tags_for_resource(ResourceARN=ARN)["Tags"]} == {"cost centre", "of"}
    kinesis.untag_resource(ResourceARN=ARN, TagKeys=["of", "cost centre"])
    assert kinesis.list_tags_for_resource(ResourceARN=ARN)["Tags"] == []
    refused("InvalidArgumentException", kinesis.add_tags_to_stream, StreamName=NAME, Tags={"k": "a;b"})
    refused("InvalidArgumentException", kinesis.add_tags_to_stream, StreamName=NAME, Tags={f"k{i}": "" for i in range(51)})
    refused("ValidationException", kinesis.add_tags_to_stream, StreamName=NAME, Tags={})
    refused("ResourceNotFoundException", kinesis.tag_resource, ResourceARN=ARN + "s", Tags={"a": "b"})


def told():
    kinesis.increase_stream_retention_period(StreamName=NAME, RetentionPeriodHours=48)
    active()
    assert summary()["RetentionPeriodHours"] == 48
    refused("InvalidArgumentException", kinesis.increase_stream_retention_period, StreamName=NAME, RetentionPeriodHours=24)
    refused("InvalidArgumentException", kinesis.increase_stream_retention_period, StreamName=NAME, RetentionPeriodHours=8761)
    refused("InvalidArgumentException", kinesis.decrease_stream_retention_period, StreamName=NAME, RetentionPeriodHours=72)
    refused("InvalidArgumentException", kinesis.decrease_stream_retention_period, StreamName=NAME, RetentionPeriodHours=23)
    kinesis.decrease_stream_retention_period(StreamName=NAME, RetentionPeriodHours=24)
    active()

    kinesis.start_stream_encryption(StreamName=NAME, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    active()
    assert (summary()["EncryptionType"], summary()["KeyId"]) == ("KMS", "alias/aws/kinesis")
    assert kinesis.put_record(StreamName=NAME, PartitionKey="k", Data=b"")["EncryptionType"] == "KMS"
    kinesis.stop_stream_encryption(StreamName=NAME, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    active()
    assert summary()["EncryptionType"] == "NONE" and "KeyId" not in summary()

    answer = kinesis.enable_enhanced_monitoring(StreamName=NAME, ShardLevelMetrics=["IncomingBytes"])
    assert answer["CurrentShardLevelMetrics"] == [] and answer["DesiredShardLevelMetrics"] == ["IncomingBytes"], answer
    active()
    kinesis.enable_enhanced_monitoring(StreamName=NAME, ShardLevelMetrics=["ALL"])
    active()
    assert len(summary()["EnhancedMonitoring"][0]["ShardLevelMetrics"]) == 7
    kinesis.disable_enhanced_monitoring(StreamARN=ARN, ShardLevelMetrics=["ALL"])
    active()
    assert summary()["EnhancedMonitoring"] == [{"ShardLevelMetrics": []}]
    refused("ValidationException", kinesis.enable_enhanced_monitoring, StreamName=NAME, ShardLevelMetrics=["Some"])

    kinesis.update_stream_mode(StreamARN=ARN, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    active()
    assert summary()["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    refused("ValidationException", kinesis.update_shard_count, StreamName=NAME, ScalingType="UNIFORM_SCALING", TargetShardCount=3)
    refused("ValidationException", kinesis.update_stream_warm_throughput, StreamName=NAME, WarmThroughputMiBps=100)
    committed("ENABLED", "ENABLED")
    warm = kinesis.update_stream_warm_throughput(StreamName=NAME, WarmThroughputMiBps=100)
    assert warm["WarmThroughput"]["TargetMiBps"] == 100, warm
    active()
    assert summary()["WarmThroughput"] == {"TargetMiBps": 100, "CurrentMiBps": 100}
    refused("ValidationException", kinesis.split_shard, StreamName=NAME, ShardToSplit=shards()[-1]["ShardId"], NewStartingHashKey="9")
    assert summary()["RecordDistributionStrategy"] == "USER_PARTITION_KEY"
    kinesis.update_stream_record_distribution_strategy(StreamARN=ARN, RecordDistributionStrategy="AUTO")
    active()
    placed = {kinesis.put_record(StreamName=NAME, Data=b"anywhere")["ShardId"] for _ in range(20)}
    assert len(placed) == 2, placed
    limits = kinesis.describe_limits()
    assert (limits["OnDemandStreamCount"], limits["OpenShardCount"]) == (1, 0), limits
    kinesis.update_stream_mode(StreamARN=ARN, StreamModeDetails={"StreamMode": "PROVISIONED"})
    active()
    assert "WarmThroughput" not in summary()
    spread = {"StreamARN": ARN, "RecordDistributionStrategy": "AUTO"}
    refused("InvalidArgumentException", kinesis.update_stream_record_distribution_strategy, **spread)
    refused("ValidationException", kinesis.update_stream_warm_throughput, StreamName=NAME, WarmThroughputMiBps=1)
    assert kinesis.describe_limits()["OpenShardCount"] == 2

    policy = '{"Version":"2012-10-17","Statement":[]}'
    refused("ResourceNotFoundException", kinesis.get_resource_policy, ResourceARN=ARN)
    refused("InvalidArgumentException", kinesis.put_resource_policy, ResourceARN=ARN, Policy="nonsense")
    kinesis.put_resource_policy(ResourceARN=ARN, Policy=policy)
    assert kinesis.get_resource_policy(ResourceARN=ARN)["Policy"] == policy
    kinesis.delete_resource_policy(ResourceARN=ARN)
    refused("ResourceNotFoundException", kinesis.delete_resource_policy, ResourceARN=ARN)
    # A commitment lasts a day at the least.
    committed("DISABLED", "ENABLED_UNTIL_EARLIEST_ALLOWED_END")
    committed("ENABLED", "ENABLED")


def committed(wanted, found):
    told = kinesis.update_account_settings(MinimumThroughputBillingCommitment={"Status": wanted})
    told = told["MinimumThroughputBillingCommitment"]
    assert (told["Status"], "StartedAt" in told, "EarliestAllowedEndAt" in told) == (found, True, True), told
    assert kinesis.describe_account_settings()["MinimumThroughputBillingCommitment"] == told


def pushed():
    consumer = kinesis.register_stream_consumer(StreamARN=ARN, ConsumerName="reader", Tags={"a": "b"})["Consumer"]
    assert consumer["ConsumerStatus"] == "CREATING", consumer
    arn = consumer["ConsumerARN"]
    assert arn.startswith(f"{ARN}/consumer/reader:"), consumer
    refused("ResourceInUseException", kinesis.register_stream_consumer, StreamARN=ARN, ConsumerName="reader")
    shard = shards(ShardFilter={"Type": "AT_LATEST"})[0]
    subscribe = {"ConsumerARN": arn, "ShardId": shard["ShardId"], "StartingPosition": {"Type": "TRIM_HORIZON"}}
    refused("ResourceInUseException", kinesis.subscribe_to_shard, **subscribe)
    while kinesis.describe_stream_consumer(ConsumerARN=arn)["ConsumerDescription"]["ConsumerStatus"] != "ACTIVE":
        time.sleep(0.02)
    assert kinesis.describe_stream_consumer(StreamARN=ARN, ConsumerName="reader")["ConsumerDescription"]["StreamARN"] == ARN
    assert kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    kinesis.register_stream_consumer(StreamARN=ARN, ConsumerName="other")
    page = kinesis.list_stream_consumers(StreamARN=ARN, MaxResults=1)
    assert [consumer["ConsumerName"] for consumer in page["Consumers"]] == ["other"], page
    page = kinesis.list_stream_consumers(StreamARN=ARN, NextToken=page["NextToken"])
    assert [consumer["ConsumerName"] for consumer in page["Consumers"]] == ["reader"] and "NextToken" not in page, page
    assert summary()["ConsumerCount"] == 2

    hash_key = shard["HashKeyRange"]["StartingHashKey"]
    put = lambda data: kinesis.put_record(StreamName=NAME, PartitionKey="k", ExplicitHashKey=hash_key, Data=data)["SequenceNumber"]
    first = put(b"one")
    events = iter(kinesis.subscribe_to_shard(**subscribe)["EventStream"])
    event = next(events)["SubscribeToShardEvent"]
    assert event["Records"][-1]["Data"] == b"one" and event["ContinuationSequenceNumber"] == first, event
    second = put(b"two")
    event = next(events)["SubscribeToShardEvent"]
    assert [record["Data"] for record in event["Records"]] == [b"two"] and event["MillisBehindLatest"] == 0, event
    behind = {"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": event["ContinuationSequenceNumber"]}
    again = iter(kinesis.subscribe_to_shard(**{**subscribe, "StartingPosition": behind})["EventStream"])
    assert event["ContinuationSequenceNumber"] == second
    try:
        next(events)
        raise AssertionError("the first subscription goes on")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ResourceInUseException", error.response
    put(b"three")
    event = next(again)["SubscribeToShardEvent"]
    while not event["Records"]:
        event = next(again)["SubscribeToShardEvent"]
    assert [record["Data"] for record in event["Records"]] == [b"three"], event
    low, high = (int(shard["HashKeyRange"][end]) for end in ("StartingHashKey", "EndingHashKey"))
    kinesis.split_shard(StreamName=NAME, ShardToSplit=shard["ShardId"], NewStartingHashKey=str(low + (high - low) // 2))
    event = next(again)["SubscribeToShardEvent"]
    while "ChildShards" not in event:
        event = next(again)["SubscribeToShardEvent"]
    assert len(event["ChildShards"]) == 2 and "ContinuationSequenceNumber" not in event, event
    assert next(again, None) is None, "a closed shard has an end"
    active()
    latest = kinesis.subscribe_to_shard(
        ConsumerARN=arn, ShardId=event["ChildShards"][0]["ShardId"], StartingPosition={"Type": "LATEST"}
    )["EventStream"]
    event = next(iter(latest))["SubscribeToShardEvent"]
    assert event["Records"] == [], event
    # What is told of a shard that has had no record skips none that comes.
    put(b"four")
    behind = {"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": event["ContinuationSequenceNumber"]}
    subscribe = {"ConsumerARN": arn, "ShardId": shards()[-2]["ShardId"], "StartingPosition": behind}
    event = next(iter(kinesis.subscribe_to_shard(**subscribe)["EventStream"]))["SubscribeToShardEvent"]
    assert [record["Data"] for record in event["Records"]] == [b"four"], event
    refused("InvalidArgumentException", kinesis.subscribe_to_shard, **{**subscribe, "StartingPosition": {"Type": "AT_TIMESTAMP"}})
    refused("ValidationException", kinesis.subscribe_to_shard, ConsumerARN=arn, ShardId="s")
    refused("ResourceNotFoundException", kinesis.subscribe_to_shard, **{**subscribe, "ConsumerARN": arn + "1"})

    refused("ResourceInUseException", kinesis.delete_stream, StreamName=NAME)
    following = iter(kinesis.subscribe_to_shard(**{**subscribe, "StartingPosition": {"Type": "LATEST"}})["EventStream"])
    next(following)
    kinesis.deregister_stream_consumer(ConsumerARN=arn)
    put(b"five")
    try:
        next(following)
        raise AssertionError("a subscription outlives its consumer")
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ResourceNotFoundException", error.response
    assert kinesis.describe_stream_consumer(ConsumerARN=arn)["ConsumerDescription"]["ConsumerStatus"] == "DELETING"
    statuses = [consumer["ConsumerStatus"] for consumer in kinesis.list_stream_consumers(StreamARN=ARN)["Consumers"]]
    assert statuses == ["ACTIVE", "DELETING"], statuses
    refused("ResourceInUseException", kinesis.register_stream_consumer, StreamARN=ARN, ConsumerName="reader")
    refused("ResourceInUseException", kinesis.deregister_stream_consumer, ConsumerARN=arn)
    gone = time.time() + 10
    while len(kinesis.list_stream_consumers(StreamARN=ARN)["Consumers"]) == 2:
        assert time.time() < gone
        time.sleep(0.02)
    refused("ResourceNotFoundException", kinesis.describe_stream_consumer, ConsumerARN=arn)
    kinesis.deregister_stream_consumer(StreamARN=ARN, ConsumerName="other")


def paged():
    for name in ("another", "more"):
        kinesis.create_stream(StreamName=name, ShardCount=1)
    pages = [page["StreamNames"] for page in kinesis.get_paginator("list_streams").paginate(Limit=1)]
    assert pages == [["another"], ["more"], [NAME]], pages
    token = kinesis.list_streams(Limit=1)["NextToken"]
    assert kinesis.list_streams(NextToken=token)["StreamNames"] == ["more", NAME]
    refused("InvalidArgumentException", kinesis.list_streams, NextToken="more")
    for name in ("another", "more"):
        kinesis.delete_stream(StreamName=name)
    while len(kinesis.list_streams()["StreamNames"]) > 1:
        time.sleep(0.02)
    created = summary()["StreamCreationTimestamp"]
    assert kinesis.list_shards(StreamName=NAME, StreamCreationTimestamp=created)["Shards"] == shards()
    before = created.timestamp() - 2
    refused("ResourceNotFoundException", kinesis.list_shards, StreamName=NAME, StreamCreationTimestamp=before)
    refused("ResourceNotFoundException", kinesis.list_stream_consumers, StreamARN=ARN, StreamCreationTimestamp=before)
    refused("ValidationException", kinesis.list_shards, StreamARN=ARN.replace("000000000000", "0"))
    one, other = shards()[-2:]
    place = {"StreamName": NAME, "ShardIteratorType": "AFTER_SEQUENCE_NUMBER"}
    number = kinesis.put_record(
        StreamName=NAME, PartitionKey="k", ExplicitHashKey=one["HashKeyRange"]["StartingHashKey"], Data=b"six"
    )["SequenceNumber"]
    message = refused(
        "InvalidArgumentException",
        kinesis.get_shard_iterator, **place, ShardId=other["ShardId"], StartingSequenceNumber=number,
    )
    assert one["ShardId"] in message and other["ShardId"] in message, message


def raw(operation, members):
    """Sends members as they are, unsigned and with a clock that stands still; returns the error."""
    request = urllib.request.Request(
        ENDPOINT,
        data=json.dumps(members).encode(),
        headers={
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"Kinesis_20131202.{operation}",
            "X-Amz-Date": "19700101T000000Z",
        },
    )
    try:
        urllib.request.urlopen(request).read()
    except urllib.error.HTTPError as error:
        return json.loads(error.read())["__type"]
    return None


# Not of data streams, and what the model says is reserved.
OTHERS = ("Queue", "Channel")
RESERVED = {"StreamId"}
# Of each type a value that is none of it.
WRONG = {"structure": 1, "list": 1, "map": 1, "string": {}, "blob": {}, "integer": "x", "boolean": "x", "timestamp": {}, "long": "x"}


def modelled():
    model = kinesis.meta.service_model
    served = [name for name in model.operation_names if not any(other in name for other in OTHERS)]
    assert len(served) == 40, served
    for name in served:
        assert raw(name, {}) != "UnknownOperationException", name
        members = model.operation_model(name).input_shape.members if model.operation_model(name).input_shape else {}
        for member, shape in members.items():
            if member not in RESERVED:
                found = raw(name, {member: WRONG[shape.type_name]})
                assert found == "SerializationException", f"{name}.{member}: {found}"
    assert raw("CreateQueue", {}) == "UnknownOperationException"


def removed():
    kinesis.delete_stream(StreamName=NAME, EnforceConsumerDeletion=True)
    assert summary()["StreamStatus"] == "DELETING"
    assert kinesis.list_streams()["StreamNames"] == [NAME]
    refused("ResourceInUseException", kinesis.create_stream, StreamName=NAME, ShardCount=1)
    refused("ResourceNotFoundException", kinesis.put_record, StreamName=NAME, PartitionKey="k", Data=b"")
    kinesis.get_waiter("stream_not_exists").wait(StreamName=NAME, WaiterConfig={"Delay": 1})
    assert kinesis.list_streams()["StreamNames"] == []
    kinesis.create_stream(StreamName=NAME, ShardCount=1)
    active()
    assert kinesis.list_tags_for_stream(StreamName=NAME)["Tags"] == [], "another stream has settings of its own"
    kinesis.delete_stream(StreamName=NAME)


made()
asked()
resharded()
tagged()
told()
pushed()
paged()
modelled()
removed()
