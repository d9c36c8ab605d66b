"""Sends 2,000 balances, 500 with each put_records, and prints for each user how many, the least and the greatest.

A plain producer: it knows the stream and nothing of who reads it. AWS_ENDPOINT_URL names the endpoint. What a busy shard
refuses is put again, as AWS tells producers to.
"""

import datetime
import json
import random
import time

import boto3

kinesis = boto3.client("kinesis")
sent = {}
for _ in range(4):
    records = []
    for _ in range(500):
        user, balance = random.choice(["piotr", "anna", "marek", "ewa"]), random.randint(1, 1000)
        record = {"eventTime": datetime.datetime.now().isoformat(), "userName": user, "balance": balance}
        records.append({"Data": json.dumps(record), "PartitionKey": "sample_key"})
        count, low, high = sent.get(user, (0, balance, balance))
        sent[user] = (count + 1, min(low, balance), max(high, balance))
    while records:
        answer = kinesis.put_records(StreamName="KinesisInputData", Records=records)
        records = [record for record, put in zip(records, answer["Records"]) if "ErrorCode" in put]
        if records:
            time.sleep(0.2)
print(json.dumps(sent))
