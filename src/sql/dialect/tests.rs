//! What is written in each dialect.

use super::super::{Aggregates, Folding, Found, Scope, Space, Visible, read_expr, read_filter, read_row, read_select};
use super::*;

#[test]
fn each_dialect_quotes_and_widens_in_its_own_way() {
    let columns = [("userName".to_owned(), SqlType::Varchar(8)), ("balance".to_owned(), SqlType::Integer)];
    let scope = Scope::of(&columns);
    let read = read_select("SUM(balance) / (COUNT(*) - 1)", scope, &[], Vec::new()).expect("legal");
    let write = |dialect| expression_text(&read.expr, dialect, &read.aggregates, "");
    assert_eq!(write(Dialect::Kda), "SUM(\"balance\") / (COUNT(*) - 1)");
    assert_eq!(write(Dialect::Flink), "SUM(CAST(`balance` AS BIGINT)) / NULLIF((COUNT(*) - 1), 0)");
    let filter = read_filter("NOT (userName = 'o''x' OR -balance < 3) AND balance IS NOT NULL", scope).expect("legal");
    assert_eq!(
        expression_text(&filter, Dialect::Flink, &[], ""),
        "(NOT ((`userName` = 'o''x') OR ((-`balance`) < 3))) AND (`balance` IS NOT NULL)"
    );
}

#[test]
fn what_diverts_a_row_in_kda_does_not_stop_a_flink_job() {
    let columns = [("a".to_owned(), SqlType::Varchar(8)), ("b".to_owned(), SqlType::Integer)];
    let write = |text, dialect| {
        let filter = read_filter(text, Scope::of(&columns)).expect(text);
        expression_text(&filter, dialect, &[], "")
    };
    let text = "CAST(a AS INTEGER) / b > MOD(b, 2) + MOD(b, b)";
    assert_eq!(write(text, Dialect::Kda), "(CAST(\"a\" AS INTEGER) / \"b\") > (MOD(\"b\", 2) + MOD(\"b\", \"b\"))");
    assert_eq!(
        write(text, Dialect::Flink),
        "(TRY_CAST(`a` AS INT) / NULLIF(`b`, 0)) > (MOD(`b`, 2) + MOD(`b`, NULLIF(`b`, 0)))"
    );
    assert_eq!(write("CAST(b AS VARCHAR(2)) = '1'", Dialect::Flink), "CAST(`b` AS VARCHAR(2)) = '1'");
}

#[test]
fn aggregates_are_spelled_so_that_each_dialect_gives_the_same_value() {
    let columns =
        [("i".to_owned(), SqlType::Integer), ("b".to_owned(), SqlType::Boolean), ("f".to_owned(), SqlType::Double)];
    for (text, kda, flink) in [
        ("COUNT(DISTINCT i)", "COUNT(DISTINCT \"i\")", "COUNT(DISTINCT `i`)"),
        ("SUM(DISTINCT i)", "SUM(DISTINCT \"i\")", "SUM(DISTINCT CAST(`i` AS BIGINT))"),
        ("FIRST_VALUE(i)", "FIRST_VALUE(\"i\")", "FIRST_VALUE(`i`)"),
        ("STDDEV_POP(i)", "STDDEV_POP(\"i\")", "STDDEV_POP(CAST(`i` AS DOUBLE))"),
        ("VAR_SAMP(f)", "VAR_SAMP(\"f\")", "VAR_SAMP(`f`)"),
        ("ANY(i > 1)", "ANY(\"i\" > 1)", "(MAX(CASE WHEN `i` > 1 THEN 1 WHEN NOT (`i` > 1) THEN 0 END) = 1)"),
        ("EVERY(b)", "EVERY(\"b\")", "(MIN(CASE WHEN `b` THEN 1 WHEN NOT `b` THEN 0 END) = 1)"),
        ("APPROX_COUNT_DISTINCT(i)", "APPROX_COUNT_DISTINCT(\"i\")", "COUNT(DISTINCT `i`)"),
        ("PERCENTILE(f, 0.95)", "PERCENTILE(\"f\", 0.95)", "PERCENTILE(CAST(`f` AS DOUBLE), 0.95)"),
    ] {
        let read = read_select(text, Scope::of(&columns), &[], Vec::new()).expect(text);
        assert_eq!(expression_text(&read.expr, Dialect::Kda, &read.aggregates, ""), kda);
        assert_eq!(expression_text(&read.expr, Dialect::Flink, &read.aggregates, ""), flink);
    }
}

#[test]
fn intervals_are_written_in_the_largest_unit_that_fits() {
    for (micros, text) in [
        (0, "INTERVAL '0 00:00:00' DAY(2) TO SECOND"),
        (10_000_000, "INTERVAL '10' SECOND"),
        (-60_000_000, "INTERVAL '-1' MINUTE"),
        (86_400_000_000, "INTERVAL '1' DAY"),
        (90_000_000_000, "INTERVAL '25' HOUR"),
        (100_000, "INTERVAL '0 00:00:00.100' DAY(2) TO SECOND"),
        (8_726_400_000_001, "INTERVAL '101 00:00:00.000001' DAY(3) TO SECOND"),
    ] {
        assert_eq!(Dialect::Flink.interval(micros), text);
    }
}

fn names() -> Vec<Visible> {
    [
        ("s", SqlType::Varchar(64)),
        ("i", SqlType::Integer),
        ("f", SqlType::Double),
        ("at", SqlType::Timestamp(3)),
        ("day", SqlType::Date),
    ]
    .map(|(name, sql_type)| Visible::column(name, sql_type))
    .to_vec()
}

#[test]
fn functions_are_spelled_so_that_each_dialect_gives_the_same_value() {
    let millis = "(UNIX_TIMESTAMP(CAST(`at` AS STRING)) * 1000 + MOD(EXTRACT(MILLISECOND FROM `at`), 1000))";
    for (text, kda, flink) in [
        ("TRIM(LEADING 'x' FROM s)", "TRIM(LEADING 'x' FROM \"s\")", "TRIM(LEADING 'x' FROM `s`)".to_owned()),
        ("POSITION('a' IN s)", "POSITION('a' IN \"s\")", "POSITION('a' IN `s`)".to_owned()),
        ("SUBSTRING(s, 2)", "SUBSTRING(\"s\" FROM 2)", "SUBSTRING(`s` FROM 2)".to_owned()),
        (
            "SUBSTRING(s, i)",
            "SUBSTRING(\"s\" FROM \"i\")",
            "SUBSTRING(`s` FROM CASE WHEN `i` < 1 THEN 1 ELSE `i` END)".to_owned(),
        ),
        ("SUBSTRING(s FROM '[a-z]+')", "SUBSTRING(\"s\" FROM '[a-z]+')", "REGEXP_EXTRACT(`s`, '[a-z]+', 0)".to_owned()),
        (
            "REGEXP_REPLACE(s, 'a', 'b')",
            "REGEX_REPLACE(\"s\", 'a', 'b', 1, 0)",
            "REGEXP_REPLACE(`s`, 'a', 'b')".to_owned(),
        ),
        ("s LIKE 'a!%' ESCAPE '!'", "(\"s\" LIKE 'a!%' ESCAPE '!')", "(`s` LIKE 'a!%' ESCAPE '!')".to_owned()),
        ("s SIMILAR TO 'a|b'", "(\"s\" SIMILAR TO 'a|b')", "(`s` SIMILAR TO 'a|b')".to_owned()),
        ("FLOOR(at TO MINUTE)", "FLOOR(\"at\" TO MINUTE)", "FLOOR(`at` TO MINUTE)".to_owned()),
        ("EXTRACT(HOUR FROM at)", "EXTRACT(HOUR FROM \"at\")", "EXTRACT(HOUR FROM `at`)".to_owned()),
        ("at - INTERVAL '10' SECOND", "(\"at\" - INTERVAL '10' SECOND)", "(`at` - INTERVAL '10' SECOND)".to_owned()),
        (
            "STEP(at BY INTERVAL '10' SECOND)",
            "STEP(\"at\" BY INTERVAL '10' SECOND)",
            format!("CAST(TO_TIMESTAMP_LTZ({millis} - MOD(MOD({millis}, 10000) + 10000, 10000), 3) AS TIMESTAMP(3))"),
        ),
        ("STEP(i BY 5)", "STEP(\"i\" BY 5)", "((`i`) - MOD(MOD(`i`, 5) + 5, 5))".to_owned()),
        ("UNIX_TIMESTAMP(at)", "UNIX_TIMESTAMP(\"at\")", millis.to_owned()),
        ("TSDIFF(at, at)", "TSDIFF(\"at\", \"at\")", format!("({millis} - {millis})")),
        (
            "TIMESTAMPDIFF(MINUTE, at, at)",
            "(TSDIFF(\"at\", \"at\") / 60000)",
            "CAST(TIMESTAMPDIFF(MINUTE, `at`, `at`) AS BIGINT)".to_owned(),
        ),
        ("TO_TIMESTAMP(i)", "TO_TIMESTAMP(\"i\")", "CAST(TO_TIMESTAMP_LTZ(`i`, 3) AS TIMESTAMP(3))".to_owned()),
        (
            "CHAR_TO_TIMESTAMP('yyyy-MM-dd', s)",
            "CHAR_TO_TIMESTAMP('yyyy-MM-dd', \"s\")",
            "TO_TIMESTAMP(`s`, 'yyyy-MM-dd')".to_owned(),
        ),
        ("DATE_FORMAT(at, 'HH:mm')", "TIMESTAMP_TO_CHAR('HH:mm', \"at\")", "DATE_FORMAT(`at`, 'HH:mm')".to_owned()),
        (
            "DATE_TO_CHAR('d', day)",
            "DATE_TO_CHAR('d', \"day\")",
            "DATE_FORMAT(CAST(`day` AS TIMESTAMP(3)), 'd')".to_owned(),
        ),
        ("CURRENT_TIMESTAMP", "ROWTIME", "`row_time`".to_owned()),
        ("SQRT(f)", "POWER(\"f\", 0.5)", "SQRT(`f`)".to_owned()),
        ("LEFT(s, 2)", "SUBSTRING(\"s\" FROM 1 FOR 2)", "LEFT(`s`, 2)".to_owned()),
        (
            "REGEX_LOG_PARSE(s, '(a)(b)', 2)",
            "REGEX_LOG_PARSE(\"s\", '(a)(b)', 2)",
            "REGEXP_EXTRACT(`s`, '(a)(b)', 2)".to_owned(),
        ),
    ] {
        let expr = read_row(text, &names()).expect(text);
        assert_eq!(expression_text(&expr, Dialect::Kda, &[], ""), kda);
        assert_eq!(expression_text(&expr, Dialect::Flink, &[], ""), flink);
    }
}

#[test]
fn what_a_dialect_cannot_say_is_named_with_what_comes_nearest() {
    let said = |text: &str, dialect, version| {
        let names = names();
        let space = Space { names: &names, folding: Folding::Lenient, aggregates: Aggregates::Sliding };
        let mut found = Found::default();
        let expr = read_expr(text, &space, &mut found).expect(text);
        carries(&expr, &found.aggregates, dialect, version).err().unwrap_or_default()
    };
    for (text, kda, flink) in [
        ("COUNT(*) + 1", "", ""),
        ("COUNT(DISTINCT i)", "KDA has no COUNT(DISTINCT …); the nearest is COUNT_DISTINCT_ITEMS_TUMBLING", ""),
        (
            "PERCENTILE(f, 0.5) * 2",
            "KDA has no PERCENTILE; the nearest is MIN, AVG and MAX",
            "Flink 1.20 has no PERCENTILE; the nearest is PERCENTILE of Flink 2.0",
        ),
        ("MAX(MD5(s))", "KDA has no MD5, and nothing near it", ""),
        ("EXP_AVG(f, INTERVAL '1' MINUTE)", "", "Flink 1.20 has no EXP_AVG; the nearest is AVG over a shorter range"),
        ("REGEX_REPLACE(s, 'a', 'b', 1, 0)", "", ""),
        (
            "REGEX_REPLACE(s, 'a', 'b', 1, 2)",
            "",
            "Flink 1.20 has no REGEX_REPLACE of one occurrence; the nearest is REGEXP_REPLACE, which replaces all",
        ),
        (
            "CHAR_TO_TIMESTAMP('yyyy hh', s)",
            "",
            "Flink 1.20 has no form `yyyy hh` with half a day's hours and no `a`; the nearest is the same with `HH`",
        ),
        (
            "TIMESTAMP_TO_CHAR('ss.S', at)",
            "",
            "Flink 1.20 has no `S` in the form `ss.S`; the nearest is `SSS` for milliseconds, and no time zone",
        ),
        (
            "SYS_LOG_PARSE(s, 1)",
            "KDA has no SYS_LOG_PARSE inside an expression; the nearest is a stream of the whole record before it",
            "Flink 1.20 has no SYS_LOG_PARSE; the nearest is REGEXP_EXTRACT",
        ),
    ] {
        assert_eq!(said(text, Dialect::Kda, (1, 20)), kda, "{text}");
        assert_eq!(said(text, Dialect::Flink, (1, 20)), flink, "{text}");
    }
    assert_eq!(said("PERCENTILE(f, 0.5)", Dialect::Flink, (2, 0)), "");
}
