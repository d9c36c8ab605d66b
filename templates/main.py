"""Starts the job of job.sql within Managed Service for Apache Flink.

The service runs this file. What job.sql leaves open stands in the property group `pipe.job` of the application.
"""

import json
import re
from pathlib import Path

from pyflink.table import EnvironmentSettings, TableEnvironment

PROPERTIES = Path("/etc/flink/application_properties.json")
JOB = Path(__file__).with_name("job.sql")

# What may hold a `;` that ends nothing: comments, texts, names. And what may hold whole statements.
TOKEN = re.compile(r"--[^\n]*|'(?:[^']|'')*'|`(?:[^`]|``)*`|;|\b(?:BEGIN|CASE|END)\b")
COMMENTS = re.compile(r"\A(?:\s|--[^\n]*\n)+")
SETTING = re.compile(r"SET '([^']+)' = '((?:[^']|'')*)'")


def statements(sql):
    """Yields the statements of a text, without the comments before them."""
    start = depth = 0
    for token in TOKEN.finditer(sql):
        if token[0] in ("BEGIN", "CASE"):
            depth += 1
        elif token[0] == "END":
            depth -= 1
        elif token[0] == ";" and depth == 0:
            yield COMMENTS.sub("", sql[start : token.start()])
            start = token.end()


def run(sql, properties):
    """Runs the statements of a text, with each `${NAME}` of the properties in place; does not wait for the job."""
    for name, value in properties.items():
        sql = sql.replace("${%s}" % name, value)
    tables = TableEnvironment.create(EnvironmentSettings.in_streaming_mode())
    result = None
    for statement in statements(sql):
        setting = SETTING.fullmatch(statement)
        if setting:
            tables.get_config().set(setting[1], setting[2].replace("''", "'"))
        else:
            result = tables.execute_sql(statement)
    return result


if __name__ == "__main__":
    groups = json.loads(PROPERTIES.read_text(encoding="utf-8"))
    found = [group["PropertyMap"] for group in groups if group["PropertyGroupId"] == "pipe.job"]
    run(JOB.read_text(encoding="utf-8"), found[0] if found else {})
