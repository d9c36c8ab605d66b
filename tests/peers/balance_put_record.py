"""Sends 2,000 balances, one put_record after the other, and prints for each user how many, the least and the greatest.

A plain producer: it knows the stream and nothing of who reads it. AWS_ENDPOINT_URL names the endpoint.
"""

import datetime
import json
import random

import boto3

kinesis = boto3.client("kinesis")
sent = {}
for _ in range(2000):
    user, balance = random.choice(["piotr", "anna", "marek", "ewa"]), random.randint(1, 1000)
    record = {"eventTime": datetime.datetime.now().isoformat(), "userName": user, "balance": balance}
    kinesis.put_record(StreamName="KinesisInputData", Data=json.dumps(record), PartitionKey="sample_key")
    count, low, high = sent.get(user, (0, balance, balance))
    sent[user] = (count + 1, min(low, balance), max(high, balance))
print(json.dumps(sent))
