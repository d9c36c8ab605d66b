"""Puts the lines of a file as records, as boto3 does it: STREAM FILE MEMBER, which is the one that is the key."""

import json
import sys

import boto3
from botocore.config import Config

stream, path, member = sys.argv[1:]
kinesis = boto3.client("kinesis", region_name="us-east-1", config=Config(retries={"max_attempts": 0}))
lines = open(path, encoding="utf-8").read().splitlines()
for start in range(0, len(lines), 500):
    records = [{"Data": line.encode(), "PartitionKey": json.loads(line)[member]} for line in lines[start : start + 500]]
    answer = kinesis.put_records(StreamName=stream, Records=records)
    assert answer["FailedRecordCount"] == 0, answer
