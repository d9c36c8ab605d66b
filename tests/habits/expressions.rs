//! What `pipe check` accepts, the engine runs: random expressions over columns of every type.

use std::cell::Cell;
use std::sync::Arc;

use pipe::document::Document;
use pipe::engine::{Engine, EngineError};
use pipe::plan::{ERROR_STREAM, Plan};
use pipe::streams::local::{Durability, LocalLog};
use pipe::streams::{Appends, Capacity};
use proptest::prelude::*;
use tempfile::TempDir;

const COLUMNS: &str = r#"
[pipeline]
name = "random"

[streams.in.columns]
flag = "BOOLEAN"
tiny = "TINYINT"
small = "SMALLINT"
whole = "INTEGER"
big = "BIGINT"
real = "REAL"
double = "DOUBLE"
money = "DECIMAL(9, 2)"
wide = "DECIMAL(38, 10)"
word = "VARCHAR(8)"
day = "DATE"
moment = "TIMESTAMP(3)"

[streams.in]
event_time = { column = "moment" }
"#;

/// Two rows of the extremes, one of nothing, and one that closes their window.
const RECORDS: [&str; 4] = [
    r#"{"flag":true,"tiny":127,"small":-32768,"whole":2147483647,"big":-9223372036854775808,"real":-0.0,"double":1e308,
        "money":-9999999.99,"wide":9999999999999999999999999999.0,"word":"äöüßéèêë","day":"2026-02-28",
        "moment":"2026-02-28T10:15:00.1"}"#,
    r#"{"flag":false,"tiny":0,"small":0,"whole":0,"big":0,"real":0,"double":0,"money":0,"wide":0,"word":"",
        "day":"1970-01-01","moment":"2026-02-28T10:15:00.2"}"#,
    r#"{"moment":"2026-02-28T10:15:00.3"}"#,
    r#"{"moment":"2026-02-28T10:15:10"}"#,
];

/// Calls of every scalar function, with `§` and `#` for any expression.
const CALLS: &[&str] = &[
    "ABS(§)",
    "CEIL(§)",
    "FLOOR(§)",
    "EXP(§)",
    "LN(§)",
    "LOG10(§)",
    "SQRT(§)",
    "SIGN(§)",
    "ROUND(§)",
    "ROUND(§, 2)",
    "POWER(§, #)",
    "MOD(§, #)",
    "NULLIF(§, #)",
    "COALESCE(§)",
    "COALESCE(§, #)",
    "GREATEST(§, #)",
    "LEAST(§, #)",
    "STEP(§ BY #)",
    "STEP(§ BY 10)",
    "STEP(§ BY INTERVAL '10' SECOND)",
    "LOWER(§)",
    "UPPER(§)",
    "INITCAP(§)",
    "TRIM(§)",
    "TRIM(LEADING # FROM §)",
    "LTRIM(§)",
    "RTRIM(§, #)",
    "CHAR_LENGTH(§)",
    "SUBSTRING(§, #)",
    "SUBSTRING(§ FROM # FOR 2)",
    "SUBSTRING(§ FROM '[a-c]+')",
    "POSITION(§ IN #)",
    "OVERLAY(§ PLACING 'x' FROM #)",
    "CONCAT(§, #)",
    "LEFT(§, #)",
    "RIGHT(§, #)",
    "LPAD(§, 5, #)",
    "RPAD(§, #, 'x')",
    "REPEAT(§, #)",
    "REPLACE(§, #, 'x')",
    "REVERSE(§)",
    "SPLIT_INDEX(§, ',', #)",
    "MD5(§)",
    "SHA256(§)",
    "REGEXP_EXTRACT(§, '(a)(.)', 2)",
    "REGEXP_REPLACE(§, 'a', #)",
    "REGEX_REPLACE(§, 'a', 'b', #, 0)",
    "(§ LIKE 'a!%' ESCAPE '!')",
    "(§ SIMILAR TO '[a-z]+|x')",
    "FLOOR(§ TO HOUR)",
    "CEIL(§ TO MONTH)",
    "EXTRACT(DAY FROM §)",
    "(§ + INTERVAL '1' DAY)",
    "(§ - INTERVAL '1 02:03:04.5' DAY TO SECOND)",
    "TIMESTAMPDIFF(MONTH, §, #)",
    "(§ - #) SECOND",
    "TSDIFF(§, #)",
    "UNIX_TIMESTAMP(§)",
    "TO_TIMESTAMP(§)",
    "CHAR_TO_TIMESTAMP('yyyy-MM-dd', §)",
    "CHAR_TO_DATE('yyyy-MM-dd', §)",
    "TIMESTAMP_TO_CHAR('yyyy-MM-dd hh:mm:ss.SSS a', §)",
    "DATE_FORMAT(§, 'EEE D')",
    "MONOTONIC(§)",
    "TSDIFF(CURRENT_TIMESTAMP, §)",
    "REGEX_LOG_PARSE(§, '(a)', 1)",
    "FIXED_COLUMN_LOG_PARSE(§, 'a TYPE INTEGER START 1 FOR 2', 1)",
    "VARIABLE_COLUMN_LOG_PARSE(§, 2, 'a', 1)",
    "SYS_LOG_PARSE(§, 1)",
    "W3C_LOG_PARSE(§, 'COMMON', 1)",
];

const AGGREGATES: [&str; 20] = [
    "COUNT(x)",
    "SUM(x)",
    "MIN(x)",
    "MAX(x)",
    "AVG(x)",
    "COUNT(DISTINCT x)",
    "SUM(DISTINCT x)",
    "AVG(DISTINCT x)",
    "FIRST_VALUE(x)",
    "LAST_VALUE(x)",
    "STDDEV_POP(x)",
    "STDDEV_SAMP(x)",
    "VAR_POP(x)",
    "VAR_SAMP(x)",
    "ANY(x)",
    "EVERY(x)",
    "APPROX_COUNT_DISTINCT(x)",
    "PERCENTILE(x, 0.5)",
    "APPROX_PERCENTILE(x, 0.99)",
    "MAX(DISTINCT x)",
];

fn leaf() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "flag",
        "tiny",
        "small",
        "whole",
        "big",
        "real",
        "double",
        "money",
        "wide",
        "word",
        "day",
        "moment",
        "1",
        "0",
        "-7",
        "300",
        "9223372036854775807",
        "2.50",
        "0.000001",
        "1e3",
        "'a'",
        "''",
        "'2026-02-02'",
        "NULL",
        "TRUE",
        "DATE '2026-02-02'",
        "TIMESTAMP '2026-02-02 10:15:30'",
    ])
    .prop_map(str::to_owned)
}

fn expression() -> impl Strategy<Value = String> {
    leaf().prop_recursive(4, 16, 3, |inner| {
        let operator =
            prop::sample::select(vec!["+", "-", "*", "/", "%", "||", "=", "<>", "<", "<=", ">", ">=", "AND", "OR"]);
        let call = (prop::sample::select(CALLS.to_vec()), inner.clone(), inner.clone())
            .prop_map(|(call, a, b)| call.replace('§', &a).replace('#', &b));
        let to = prop::sample::select(vec![
            "BOOLEAN",
            "TINYINT",
            "INTEGER",
            "BIGINT",
            "REAL",
            "DOUBLE",
            "DECIMAL(5, 1)",
            "DECIMAL(38, 20)",
            "VARCHAR(3)",
            "DATE",
            "TIMESTAMP(0)",
            "TIMESTAMP(6)",
        ]);
        prop_oneof![
            3 => (inner.clone(), operator, inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            6 => call,
            2 => (inner.clone(), to).prop_map(|(a, to)| format!("CAST({a} AS {to})")),
            1 => inner.clone().prop_map(|a| format!("(- {a})")),
            1 => inner.clone().prop_map(|a| format!("(NOT {a})")),
            1 => inner.clone().prop_map(|a| format!("({a} IS NOT NULL)")),
            1 => inner.clone().prop_map(|a| format!("({a} LIKE 'a%')")),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} IN ({b}, {c}))")),
            1 => (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(a, b, c)| format!("({a} BETWEEN {b} AND {c})")),
            1 => (inner.clone(), inner.clone(), inner)
                .prop_map(|(a, b, c)| format!("CASE WHEN {a} THEN {b} ELSE {c} END")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_expression_without_mistakes_can_be_run(
        filter in expression(),
        (aggregate, argument) in (prop::sample::select(AGGREGATES.to_vec()), expression()),
        around in prop::sample::select(vec!["", "ABS", "CEIL", "LOWER", "COALESCE"]),
    ) {
        thread_local! {
            static PLACE: Place = Place::new();
        }
        let select = format!("select = {{ x = \"{around}({})\" }}\n", aggregate.replace('x', &argument));
        // Each by itself, so that a mistake in one does not keep the other from being run.
        for query in [select, format!("where = \"{filter}\"\nselect = {{ n = \"COUNT(*)\" }}\n")] {
            let ran = PLACE.with(|place| place.run(&query));
            prop_assert!(ran.is_ok(), "{query}: {ran:?}");
        }
    }
}

/// A log with a few records in the stream `in`.
struct Place {
    log: Arc<LocalLog>,
    queries: Cell<u32>,
    _folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = LocalLog::open(folder.path(), Durability::Process).unwrap();
        for stream in ["in", ERROR_STREAM] {
            log.create_stream(stream, Capacity::Provisioned(1)).unwrap();
        }
        let mut records = Appends::new();
        for record in RECORDS {
            records.push("key", record.as_bytes());
        }
        log.append_records("in", &records).unwrap();
        Self { log, queries: Cell::new(0), _folder: folder }
    }

    /// Runs a query that `pipe check` accepts over the records: each is counted, whatever becomes of it.
    fn run(&self, query: &str) -> Result<(), EngineError> {
        // A name of its own, for each query keeps its state.
        let name = format!("out{}", self.queries.get());
        let text = format!(
            "{COLUMNS}\n[streams.{name}]\n\n[queries.{name}]\nfrom = \"in\"\n\
             window = {{ kind = \"tumbling\", size = \"1s\" }}\n{query}"
        );
        let Ok(plans) = Plan::check(&Document::new("random.toml", text)) else { return Ok(()) };
        self.queries.set(self.queries.get() + 1);
        self.log.create_stream(&name, Capacity::Provisioned(1))?;
        let mut engine = Engine::open(Arc::clone(&self.log), &plans[0], &plans[0].queries[0])?;
        engine.catch_up()?;
        assert_eq!(engine.status().borrow().counters.records, RECORDS.len() as u64);
        Ok(())
    }
}
