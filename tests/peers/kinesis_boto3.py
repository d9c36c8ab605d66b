"""Uses every operation of a Kinesis endpoint with boto3, and every refusal; fails at the first that is not AWS's.

AWS_ENDPOINT_URL names the endpoint. Leaves no stream behind.
"""

import datetime
import hashlib
import os
import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
STREAM = "boto3-trades"
DEMAND = "boto3-on-demand"

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
        assert response["ResponseMetadata"]["RequestId"], response
        return response["Error"]["Message"]
    raise AssertionError(f"{code} expected from {operation.__name__}({arguments}), got {answer}")


def drain(iterator, limit=None):
    """Reads on until the shard's end."""
    records = []
    while True:
        arguments = {"ShardIterator": iterator} | ({"Limit": limit} if limit else {})
        answer = kinesis.get_records(**arguments)
        assert len(answer["Records"]) <= (limit or 10_000)
        records += answer["Records"]
        iterator = answer["NextShardIterator"]
        if answer["MillisBehindLatest"] == 0 and len(answer["Records"]) < (limit or 10_000):
            return records


def iterator(kind, shard="shardId-000000000000", **arguments):
    return kinesis.get_shard_iterator(StreamName=STREAM, ShardId=shard, ShardIteratorType=kind, **arguments)[
        "ShardIterator"
    ]


def streams():
    kinesis.create_stream(StreamName=STREAM, ShardCount=3)
    kinesis.get_waiter("stream_exists").wait(StreamName=STREAM)
    kinesis.create_stream(StreamName=DEMAND, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    refused("ResourceInUseException", kinesis.create_stream, StreamName=STREAM, ShardCount=1)
    refused("ValidationException", kinesis.create_stream, StreamName="no blanks", ShardCount=1)
    refused("ValidationException", kinesis.create_stream, StreamName="x" * 129, ShardCount=1)
    refused("ValidationException", kinesis.create_stream, StreamName="zero", ShardCount=0)
    refused("ValidationException", kinesis.create_stream, StreamName="none")
    refused("ValidationException", kinesis.create_stream, ShardCount=1)
    refused("LimitExceededException", kinesis.create_stream, StreamName="huge", ShardCount=99_999)
    refused("SerializationException", kinesis.create_stream, StreamName="text", ShardCount="one")
    refused(
        "ValidationException", kinesis.create_stream, StreamName="mode", StreamModeDetails={"StreamMode": "SOMETIMES"}
    )

    listed = kinesis.list_streams(Limit=1)
    assert listed["StreamNames"] == [DEMAND] and listed["HasMoreStreams"], listed
    listed = kinesis.list_streams(NextToken=listed["NextToken"])
    assert listed["StreamNames"] == [STREAM] and not listed["HasMoreStreams"], listed
    listed = kinesis.list_streams(ExclusiveStartStreamName=DEMAND)
    assert listed["StreamNames"] == [STREAM], listed
    assert listed["StreamSummaries"][0]["StreamStatus"] == "ACTIVE", listed
    refused("ValidationException", kinesis.list_streams, Limit=0)

    summary = kinesis.describe_stream_summary(StreamName=STREAM)["StreamDescriptionSummary"]
    assert summary["OpenShardCount"] == 3 and summary["RetentionPeriodHours"] == 24, summary
    assert summary["StreamARN"] == f"arn:aws:kinesis:eu-central-1:000000000000:stream/{STREAM}", summary
    assert summary["StreamModeDetails"] == {"StreamMode": "PROVISIONED"}, summary
    assert summary["EncryptionType"] == "NONE" and summary["ConsumerCount"] == 0, summary
    age = datetime.datetime.now(datetime.timezone.utc) - summary["StreamCreationTimestamp"]
    assert abs(age.total_seconds()) < 60, summary
    by_arn = kinesis.describe_stream_summary(StreamARN=summary["StreamARN"])["StreamDescriptionSummary"]
    assert by_arn == summary, by_arn
    demand = kinesis.describe_stream_summary(StreamName=DEMAND)["StreamDescriptionSummary"]
    assert demand["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"} and demand["OpenShardCount"] == 4, demand
    refused("ResourceNotFoundException", kinesis.describe_stream_summary, StreamName="none")
    refused("ValidationException", kinesis.describe_stream_summary)
    refused("ValidationException", kinesis.describe_stream_summary, StreamARN="arn:aws:s3:::bucket")

    pages = list(kinesis.get_paginator("describe_stream").paginate(StreamName=STREAM, PaginationConfig={"PageSize": 2}))
    shards = [shard for page in pages for shard in page["StreamDescription"]["Shards"]]
    assert len(pages) == 2 and len(shards) == 3, pages
    refused("ValidationException", kinesis.describe_stream, StreamName=STREAM, Limit=10_001)
    refused("ResourceNotFoundException", kinesis.describe_stream, StreamName="none")
    refused("ResourceNotFoundException", kinesis.delete_stream, StreamName="none")
    return summary["StreamARN"], shards


def shard_lists(arn, shards):
    first = kinesis.list_shards(StreamName=STREAM, MaxResults=2)
    second = kinesis.list_shards(NextToken=first["NextToken"])
    assert first["Shards"] + second["Shards"] == shards and "NextToken" not in second
    assert kinesis.list_shards(StreamARN=arn)["Shards"] == shards
    assert kinesis.list_shards(StreamName=STREAM, ExclusiveStartShardId=shards[0]["ShardId"])["Shards"] == shards[1:]
    for filter in [
        {"Type": "AT_LATEST"},
        {"Type": "AT_TRIM_HORIZON"},
        {"Type": "FROM_TRIM_HORIZON"},
        {"Type": "AT_TIMESTAMP", "Timestamp": time.time()},
        {"Type": "FROM_TIMESTAMP", "Timestamp": time.time()},
    ]:
        assert kinesis.list_shards(StreamName=STREAM, ShardFilter=filter)["Shards"] == shards, filter
    after = {"Type": "AFTER_SHARD_ID", "ShardId": shards[1]["ShardId"]}
    assert kinesis.list_shards(StreamName=STREAM, ShardFilter=after)["Shards"] == shards[2:]
    refused("InvalidArgumentException", kinesis.list_shards, StreamName=STREAM, ShardFilter={"Type": "AFTER_SHARD_ID"})
    refused("ValidationException", kinesis.list_shards, StreamName=STREAM, ShardFilter={"Type": "NOW"})
    refused("InvalidArgumentException", kinesis.list_shards, StreamName=STREAM, NextToken=first["NextToken"])
    refused("InvalidArgumentException", kinesis.list_shards, NextToken="nonsense")
    refused("ValidationException", kinesis.list_shards, StreamName=STREAM, MaxResults=0)
    refused("ResourceNotFoundException", kinesis.list_shards, StreamName="none")


def puts(arn, shards):
    """Puts records and returns them as they must be found, by shard."""
    expected = {shard["ShardId"]: [] for shard in shards}

    def place(key, explicit=None):
        number = explicit if explicit is not None else int.from_bytes(hashlib.md5(key.encode()).digest())
        for shard in shards:
            hash_keys = shard["HashKeyRange"]
            if int(hash_keys["StartingHashKey"]) <= number <= int(hash_keys["EndingHashKey"]):
                return shard["ShardId"]

    for index in range(10):
        key, data = f"clé {index}", f'{{"index": {index}}}'.encode()
        answer = kinesis.put_record(StreamName=STREAM, PartitionKey=key, Data=data)
        assert answer["ShardId"] == place(key) and answer["EncryptionType"] == "NONE", answer
        assert answer["SequenceNumber"].isdigit() and len(answer["SequenceNumber"]) == 56, answer
        expected[answer["ShardId"]].append((answer["SequenceNumber"], key, data))
    ordered = kinesis.put_record(
        StreamARN=arn, PartitionKey="clé 0", Data=b"\x00\xff", SequenceNumberForOrdering=answer["SequenceNumber"]
    )
    expected[ordered["ShardId"]].append((ordered["SequenceNumber"], "clé 0", b"\x00\xff"))

    records = [{"PartitionKey": f"k{index % 7}", "Data": os.urandom(index % 50)} for index in range(498)]
    records += [{"PartitionKey": "k", "Data": b"x", "ExplicitHashKey": str(hash)} for hash in (0, 2**128 - 1)]
    answer = kinesis.put_records(StreamName=STREAM, Records=records)
    assert answer["FailedRecordCount"] == 0 and len(answer["Records"]) == 500, answer
    for record, result in zip(records, answer["Records"]):
        explicit = record.get("ExplicitHashKey")
        assert result["ShardId"] == place(record["PartitionKey"], None if explicit is None else int(explicit)), result
        expected[result["ShardId"]].append((result["SequenceNumber"], record["PartitionKey"], record["Data"]))

    one = {"PartitionKey": "k", "Data": b"x"}
    refused("ResourceNotFoundException", kinesis.put_record, StreamName="none", **one)
    refused("ResourceNotFoundException", kinesis.put_records, StreamName="none", Records=[one])
    refused("ValidationException", kinesis.put_record, StreamName=STREAM, PartitionKey="", Data=b"x")
    message = refused("ValidationException", kinesis.put_record, StreamName=STREAM, PartitionKey="k" * 257, Data=b"x")
    assert message.endswith("at 'partitionKey' failed to satisfy constraint: "
                            "Member must have length less than or equal to 256"), message
    refused("ValidationException", kinesis.put_record, StreamName=STREAM, PartitionKey="k", Data=b"x" * (1 << 20))
    refused("ValidationException", kinesis.put_record, StreamName=STREAM, Data=b"x")
    refused("ValidationException", kinesis.put_record, StreamName=STREAM, PartitionKey="k")
    refused("ValidationException", kinesis.put_record, StreamName=STREAM, ExplicitHashKey="-1", **one)
    refused("InvalidArgumentException", kinesis.put_record, StreamName=STREAM, ExplicitHashKey=str(2**128), **one)
    refused("ValidationException", kinesis.put_records, StreamName=STREAM, Records=[])
    refused("ValidationException", kinesis.put_records, StreamName=STREAM, Records=[one] * 501)
    large = {"PartitionKey": "k", "Data": b"x" * 1_000_000}
    refused("InvalidArgumentException", kinesis.put_records, StreamName=STREAM, Records=[large] * 11)
    return expected


def gets(expected):
    for shard, records in expected.items():
        found = drain(iterator("TRIM_HORIZON", shard))
        assert [(r["SequenceNumber"], r["PartitionKey"], r["Data"]) for r in found] == records, shard
        assert [r["SequenceNumber"] for r in found] == sorted(r["SequenceNumber"] for r in found)
        assert [r["SequenceNumber"] for r in drain(iterator("TRIM_HORIZON", shard), 7)] == [r[0] for r in records]
        stamps = [r["ApproximateArrivalTimestamp"] for r in found]
        assert stamps == sorted(stamps) and abs(stamps[0].timestamp() - time.time()) < 60, stamps
        middle = records[len(records) // 2][0]
        at = drain(iterator("AT_SEQUENCE_NUMBER", shard, StartingSequenceNumber=middle))
        after = drain(iterator("AFTER_SEQUENCE_NUMBER", shard, StartingSequenceNumber=middle))
        assert at[0]["SequenceNumber"] == middle and at[1:] == after
        assert drain(iterator("LATEST", shard)) == []
        since = drain(iterator("AT_TIMESTAMP", shard, Timestamp=stamps[-1]))
        assert since == [r for r in found if r["ApproximateArrivalTimestamp"] >= stamps[-1]]

    shard = {"StreamName": STREAM, "ShardId": "shardId-000000000000"}
    get = kinesis.get_shard_iterator
    refused("ResourceNotFoundException", get, StreamName="none", ShardId=shard["ShardId"], ShardIteratorType="LATEST")
    refused("ResourceNotFoundException", get, StreamName=STREAM, ShardId="shardId-000000000009", ShardIteratorType="LATEST")
    refused("ValidationException", get, ShardIteratorType="SOMEWHERE", **shard)
    refused("ValidationException", get, StreamName=STREAM, ShardIteratorType="LATEST")
    refused("InvalidArgumentException", get, ShardIteratorType="AT_SEQUENCE_NUMBER", **shard)
    refused("InvalidArgumentException", get, ShardIteratorType="LATEST", StartingSequenceNumber="1", **shard)
    refused("InvalidArgumentException", get, ShardIteratorType="AT_SEQUENCE_NUMBER", StartingSequenceNumber="1", **shard)
    refused("InvalidArgumentException", get, ShardIteratorType="AT_TIMESTAMP", **shard)
    future = time.time() + 3600
    refused("InvalidArgumentException", get, ShardIteratorType="AT_TIMESTAMP", Timestamp=future, **shard)
    refused("InvalidArgumentException", kinesis.get_records, ShardIterator="nonsense")
    good = iterator("LATEST")
    refused("InvalidArgumentException", kinesis.get_records, ShardIterator=good[:-6] + "AAAAAA")
    refused("ValidationException", kinesis.get_records, ShardIterator=good, Limit=10_001)
    refused("ValidationException", kinesis.get_records, ShardIterator=good, Limit=0)
    return good


def main():
    arn, shards = streams()
    shard_lists(arn, shards)
    expected = puts(arn, shards)
    last = gets(expected)
    assert kinesis.describe_limits()["ShardLimit"] == 20_000
    kinesis.delete_stream(StreamName=STREAM, EnforceConsumerDeletion=True)
    kinesis.delete_stream(StreamName=DEMAND)
    kinesis.get_waiter("stream_not_exists").wait(StreamName=STREAM)
    refused("ResourceNotFoundException", kinesis.get_records, ShardIterator=last)
    assert kinesis.list_streams()["StreamNames"] == []
    print(f"boto3 {boto3.__version__}: {sum(map(len, expected.values()))} records, every operation and refusal as on AWS")


if __name__ == "__main__":
    sys.exit(main())
