"""Tries what the role of a deployed application allows, with real credentials of it: AWS_ENDPOINT_URL is the account.

PIPELINE INPUT OUTPUT DESCRIBE: the pipeline, the stream that is read, the one that is written, and the action that looks a
stream up. Whoever runs this may do everything. MiniStack asks nobody's right for Managed Service for Apache Flink, so that
is not tried.
"""

import json
import os
import sys
import time

import boto3
from botocore.exceptions import ClientError

pipeline, read, written, describe = sys.argv[1:]
REGION = "us-east-1"
REFUSALS = {"AccessDenied", "AccessDeniedException"}


def client(service, **credentials):
    return boto3.client(service, region_name=REGION, **credentials)


def refused(call):
    """Tells whether a call is refused for want of a permission. What fails otherwise was allowed."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"] in REFUSALS or error.response["Error"]["Code"] == "403"
    return False


application = client("kinesisanalyticsv2").describe_application(ApplicationName=pipeline)["ApplicationDetail"]
code = application["ApplicationConfigurationDescription"]["ApplicationCodeConfigurationDescription"]
code = code["CodeContentDescription"]["S3ApplicationCodeLocationDescription"]
bucket, key = code["BucketARN"].split(":::")[1], code["FileKey"]
role = application["ServiceExecutionRole"]
*_, group, _, log = application["CloudWatchLoggingOptionDescriptions"][0]["LogStreamARN"].split(":")
account = role.split(":")[4]
streams = {name: f"arn:aws:kinesis:{REGION}:{account}:stream/{name}" for name in (read, written)}


def assume():
    credentials = client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }


# Only the service may assume it. To try it, somebody else may from now on.
assert refused(assume), "anybody may assume the role"
trust = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "sts:AssumeRole"}],
}
client("iam").update_assume_role_policy(RoleName=role.split("/")[-1], PolicyDocument=json.dumps(trust))
credentials = assume()

# What is needed to ask, had by somebody who may: an iterator says which stream it is of.
anybody = client("kinesis")
shards = {name: anybody.list_shards(StreamName=name)["Shards"][0]["ShardId"] for name in streams}
position = {"ShardIteratorType": "TRIM_HORIZON"}
iterators = {
    name: anybody.get_shard_iterator(StreamName=name, ShardId=shard, **position)["ShardIterator"]
    for name, shard in shards.items()
}
client("s3").put_object(Bucket=bucket, Key="pipelines/other/code.zip", Body=b"")
client("logs").create_log_group(logGroupName="/other")

kinesis, s3, logs = (client(service, **credentials) for service in ("kinesis", "s3", "logs"))
record = [{"Data": b"{}", "PartitionKey": "key"}]
event = [{"timestamp": int(time.time() * 1000), "message": "said"}]


def on(name):
    """Returns every call about a stream, by its name in the API."""
    stream, arn = {"StreamName": name}, {"StreamARN": streams[name]}
    return {
        "DescribeStream": lambda: kinesis.describe_stream(**stream),
        "DescribeStreamSummary": lambda: kinesis.describe_stream_summary(**stream),
        "ListShards": lambda: kinesis.list_shards(**stream),
        "GetShardIterator": lambda: kinesis.get_shard_iterator(ShardId=shards[name], **position, **stream),
        "GetRecords": lambda: kinesis.get_records(ShardIterator=iterators[name], **arn),
        "PutRecord": lambda: kinesis.put_record(**record[0], **stream),
        "PutRecords": lambda: kinesis.put_records(Records=record, **stream),
        "SplitShard": lambda: kinesis.split_shard(ShardToSplit=shards[name], NewStartingHashKey="1", **stream),
        "UpdateShardCount": lambda: kinesis.update_shard_count(
            TargetShardCount=2, ScalingType="UNIFORM_SCALING", **stream
        ),
        "RegisterStreamConsumer": lambda: kinesis.register_stream_consumer(ConsumerName="x", **arn),
        "DeleteStream": lambda: kinesis.delete_stream(**stream),
    }


allowed = {read: {describe, "ListShards", "GetShardIterator", "GetRecords"}, written: {"PutRecords"}}
wrong = []


def expect(is_allowed, what, call):
    if refused(call) == is_allowed:
        wrong.append(f"{what} is {'refused' if is_allowed else 'allowed'}")


for name in streams:
    for operation, call in on(name).items():
        expect(operation in allowed[name], f"{operation} on {name}", call)
# Nothing reads the bucket but over TLS, which nobody speaks here.
expect(False, "reading the code in the open", lambda: s3.get_object(Bucket=bucket, Key=key))
client("s3").delete_bucket_policy(Bucket=bucket)
expect(True, "reading the code", lambda: s3.get_object(Bucket=bucket, Key=key))
for what, call in {
    "reading other code": lambda: s3.get_object(Bucket=bucket, Key="pipelines/other/code.zip"),
    "changing the code": lambda: s3.put_object(Bucket=bucket, Key=key, Body=b""),
    "removing the code": lambda: s3.delete_object(Bucket=bucket, Key=key),
    "listing the bucket": lambda: s3.list_objects_v2(Bucket=bucket),
    "listing buckets": s3.list_buckets,
    "listing streams": kinesis.list_streams,
    "making a stream": lambda: kinesis.create_stream(StreamName="more", ShardCount=1),
    "writing another log": lambda: logs.put_log_events(logGroupName="/other", logStreamName=log, logEvents=event),
    "removing the log": lambda: logs.delete_log_group(logGroupName=group),
    "making a log": lambda: logs.create_log_group(logGroupName="/more"),
    "changing the stack": lambda: client("cloudformation", **credentials).delete_stack(StackName=pipeline),
    "reading the role": lambda: client("iam", **credentials).get_role(RoleName=role.split("/")[-1]),
}.items():
    expect(False, what, call)

print(json.dumps({"wrong": wrong, "credentials": credentials}))
