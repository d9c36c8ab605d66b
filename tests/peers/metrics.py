"""Reads the metrics of an endpoint with the library of Prometheus: python metrics.py URL

Prints one JSON object: of each metric its type, and its samples as [labels, value]."""

import json
import sys
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

with urllib.request.urlopen(sys.argv[1]) as answer:
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4"), answer.headers
    families = text_string_to_metric_families(answer.read().decode())
    found = {
        family.name: {"type": family.type, "samples": [[sample.name, sample.labels, sample.value] for sample in family.samples]}
        for family in families
    }
print(json.dumps(found))
