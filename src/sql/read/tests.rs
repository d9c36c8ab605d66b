//! What expressions are read as.

use super::*;

fn columns() -> Vec<(String, SqlType)> {
    [
        ("ticker", SqlType::Varchar(8)),
        ("price", SqlType::Double),
        ("volume", SqlType::Integer),
        ("at", SqlType::Timestamp(3)),
        ("fee", SqlType::Decimal { precision: 10, scale: 2 }),
    ]
    .map(|(name, sql_type)| (name.to_owned(), sql_type))
    .to_vec()
}

fn select(text: &str) -> Result<Reading, SqlError> {
    read_select(text, Scope::of(&columns()), &["ticker".to_owned()], Vec::new())
}

#[test]
fn every_expression_has_the_type_that_sql_gives_it() {
    for (text, expected) in [
        ("COUNT(*)", "BIGINT"),
        ("AVG(volume)", "INTEGER"),
        ("SUM(volume)", "BIGINT"),
        ("AVG(price)", "DOUBLE"),
        ("SUM(price * volume) / SUM(volume)", "DOUBLE"),
        ("MAX(at)", "TIMESTAMP(3)"),
        ("SUM(fee)", "DECIMAL(38, 2)"),
        ("MIN(fee * 2)", "DECIMAL(20, 2)"),
        ("UPPER(ticker) || '!'", "VARCHAR(9)"),
        ("CASE WHEN COUNT(*) > 10 THEN 1 ELSE 2.5 END", "DECIMAL(11, 1)"),
        ("CAST(AVG(price) AS INTEGER)", "INTEGER"),
        ("MIN(CHAR_LENGTH(ticker))", "INTEGER"),
        ("COUNT(*) BETWEEN 1 AND 2", "BOOLEAN"),
        ("COUNT(DISTINCT price)", "BIGINT"),
        ("SUM(DISTINCT volume)", "BIGINT"),
        ("STDDEV_POP(volume)", "DOUBLE"),
        ("VAR_SAMP(fee)", "DOUBLE"),
        ("FIRST_VALUE(ticker)", "VARCHAR(8)"),
        ("LAST_VALUE(at)", "TIMESTAMP(3)"),
        ("ANY(price > 1)", "BOOLEAN"),
        ("EVERY(volume IS NULL)", "BOOLEAN"),
        ("APPROX_COUNT_DISTINCT(ticker)", "BIGINT"),
        ("PERCENTILE(volume, 0.5)", "DOUBLE"),
        ("APPROX_PERCENTILE(fee, 1)", "DOUBLE"),
    ] {
        let read = select(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(read.expr.sql_type.expect("typed").to_string(), expected, "{text}");
    }
}

#[test]
fn a_constant_negated_twice_is_itself() {
    let constant = |text| select(text).expect("legal").expr;
    assert_eq!(constant("- (- 2.50)"), constant("2.50"));
    assert_eq!(constant("- (- 7)"), constant("7"));
}

#[test]
fn an_aggregate_used_twice_is_kept_once() {
    assert_eq!(select("SUM(volume) / SUM(volume)").expect("legal").aggregates.len(), 1);
}

#[test]
fn mistakes_have_a_place() {
    let error = select("COUNT(*) + MIN(prise)").expect_err("a slip");
    assert_eq!(error.span, Some(15..20));
    assert_eq!(error.unknown.expect("a slip").0, "prise");
    for wrong in [
        "price",
        "SUM(ticker)",
        "MIN(MAX(price))",
        "COUNT(DISTINCT *)",
        "STDDEV_POP(DISTINCT price)",
        "PERCENTILE(price)",
        "PERCENTILE(price, 2)",
        "ANY(price)",
        "UPPER(DISTINCT ticker)",
        "MIN(price, 1)",
        "LAG(price)",
        "1 +",
        "f(1)",
        "",
        "a b",
        "ticker > 1",
    ] {
        select(wrong).expect_err(wrong);
    }
    let filter = |text| read_filter(text, Scope::of(&columns()));
    filter("volume > 0 AND ticker IN ('A', 'B') AND at >= '2026-01-01'").expect("legal");
    for wrong in ["volume", "COUNT(*) > 1", "at > 'soon'", "volume LIKE 'a'"] {
        filter(wrong).expect_err(wrong);
    }
}

#[test]
fn deep_nesting_is_refused_and_not_run_into() {
    let deep = format!("{}1{}", "(".repeat(5000), ")".repeat(5000));
    read_filter(&deep, Scope::of(&columns())).expect_err("too deep");
}

#[test]
fn a_long_row_of_operators_is_refused_and_not_run_into() {
    let filter = |text: &str| read_filter(text, Scope::of(&columns()));
    filter(&["volume > 0"; 90].join(" AND ")).expect("long and legal");
    filter(&["volume > 0"; 200].join(" AND ")).expect_err("too long a row");
    filter(&format!("{} > 0", vec!["1"; 4000].join("+"))).expect_err("too long a row");
    filter(&format!("{} > 0", vec!["1"; 40_000].join("+"))).expect_err("too long");
}
