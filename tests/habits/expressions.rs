//! What `pipe check` accepts, the engine runs: random expressions over columns of every type.

use std::sync::Arc;

use pipe::document::Document;
use pipe::engine::Engine;
use pipe::plan::Plan;
use pipe::streams::local::{Durability, LocalLog};
use proptest::prelude::*;

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

[streams.out]
"#;

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
        let function = prop::sample::select(vec![
            "ABS",
            "CEIL",
            "FLOOR",
            "EXP",
            "LN",
            "LOG10",
            "SQRT",
            "LOWER",
            "UPPER",
            "TRIM",
            "CHAR_LENGTH",
            "COALESCE",
        ]);
        let two = prop::sample::select(vec!["POWER", "MOD", "NULLIF", "COALESCE", "SUBSTRING"]);
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
            2 => (function, inner.clone()).prop_map(|(f, a)| format!("{f}({a})")),
            1 => (two, inner.clone(), inner.clone()).prop_map(|(f, a, b)| format!("{f}({a}, {b})")),
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
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_expression_without_mistakes_can_be_run(
        filter in expression(),
        (aggregate, argument) in (prop::sample::select(vec!["COUNT", "SUM", "MIN", "MAX", "AVG"]), expression()),
        around in prop::sample::select(vec!["", "ABS", "CEIL", "LOWER", "COALESCE"]),
    ) {
        thread_local! {
            static LOG: (tempfile::TempDir, Arc<LocalLog>) = {
                let folder = tempfile::tempdir().unwrap();
                let log = LocalLog::open(folder.path(), Durability::Process).unwrap();
                for stream in ["in", "out"] {
                    log.create_stream(stream, pipe::streams::Capacity::Provisioned(1)).unwrap();
                }
                (folder, log)
            };
        }
        let query = "\n[queries.out]\nfrom = \"in\"\nwindow = { kind = \"tumbling\", size = \"1s\" }\n";
        let select = format!("select = {{ x = \"{around}({aggregate}({argument}))\" }}\n");
        // Each by itself, so that a mistake in one does not keep the other from being run.
        for text in [
            format!("{COLUMNS}{query}{select}"),
            format!("{COLUMNS}{query}where = \"{filter}\"\nselect = {{ n = \"COUNT(*)\" }}\n"),
        ] {
            let document = Document::new("random.toml", text);
            let Ok(plans) = Plan::check(&document) else { continue };
            let plan = &plans[0];
            let opened = LOG.with(|(_, log)| Engine::open(Arc::clone(log), plan, &plan.queries[0]).map(drop));
            prop_assert!(opened.is_ok(), "{:?} of {}", opened, document.text().split_once("[queries").unwrap().1);
        }
    }
}
