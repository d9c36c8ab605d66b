//! Applications whose text lies in a file of its own.

use super::harness::Place;

const PIPELINE: &str = r#"
[pipeline]
name = "app"

[streams.trades.columns]
TICKER = "VARCHAR(8)"
PRICE = "DOUBLE"

[streams.averages]

[queries.app]
dialect = "kda"
sql_file = "sql/app.sql"
outputs = { DESTINATION_SQL_STREAM = "averages" }
"#;

fn place(sql: &str) -> Place {
    let place = Place::empty();
    place.write("pipes/pipeline.toml", PIPELINE);
    place.write("pipes/sql/app.sql", sql);
    place
}

#[test]
fn the_text_of_a_file_is_read_beside_the_pipeline_file() {
    let place = place(
        "CREATE STREAM destination_sql_stream (ticker VARCHAR(8), price DOUBLE);\n\
         CREATE PUMP p AS INSERT INTO destination_sql_stream\n\
         SELECT STREAM ticker, AVG(price) FROM source_sql_stream_001 AS s\n\
         GROUP BY ticker, STEP(s.ROWTIME BY INTERVAL '10' SECOND);\n",
    );
    place.output(&["check", "pipes/pipeline.toml"]);
}

#[test]
fn mistakes_are_shown_in_the_file_that_they_are_in() {
    let place = place(
        "CREATE STREAM destination_sql_stream (ticker VARCHAR(8));\n\
         CREATE PUMP p AS INSERT INTO destination_sql_stream\n\
         SELECT STREAM t.symbol FROM source_sql_stream_001 AS t;\n",
    );
    let done = place.pipe(&["check", "pipes/pipeline.toml"]);
    assert_eq!(done.code(), Some(78), "{done:?}");
    let expected = "error: there is no column `SYMBOL`
 --> sql/app.sql:3:17
  |
3 | SELECT STREAM t.symbol FROM source_sql_stream_001 AS t;
  |                 ^^^^^^ unknown column
  |
  = help: one of `TICKER`, `PRICE`";
    assert!(done.stderr.contains(expected), "{}", done.stderr);
}

#[test]
fn a_file_that_is_not_there_is_a_mistake_of_the_pipeline_file() {
    let place = Place::empty();
    place.write("pipes/pipeline.toml", PIPELINE);
    let done = place.pipe(&["check", "pipes/pipeline.toml"]);
    assert_eq!(done.code(), Some(78), "{done:?}");
    assert!(done.stderr.contains("the file `sql/app.sql` cannot be read"), "{}", done.stderr);
    assert!(done.stderr.contains("pipeline.toml:13:12"), "{}", done.stderr);
}

/// What every join of an application gives, with the clock of a test.
#[test]
fn joins_that_keep_one_side_or_both_and_joins_with_tables() {
    let place = Place::new(
        r#"
[pipeline]
name = "app"

[streams.orders.columns]
id = "INTEGER"
ticker = "VARCHAR(8)"
[streams.fills.columns]
id = "INTEGER"
price = "INTEGER"

[tables.companies]
file = "companies.csv"
key = ["ticker"]
[tables.companies.columns]
ticker = "VARCHAR(8)"
sector = "VARCHAR(16)"

[streams.right_of]
[streams.all_of]
[streams.sectors]

[queries.app]
dialect = "kda"
inputs = { ORDERS = "orders", FILLS = "fills" }
outputs = { R = "right_of", F = "all_of", S = "sectors" }
sql = """
CREATE STREAM r (id INTEGER, price INTEGER);
CREATE PUMP p1 AS INSERT INTO r SELECT STREAM o."id", f."price"
FROM orders OVER (RANGE INTERVAL '10' SECOND PRECEDING) AS o RIGHT JOIN fills AS f ON o."id" = f."id";
CREATE STREAM f (id INTEGER, price INTEGER);
CREATE PUMP p2 AS INSERT INTO f SELECT STREAM o."id", f."price"
FROM orders OVER w AS o FULL JOIN fills OVER w AS f ON o."id" = f."id"
WINDOW w AS (RANGE INTERVAL '10' SECOND PRECEDING);
CREATE STREAM s (id INTEGER, sector VARCHAR(16));
CREATE PUMP p3 AS INSERT INTO s SELECT STREAM o."id", c."sector"
FROM orders AS o LEFT JOIN companies AS c ON o."ticker" = c."ticker";
"""

[[tests]]
name = "one of each"
steps = [
  { ingest = "orders", rows = [{ id = 1, ticker = "AMZN" }, { id = 2, ticker = "GONE" }] },
  { expect = "sectors", columns = "all", rows = [{ ID = 1, SECTOR = "retail" }, { ID = 2 }] },
  { advance = "5s" },
  { ingest = "fills", rows = [{ id = 1, price = 10 }, { id = 3, price = 30 }] },
  { advance = "1m" },
  { expect = "right_of", columns = "all", rows = [{ ID = 1, PRICE = 10 }, { PRICE = 30 }] },
  { expect = "all_of", columns = "all", rows = [{ ID = 1, PRICE = 10 }, { PRICE = 30 }, { ID = 2 }] },
]
"#,
    );
    place.write("companies.csv", "ticker,sector\nAMZN,retail\n");
    place.output(&["test"]);
}

/// The guide's use of `GROUP_RANK`, the rows of a window in order, and hotspots among the last rows.
#[test]
fn rows_of_a_window_are_ranked_and_hotspots_are_found() {
    let place = Place::new(
        r#"
[pipeline]
name = "app"

[streams.points.columns]
name = "VARCHAR(8)"
x = "INTEGER"

[streams.ranked]
[streams.spots]

[queries.app]
dialect = "kda"
inputs = { P = "points" }
outputs = { RANKED = "ranked", SPOTS = "spots" }
sql = """
CREATE STREAM counts ("name" VARCHAR(8), n INTEGER);
CREATE PUMP p1 AS INSERT INTO counts SELECT STREAM "name", COUNT(*) FROM p
GROUP BY "name", STEP(p.ROWTIME BY INTERVAL '10' SECOND);
CREATE STREAM ranked ("name" VARCHAR(8), n INTEGER, place INTEGER);
CREATE PUMP p2 AS INSERT INTO ranked SELECT STREAM "name", n, place
FROM TABLE(GROUP_RANK(CURSOR(SELECT STREAM * FROM counts), 'N', 'PLACE', 'desc', 'asc', 1000, 2));
CREATE STREAM spots (x INTEGER, spots VARCHAR(1000));
CREATE PUMP p3 AS INSERT INTO spots SELECT STREAM "x", hotspots_result
FROM TABLE(HOTSPOTS(CURSOR(SELECT STREAM "x" FROM p), 100, 1, 3));
"""

[[tests]]
name = "both"
steps = [
  { ingest = "points", rows = [
    { name = "a", x = 1 }, { name = "b", x = 2 }, { name = "b", x = 50 }, { name = "b", x = 3 },
    { name = "c", x = 60 }, { name = "a", x = 70 },
  ] },
  { expect = "spots", order = "exact", rows = [
    { X = 1, SPOTS = '{"hotspots":[]}' },
    { X = 2, SPOTS = '{"hotspots":[]}' },
    { X = 50, SPOTS = '{"hotspots":[]}' },
    { X = 3, SPOTS = '{"hotspots":[{"density":1.5,"minValues":[1.0],"maxValues":[3.0]}]}' },
    { X = 60, SPOTS = '{"hotspots":[{"density":1.5,"minValues":[1.0],"maxValues":[3.0]}]}' },
    { X = 70, SPOTS = '{"hotspots":[{"density":1.5,"minValues":[1.0],"maxValues":[3.0]}]}' },
  ] },
  { advance = "20s" },
  { expect = "ranked", order = "exact", rows = [{ name = "b", N = 3, PLACE = 1 }, { name = "a", N = 2, PLACE = 2 }] },
]
"#,
    );
    place.output(&["test"]);
}

#[test]
fn what_no_sql_reads_as_a_comment_is_one_and_is_told() {
    let place = place(
        "CREATE STREAM destination_sql_stream (ticker VARCHAR(8));\n\
         // all of them\n\
         CREATE PUMP p AS INSERT INTO destination_sql_stream SELECT STREAM ticker FROM source_sql_stream_001;\n",
    );
    let expected = "warning: `//` is taken for the beginning of a comment
 --> sql/app.sql:2:1
  |
2 | // all of them
  | ^^^^^^^^^^^^^^
  |
  = help: a comment of SQL begins with `--`";
    for command in ["check", "plan"] {
        let done = place.pipe(&[command, "pipes/pipeline.toml"]);
        assert_eq!(done.code(), Some(0), "{done:?}");
        assert!(done.stderr.contains(expected), "{}", done.stderr);
    }
}
