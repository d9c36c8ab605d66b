//! Texts of KDA SQL applications over logs with given arrivals, against rows worked out by hand.
//!
//! Moments are written from 2020-01-01 00:00:00 on.

use bytes::Bytes;

use crate::document::Document;
use crate::plan::Plan;
use crate::streams::block::{Numbering, Sequences};
use crate::streams::{Block, Millis, RecordRef, ShardId};

use super::super::checkpoint::{self, Restored};
use super::super::graph::Graph;
use super::super::status::Counters;
use super::harness::lines;

/// 2020-01-01 00:00:00.
const BEGIN: Millis = 1_577_836_800_000;

/// A record of a stream: when it arrives, in milliseconds from [`BEGIN`] on, and its JSON.
type Record = (Millis, &'static str);

/// A file whose streams A and B have the columns K, V and AT, and whose stream OUT is that of the text.
fn file(sql: &str) -> String {
    let columns = "K = \"VARCHAR(8)\"\nV = \"INTEGER\"\nAT = \"TIMESTAMP(3)\"\n";
    format!(
        "[pipeline]\nname = \"t\"\n[streams.A.columns]\n{columns}[streams.B.columns]\n{columns}[streams.OUT]\n\
         [queries.app]\ndialect = \"kda\"\nsql = '''{sql}'''\n"
    )
}

fn plan(sql: &str) -> Plan {
    let document = Document::new("t.toml", file(sql));
    let plans = Plan::check(&document).unwrap_or_else(|found| panic!("{}", document.draw(&found, false)));
    plans.into_iter().next().expect("a target")
}

/// Runs a text over records of A and B up to `end`, and returns its rows in order. They are the same however the records
/// are spread over turns, and with a restart behind each.
#[track_caller]
fn rows(sql: &str, a: &[Record], b: &[Record], end: Millis) -> Vec<String> {
    let plan = plan(sql);
    let whole = run(&plan, (a, b), end, &[end], false);
    let each: Vec<Millis> = a.iter().chain(b).map(|(arrival, _)| arrival + 1).chain([end]).collect();
    let mut each: Vec<Millis> = each;
    each.sort_unstable();
    assert_eq!(run(&plan, (a, b), end, &each, false), whole, "one by one");
    assert_eq!(run(&plan, (a, b), end, &each, true), whole, "with restarts");
    whole
}

fn run(plan: &Plan, (a, b): (&[Record], &[Record]), end: Millis, looks: &[Millis], restart: bool) -> Vec<String> {
    let new = || {
        let mut graph = Graph::new(plan, &plan.queries[0]).expect("a legal query");
        (0..graph.sources.len()).for_each(|source| graph.begin(source, ShardId(0), &[]));
        graph
    };
    let mut graph = new();
    let logs: Vec<&[Record]> = graph.sources.iter().map(|source| if source.stream() == "A" { a } else { b }).collect();
    let mut fed = vec![0; logs.len()];
    let mut rows = Vec::new();
    // Some more turns at the end, until nothing waits.
    for clock in looks.iter().copied().chain([end, end, end]) {
        let reads = (0..logs.len())
            .map(|shard| {
                if !graph.wanted()[shard] {
                    return None;
                }
                let there = logs[shard].partition_point(|(arrival, _)| *arrival < clock);
                let taken = &logs[shard][fed[shard]..there.max(fed[shard])];
                let mut blocks = Vec::new();
                for part in taken.chunk_by(|a, b| a.0 == b.0) {
                    blocks.push(block(part, fed[shard]));
                    fed[shard] += part.len();
                }
                Some((blocks, Some(BEGIN + clock)))
            })
            .collect();
        let (made, turn) = graph.turn(reads).expect("no failure");
        assert!(turn.bad.is_empty(), "{:?}", turn.bad.iter().map(|(_, reason)| reason).collect::<Vec<_>>());
        assert!(turn.late.is_empty(), "nothing is late by arrival");
        rows.extend(lines(&made));
        if restart {
            let mut counters = Counters::default();
            let saved = checkpoint::save(&mut graph, "f", &counters).expect("a state");
            graph = new();
            let restored = checkpoint::restore(&mut graph, "f", &mut counters, &saved).expect("a state");
            assert_eq!(restored, Restored::Whole);
            for (source, fed) in graph.sources.iter().zip(&mut fed) {
                let numbering = Numbering { created: 1, shard: 0 };
                let consumed = source.shards[0].consumed.as_ref();
                let offset = consumed.map_or(0, |sequence| numbering.offset(sequence).expect("ours") + 1);
                *fed = usize::try_from(offset).expect("small");
            }
        }
    }
    rows
}

fn block(records: &[Record], first: usize) -> Block {
    let of = records.iter().map(|(_, data)| RecordRef { partition_key: "pk", data: data.as_bytes() });
    let bytes = Block::encode(BEGIN + records[0].0, of);
    let first = u64::try_from(first).expect("small");
    let sequences = Sequences::Counted { first, numbering: Numbering { created: 1, shard: 0 } };
    Block::decode(Bytes::from(bytes), sequences).expect("just encoded")
}

#[test]
fn a_filter_gives_row_by_row() {
    let sql = "CREATE STREAM out (\"k\" VARCHAR(2), twice BIGINT, half INTEGER);
               CREATE PUMP p AS INSERT INTO out (twice, \"k\")
               SELECT STREAM v + v, k || 'xyz' FROM a WHERE v > 1 OR k IS NULL;";
    let a = [(10, r#"{"K":"a","V":1}"#), (20, r#"{"K":"b","V":2}"#), (30, r#"{"K":null,"V":0}"#)];
    assert_eq!(
        rows(sql, &a, &[], 1000),
        [r#"{"k":"bx","TWICE":4,"HALF":null}"#, r#"{"k":null,"TWICE":0,"HALF":null}"#]
    );
}

#[test]
fn tumbling_windows_are_aligned_and_their_rows_carry_their_end() {
    let sql = "CREATE STREAM out (w TIMESTAMP, e TIMESTAMP, k VARCHAR(8), n INTEGER, mean INTEGER, hi DOUBLE);
               CREATE PUMP p AS INSERT INTO out
               SELECT STREAM STEP(a.ROWTIME BY INTERVAL '10' SECOND) AS w, ROWTIME, k, COUNT(*), AVG(v), MAX(v)
               FROM a GROUP BY k, STEP(a.ROWTIME BY INTERVAL '10' SECOND) HAVING COUNT(*) > 1;";
    let a = [
        (1_000, r#"{"K":"a","V":1}"#),
        (9_999, r#"{"K":"a","V":4}"#),
        (9_999, r#"{"K":"b","V":4}"#),
        (10_000, r#"{"K":"a","V":-3}"#),
        (19_000, r#"{"K":"a","V":-4}"#),
    ];
    let (first, second) = ("2020-01-01T00:00:00.000", "2020-01-01T00:00:10.000");
    assert_eq!(
        rows(sql, &a, &[], 40_000),
        [
            format!(r#"{{"W":"{first}","E":"{second}","K":"a","N":2,"MEAN":2,"HI":4.0}}"#),
            format!(r#"{{"W":"{second}","E":"2020-01-01T00:00:20.000","K":"a","N":2,"MEAN":-3,"HI":-3.0}}"#),
        ]
    );
}

/// The worked table of the developer guide (reference A.6.2), over other keys.
#[test]
fn two_steps_give_a_row_more_for_what_comes_late() {
    let sql = "CREATE STREAM out (r TIMESTAMP, at TIMESTAMP, n INTEGER);
               CREATE PUMP p AS INSERT INTO out
               SELECT STREAM ROWTIME, STEP(at BY INTERVAL '1' MINUTE), COUNT(*) FROM a
               GROUP BY STEP(a.ROWTIME BY INTERVAL '1' MINUTE), STEP(at BY INTERVAL '1' MINUTE);";
    let a = [
        (20_000, r#"{"AT":"2020-01-01T00:00:10Z"}"#),
        (30_000, r#"{"AT":"2020-01-01T00:00:20Z"}"#),
        (65_000, r#"{"AT":"2020-01-01T00:00:55Z"}"#),
        (75_000, r#"{"AT":"2020-01-01T00:01:05Z"}"#),
    ];
    let row = |time: &str, at: &str, n: i32| {
        format!(r#"{{"R":"2020-01-01T00:0{time}:00.000","AT":"2020-01-01T00:0{at}:00.000","N":{n}}}"#)
    };
    assert_eq!(rows(sql, &a, &[], 200_000), [row("1", "0", 2), row("2", "0", 1), row("2", "1", 1)]);
}

/// The same events by a stagger window (reference A.6.5).
#[test]
fn a_stagger_window_opens_with_its_first_row() {
    let sql = "CREATE STREAM out (r TIMESTAMP, at TIMESTAMP, n INTEGER);
               CREATE PUMP p AS INSERT INTO out
               SELECT STREAM ROWTIME, FLOOR(at TO MINUTE), COUNT(*) FROM a
               WINDOWED BY STAGGER (PARTITION BY FLOOR(at TO MINUTE) RANGE INTERVAL '1' MINUTE);";
    let a = [
        (20_000, r#"{"AT":"2020-01-01T00:00:10Z"}"#),
        (30_000, r#"{"AT":"2020-01-01T00:00:20Z"}"#),
        (65_000, r#"{"AT":"2020-01-01T00:00:55Z"}"#),
        (75_000, r#"{"AT":"2020-01-01T00:01:05Z"}"#),
    ];
    assert_eq!(
        rows(sql, &a, &[], 200_000),
        [
            r#"{"R":"2020-01-01T00:01:20.000","AT":"2020-01-01T00:00:00.000","N":3}"#,
            r#"{"R":"2020-01-01T00:02:15.000","AT":"2020-01-01T00:01:00.000","N":1}"#,
        ]
    );
}

#[test]
fn distinct_rows_are_counted_in_the_window_that_they_are_from() {
    let sql = "CREATE STREAM d (w TIMESTAMP, k VARCHAR(8));
               CREATE PUMP p AS INSERT INTO d
               SELECT STREAM DISTINCT FLOOR(a.ROWTIME TO MINUTE), k FROM a;
               CREATE STREAM out (w TIMESTAMP, n BIGINT);
               CREATE PUMP q AS INSERT INTO out
               SELECT STREAM FLOOR(d.ROWTIME TO MINUTE), COUNT(*) FROM d GROUP BY FLOOR(d.ROWTIME TO MINUTE);";
    let a = [
        (1_000, r#"{"K":"a"}"#),
        (2_000, r#"{"K":"b"}"#),
        (3_000, r#"{"K":"a"}"#),
        (4_000, r#"{"K":null}"#),
        (61_000, r#"{"K":"a"}"#),
    ];
    assert_eq!(
        rows(sql, &a, &[], 300_000),
        [r#"{"W":"2020-01-01T00:00:00.000","N":3}"#, r#"{"W":"2020-01-01T00:01:00.000","N":1}"#]
    );
}

#[test]
fn several_pumps_fill_one_stream_and_union_all_puts_rows_together() {
    let sql = "CREATE STREAM both (k VARCHAR(8), v DOUBLE);
               CREATE PUMP p1 AS INSERT INTO both SELECT STREAM k, v FROM a UNION ALL SELECT STREAM k, v * 1.5 FROM b;
               CREATE PUMP p2 AS INSERT INTO both SELECT STREAM 'all', v FROM a;
               CREATE STREAM out (k VARCHAR(8), v DOUBLE);
               CREATE PUMP p3 AS INSERT INTO out SELECT STREAM k, SUM(v) FROM both AS x
               GROUP BY k, STEP(x.ROWTIME BY INTERVAL '1' SECOND);";
    let a = [(1, r#"{"K":"a","V":1}"#), (3, r#"{"K":"a","V":2}"#)];
    let b = [(2, r#"{"K":"a","V":10}"#)];
    assert_eq!(rows(sql, &a, &b, 5_000), [r#"{"K":"a","V":18.0}"#, r#"{"K":"all","V":3.0}"#]);
}

#[test]
fn the_most_frequent_items_and_their_number() {
    let sql = "CREATE STREAM out (item VARCHAR(8), n BIGINT);
               CREATE PUMP p AS INSERT INTO out
               SELECT STREAM * FROM TABLE(TOP_K_ITEMS_TUMBLING(CURSOR(SELECT STREAM * FROM a), 'K', 2, 10));";
    let a = [
        (1, r#"{"K":"a"}"#),
        (2, r#"{"K":"b"}"#),
        (3, r#"{"K":"b"}"#),
        (4, r#"{"K":"c"}"#),
        (5, r#"{"K":"c"}"#),
        (6, r#"{"K":"c"}"#),
        (10_001, r#"{"K":"a"}"#),
    ];
    assert_eq!(rows(sql, &a, &[], 30_000), [r#"{"ITEM":"c","N":3}"#, r#"{"ITEM":"b","N":2}"#, r#"{"ITEM":"a","N":1}"#]);
    let sql = "CREATE STREAM out (n BIGINT);
               CREATE PUMP p AS INSERT INTO out SELECT STREAM NUMBER_OF_DISTINCT_ITEMS
               FROM TABLE(COUNT_DISTINCT_ITEMS_TUMBLING(CURSOR(SELECT STREAM k FROM a), 'K', 10));";
    assert_eq!(rows(sql, &a, &[], 30_000), [r#"{"N":3}"#, r#"{"N":1}"#]);
}

#[test]
fn system_columns_and_windows_by_arrival() {
    let sql = "CREATE STREAM out (w TIMESTAMP, shard VARCHAR(64), pk VARCHAR(512), n INTEGER);
               CREATE PUMP p AS INSERT INTO out
               SELECT STREAM STEP(a.APPROXIMATE_ARRIVAL_TIME BY INTERVAL '10' SECOND), SHARD_ID, PARTITION_KEY, COUNT(*)
               FROM a GROUP BY SHARD_ID, PARTITION_KEY, STEP(a.APPROXIMATE_ARRIVAL_TIME BY INTERVAL '10' SECOND);";
    let a = [(1_000, r#"{"K":"a"}"#), (2_000, r#"{"K":"b"}"#)];
    assert_eq!(
        rows(sql, &a, &[], 30_000),
        [r#"{"W":"2020-01-01T00:00:00.000","SHARD":"shardId-000000000000","PK":"pk","N":2}"#]
    );
}

/// A frame reaches back to rows that are as old as it allows, and no further on than the row itself (reference A.6.4).
#[test]
fn frames_end_with_the_row_and_begin_with_the_oldest_that_is_allowed() {
    let sql = "CREATE STREAM out (k VARCHAR(8), s INTEGER, r INTEGER, n INTEGER, before INTEGER, hi INTEGER);
               CREATE PUMP p AS INSERT INTO out
               SELECT STREAM k, SUM(v) OVER w10, SUM(v) OVER last2, COUNT(*) OVER (RANGE INTERVAL '10' SECOND PRECEDING),
                   LAG(v) OVER last2, CASE WHEN v > 3 THEN NULL ELSE MAX(v) OVER w10 + 100 END
               FROM a
               WINDOW w10 AS (PARTITION BY k RANGE INTERVAL '10' SECOND PRECEDING),
                   last2 AS (PARTITION BY k ROWS 1 PRECEDING);";
    let a = [
        (0, r#"{"K":"a","V":1}"#),
        (10_000, r#"{"K":"a","V":2}"#),
        (10_000, r#"{"K":"a","V":3}"#),
        (10_000, r#"{"K":"b","V":9}"#),
        (10_001, r#"{"K":"a","V":4}"#),
    ];
    assert_eq!(
        rows(sql, &a, &[], 60_000),
        [
            r#"{"K":"a","S":1,"R":1,"N":1,"BEFORE":null,"HI":101}"#,
            r#"{"K":"a","S":3,"R":3,"N":2,"BEFORE":1,"HI":102}"#,
            r#"{"K":"a","S":6,"R":5,"N":3,"BEFORE":2,"HI":103}"#,
            r#"{"K":"b","S":9,"R":9,"N":4,"BEFORE":null,"HI":null}"#,
            r#"{"K":"a","S":9,"R":7,"N":4,"BEFORE":3,"HI":null}"#,
        ]
    );
}

#[test]
fn an_alert_is_a_filter_around_a_frame() {
    let sql = "CREATE STREAM out (k VARCHAR(8), n INTEGER, at TIMESTAMP);
               CREATE PUMP p AS INSERT INTO out
               SELECT STREAM k, c, ROWTIME FROM (SELECT STREAM k, COUNT(*) OVER w AS c FROM a
               WINDOW w AS (PARTITION BY k RANGE INTERVAL '1' MINUTE PRECEDING)) WHERE c > 1;";
    let a = [(0, r#"{"K":"a"}"#), (1_000, r#"{"K":"b"}"#), (2_000, r#"{"K":"a"}"#), (70_000, r#"{"K":"a"}"#)];
    assert_eq!(rows(sql, &a, &[], 200_000), [r#"{"K":"a","N":2,"AT":"2020-01-01T00:00:02.000"}"#]);
}

/// A row waits in its own window for a partner; without a window it looks back only (reference A.6.7).
#[test]
fn streams_are_joined_over_windows() {
    let sql = |join: &str| {
        format!(
            "CREATE STREAM out (at TIMESTAMP, v INTEGER, w INTEGER);
             CREATE PUMP p AS INSERT INTO out SELECT STREAM ROWTIME, x.v, y.v FROM {join};"
        )
    };
    let a = [(1_000, r#"{"K":"x","V":1}"#), (12_000, r#"{"K":"y","V":2}"#), (30_000, r#"{"K":"z","V":3}"#)];
    let b = [(5_000, r#"{"K":"x","V":10}"#), (11_001, r#"{"K":"x","V":11}"#), (11_500, r#"{"K":"y","V":12}"#)];
    let one_side = sql("a OVER (RANGE INTERVAL '10' SECOND PRECEDING) AS x JOIN b AS y ON x.k = y.k");
    let first = r#"{"AT":"2020-01-01T00:00:05.000","V":1,"W":10}"#;
    let second = r#"{"AT":"2020-01-01T00:00:12.000","V":2,"W":12}"#;
    assert_eq!(rows(&one_side, &a, &b, 100_000), [first]);
    let window = "OVER (RANGE INTERVAL '10' SECOND PRECEDING)";
    let both = sql(&format!("a {window} AS x, b {window} AS y WHERE x.k = y.k AND y.v > 0"));
    assert_eq!(rows(&both, &a, &b, 100_000), [first, second]);
    let left = sql(&format!("a {window} AS x LEFT JOIN b {window} AS y ON x.k = y.k"));
    let mut found = rows(&left, &a, &b, 100_000);
    found.sort();
    assert_eq!(found.len(), 3);
    assert_eq!(found[..2], [first, second]);
    assert!(found[2].ends_with(r#","V":3,"W":null}"#), "{}", found[2]);
}

/// A pair has the time of its later row, by which its window is chosen.
#[test]
fn pairs_are_grouped_by_their_own_time() {
    let sql = "CREATE STREAM out (k VARCHAR(8), n INTEGER);
               CREATE PUMP p AS INSERT INTO out SELECT STREAM x.k, COUNT(*)
               FROM a OVER (RANGE INTERVAL '10' SECOND PRECEDING) AS x JOIN b AS y ON x.k = y.k
               GROUP BY x.k, STEP(ROWTIME BY INTERVAL '10' SECOND);";
    let a = [(9_000, r#"{"K":"x"}"#)];
    let b = [(9_500, r#"{"K":"x"}"#), (11_000, r#"{"K":"x"}"#), (12_000, r#"{"K":"x"}"#)];
    assert_eq!(rows(sql, &a, &b, 60_000), [r#"{"K":"x","N":1}"#, r#"{"K":"x","N":2}"#]);
}

#[test]
fn a_stream_is_joined_with_itself_and_with_what_came_of_it() {
    let sql = "CREATE STREAM sums (k VARCHAR(8), s INTEGER);
               CREATE PUMP p1 AS INSERT INTO sums
               SELECT STREAM k, SUM(v) FROM a GROUP BY k, STEP(a.ROWTIME BY INTERVAL '1' SECOND);
               CREATE STREAM out (k VARCHAR(8), v INTEGER, s INTEGER);
               CREATE PUMP p2 AS INSERT INTO out
               SELECT STREAM r.k, r.v, t.s FROM a OVER (RANGE INTERVAL '5' SECOND PRECEDING) AS r
               JOIN sums AS t ON r.k = t.k;";
    let a = [(100, r#"{"K":"x","V":1}"#), (200, r#"{"K":"x","V":2}"#)];
    assert_eq!(rows(sql, &a, &[], 60_000), [r#"{"K":"x","V":1,"S":3}"#, r#"{"K":"x","V":2,"S":3}"#]);
}

#[test]
fn lines_of_logs_become_records_whose_fields_are_read() {
    let sql = "CREATE STREAM out (level VARCHAR(16), what VARCHAR(8));
               CREATE PUMP p AS INSERT INTO out
               SELECT STREAM t.r.COLUMN1, UPPER(t.r.COLUMN2)
               FROM (SELECT STREAM REGEX_LOG_PARSE(k, '([a-z]+):(.*)') FROM a) AS t(r) WHERE r.COLUMN1 <> 'debug';";
    let a = [(1, r#"{"K":"warn:x"}"#), (2, r#"{"K":"debug:y"}"#), (3, r#"{"K":"info:z"}"#), (4, r#"{"K":"?"}"#)];
    assert_eq!(rows(sql, &a, &[], 1000), [r#"{"LEVEL":"warn","WHAT":"X"}"#, r#"{"LEVEL":"info","WHAT":"Z"}"#]);
}

#[test]
fn an_unusual_row_has_a_greater_score_than_the_rows_before_it() {
    let sql = "CREATE STREAM out (k VARCHAR(8), v INTEGER, score DOUBLE);
               CREATE PUMP p AS INSERT INTO out SELECT STREAM k, v, ANOMALY_SCORE
               FROM TABLE(RANDOM_CUT_FOREST(CURSOR(SELECT STREAM k, v FROM a), 50, 20));";
    let usual = |index: i64| (index, if index % 2 == 0 { r#"{"K":"a","V":10}"# } else { r#"{"K":"a","V":12}"# });
    let mut a: Vec<Record> = (0..40).map(usual).collect();
    a.push((40, r#"{"K":"a","V":900}"#));
    a.push((41, r#"{"K":"a","V":null}"#));
    let found = rows(sql, &a, &[], 1000);
    let score = |row: &String| serde_json::from_str::<serde_json::Value>(row).expect("JSON")["SCORE"].as_f64();
    let scores: Vec<Option<f64>> = found.iter().map(score).collect();
    assert!(scores[..20].iter().all(|score| *score == Some(0.0)), "nothing is scored while the first sample is drawn");
    let (usual, unusual) = (&scores[25..40], scores[40].expect("a score"));
    assert!(usual.iter().all(|score| score.is_some_and(|score| score > 0.0 && score < unusual)), "{scores:?}");
    assert_eq!(scores[41], None);
}

#[test]
fn hotspots_are_where_many_of_the_last_rows_lie() {
    let sql = "CREATE STREAM out (k VARCHAR(8), x INTEGER, spots VARCHAR(200));
               CREATE PUMP p AS INSERT INTO out SELECT k, x, HOTSPOTS_RESULT
               FROM TABLE(HOTSPOTS(CURSOR(SELECT STREAM k, v AS x, v * 2.5E0 AS y FROM a WHERE v < 99 OR v IS NULL), 100, 3, 2));";
    let a = [
        (1, r#"{"K":"a","V":1}"#),
        (2, r#"{"K":"b","V":2}"#),
        (3, r#"{"V":null}"#),
        (4, r#"{"K":"far","V":10}"#),
        (5, r#"{"K":"c","V":10}"#),
        (6, r#"{"K":"no","V":99}"#),
    ];
    let line = |k: &str, x: &str, spots: &str| format!(r#"{{"K":{k},"X":{x},"SPOTS":{spots}}}"#);
    // Two rows in a rectangle of 1 by 2.5; and two in one place, which is as wide as the radius.
    let first = r#"{\"density\":0.8,\"minValues\":[1.0,2.5],\"maxValues\":[2.0,5.0]}"#;
    let second = r#"{\"density\":0.2222222222222222,\"minValues\":[10.0,25.0],\"maxValues\":[10.0,25.0]}"#;
    let spots = |found: &str| format!(r#""{{\"hotspots\":[{found}]}}""#);
    assert_eq!(
        rows(sql, &a, &[], 1000),
        [
            line(r#""a""#, "1", &spots("")),
            line(r#""b""#, "2", &spots(first)),
            line("null", "null", "null"),
            line(r#""far""#, "10", &spots(first)),
            line(r#""c""#, "10", &spots(&format!("{first},{second}"))),
        ]
    );
}

/// What AWS's guide ranks: the rows of a window, which all have the time of its end.
#[test]
fn rows_of_one_time_are_ranked_and_those_that_are_equal_share_a_place() {
    let ranked = |orders: &str| {
        format!(
            "CREATE STREAM out (k VARCHAR(8), n INTEGER, place INTEGER);
             CREATE STREAM counts (k VARCHAR(8), n INTEGER);
             CREATE PUMP p AS INSERT INTO counts
             SELECT STREAM k, COUNT(*) FROM a GROUP BY k, STEP(a.ROWTIME BY INTERVAL '10' SECOND);
             CREATE PUMP q AS INSERT INTO out
             SELECT STREAM k, n, \"place\"
             FROM TABLE(GROUP_RANK(CURSOR(SELECT STREAM * FROM counts), 'N', 'place', {orders}));"
        )
    };
    let (one, two, three) = (r#"{"K":"a"}"#, r#"{"K":"b"}"#, r#"{"K":"c"}"#);
    let of_none = r#"{"V":1}"#;
    let first = [(1, one), (2, two), (2, two), (3, three), (3, three), (4, of_none)];
    let a: Vec<Record> = first.into_iter().chain([(11_000, one), (12_000, three), (12_001, three)]).collect();
    let line = |k: Option<&str>, n: i32, place: i32| {
        let k = k.map_or("null".to_owned(), |k| format!("\"{k}\""));
        format!(r#"{{"K":{k},"N":{n},"PLACE":{place}}}"#)
    };
    let (a_row, b_row, c_row) = (Some("a"), Some("b"), Some("c"));
    let sorted = |rows: Vec<String>| -> Vec<String> {
        // Which of two rows in one place comes first is not said.
        let mut rows = rows;
        rows[..4].sort();
        rows
    };
    assert_eq!(
        sorted(rows(&ranked("'desc', 'asc', 1000, 0"), &a, &[], 40_000)),
        [
            line(a_row, 1, 3),
            line(b_row, 2, 1),
            line(c_row, 2, 1),
            line(None, 1, 3),
            line(c_row, 2, 1),
            line(a_row, 1, 2)
        ]
    );
    assert_eq!(rows(&ranked("'ASC', 'DESC', 0, 2"), &a, &[], 40_000)[2..], [line(c_row, 2, 2), line(a_row, 1, 1)]);
    assert_eq!(rows(&ranked("'asc', 'asc', 0, 1"), &a, &[], 40_000)[1..], [line(a_row, 1, 1)]);
}

#[test]
fn both_zeros_share_a_place() {
    let sql = "CREATE STREAM out (v DOUBLE, place INTEGER);
               CREATE PUMP p AS INSERT INTO out SELECT STREAM w, place
               FROM TABLE(GROUP_RANK(CURSOR(SELECT STREAM v * 1.0E0 AS w FROM a UNION ALL SELECT STREAM v * -1.0E0 AS w
               FROM a), 'W', 'PLACE', 'asc', 'asc', 0, 0));";
    let found = rows(sql, &[(5, r#"{"V":0}"#)], &[], 1000);
    assert!(found.len() == 2 && found.iter().all(|row| row.ends_with(r#""PLACE":1}"#)), "{found:?}");
}

/// Rows come in their order behind each other, a millisecond at a time, and NULL is the least value.
#[test]
fn records_that_arrive_together_are_ranked() {
    let sql = "CREATE STREAM out (r TIMESTAMP, v INTEGER, place INTEGER);
               CREATE PUMP p AS INSERT INTO out
               SELECT STREAM t.ROWTIME, v, place
               FROM TABLE(GROUP_RANK(CURSOR(SELECT STREAM v FROM a), 'V', 'PLACE', 'asc', 'asc', 500, 0)) AS t;";
    let a = [(5, r#"{"V":3}"#), (5, r#"{"V":1}"#), (5, r"{}"), (6, r#"{"V":9}"#), (6, r#"{"V":-9}"#)];
    let line = |at: &str, v: &str, place: i32| format!(r#"{{"R":"2020-01-01T00:00:00.{at}","V":{v},"PLACE":{place}}}"#);
    assert_eq!(
        rows(sql, &a, &[], 1000),
        [line("005", "null", 1), line("005", "1", 2), line("005", "3", 3), line("006", "-9", 1), line("006", "9", 2)]
    );
}

#[test]
fn periods_and_differences_of_moments_are_compared() {
    let sql = "CREATE STREAM out (k VARCHAR(8), seconds INTEGER);
               CREATE PUMP p AS INSERT INTO out
               SELECT STREAM k, (at - TIMESTAMP '2020-01-01 00:00:00') SECOND(10, 3) FROM a
               WHERE PERIOD(TIMESTAMP '2020-01-01 00:00:10', TIMESTAMP '2020-01-01 00:00:20') CONTAINS at
                  OR PERIOD(at, at + INTERVAL '5' SECOND) IMMEDIATELY PRECEDES
                     PERIOD(TIMESTAMP '2020-01-01 00:01:00', TIMESTAMP '2020-01-01 00:02:00');";
    let a = [
        (1, r#"{"K":"a","AT":"2020-01-01T00:00:10Z"}"#),
        (2, r#"{"K":"b","AT":"2020-01-01T00:00:20Z"}"#),
        (3, r#"{"K":"c","AT":"2020-01-01T00:00:55Z"}"#),
        (4, r#"{"K":"d","AT":"2020-01-01T00:00:56Z"}"#),
    ];
    assert_eq!(rows(sql, &a, &[], 1000), [r#"{"K":"a","SECONDS":10}"#, r#"{"K":"c","SECONDS":55}"#]);
}
