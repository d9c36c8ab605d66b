"""Makes a stream of one shard and puts numbered records into it, before a split, between it and a merge, and after that.

In every part most are plain records and the last are aggregated as the Kinesis Producer Library does. Writes what a
consumer has to find, a line for each user record: shard, partition key, sequence number, sub-sequence number, data. For
each key the lines are in their order. Waits for a line of stdin, or its end, before the split and before the merge. The
environment names the stream, STREAM, and the endpoint, AWS_ENDPOINT_URL_KINESIS.
"""

import hashlib
import os
import sys
import time

import boto3

STREAM = os.environ["STREAM"]
KEYS = [f"key-{n:02}" for n in range(20)]
PLAIN = 200
MIDDLE = 2**127

kinesis = boto3.client("kinesis")
numbers = iter(range(1_000_000))


def wait():
    while kinesis.describe_stream_summary(StreamName=STREAM)["StreamDescriptionSummary"]["StreamStatus"] != "ACTIVE":
        time.sleep(0.02)


def open_shards():
    shards = kinesis.list_shards(StreamName=STREAM)["Shards"]
    return [shard for shard in shards if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]


def put(data, key, users):
    answer = kinesis.put_record(StreamName=STREAM, Data=data, PartitionKey=key)
    for sub, (user, number) in enumerate(users):
        print(answer["ShardId"], user, answer["SequenceNumber"], sub, number, sep="\t", flush=True)


def varint(number):
    return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varint(number >> 7)


def field(number, value):
    """A field of a protocol buffer: a number, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def aggregated(users):
    """What the Kinesis Producer Library puts for several user records: an AggregatedRecord between magic and MD5."""
    keys = sorted({key for key, _ in users})
    message = b"".join(field(1, key.encode()) for key in keys)
    for key, number in users:
        message += field(3, field(1, keys.index(key)) + field(3, str(number).encode()))
    return b"\xf3\x89\x9a\xc2" + message + hashlib.md5(message).digest()


def put_all():
    for key in (KEYS * PLAIN)[:PLAIN]:
        number = next(numbers)
        put(str(number).encode(), key, [(key, number)])
    for shard in open_shards():
        low, high = (int(shard["HashKeyRange"][end]) for end in ("StartingHashKey", "EndingHashKey"))
        here = [key for key in KEYS if low <= int(hashlib.md5(key.encode()).hexdigest(), 16) <= high]
        for keys in (here, KEYS):
            users = [(key, next(numbers)) for key in keys * 2]
            # The library leaves out what was put before its producer knew of a split, and holds keys of another shard.
            put(aggregated(users), here[0], users if keys == here else [])


kinesis.create_stream(StreamName=STREAM, ShardCount=1)
wait()
put_all()
sys.stdin.readline()
kinesis.split_shard(StreamName=STREAM, ShardToSplit=open_shards()[0]["ShardId"], NewStartingHashKey=str(MIDDLE))
wait()
put_all()
sys.stdin.readline()
left, right = (shard["ShardId"] for shard in open_shards())
kinesis.merge_shards(StreamName=STREAM, ShardToMerge=left, AdjacentShardToMerge=right)
wait()
put_all()
