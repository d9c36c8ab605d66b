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
