//! Which SQL becomes a declared query, and why the rest stays as it was.

use crate::document::Document;

use super::{Request, Verdict, import};

/// Brings over an application with one input `IN_001` of the columns `k`, `v` and `t`, and the stream `"OUT"` of these
/// columns. Returns the query of the file, or the reason why the SQL was kept.
fn brought_over(columns: &str, pump: &str) -> Result<String, String> {
    let template = Document::new(
        "t.yml",
        r#"
Resources:
  App:
    Type: AWS::KinesisAnalytics::Application
    Properties:
      ApplicationName: app
      Inputs:
        - NamePrefix: IN
          InputSchema:
            RecordColumns:
              - { Name: k, SqlType: VARCHAR(8), Mapping: $.k }
              - { Name: v, SqlType: INTEGER, Mapping: $.v }
              - { Name: t, SqlType: TIMESTAMP, Mapping: $.t }
              - { Name: ORDER, SqlType: DOUBLE, Mapping: $.o }
            RecordFormat: { RecordFormatType: JSON }
          KinesisStreamsInput: { ResourceARN: "arn:aws:kinesis:eu-west-1:123456789012:stream/in" }
"#,
    );
    let sql = Document::new(
        "app.sql",
        format!("CREATE STREAM \"OUT\" ({columns});\nCREATE PUMP P AS INSERT INTO \"OUT\" {pump};"),
    );
    let request = Request { template: &template, sql: Some(&sql), parameters: &[], keep_sql: false };
    let imported = import(&request).expect("a template without a mistake");
    if imported.files.is_empty() {
        let (_, query) = imported.pipeline.split_once("[queries.OUT]").expect("a declared query");
        let (query, _) = query.split_once("\n[targets").expect("the region of the input");
        let lines = query.lines().skip(1).filter(|line| !line.is_empty() && !line.starts_with('['));
        return Ok(lines.collect::<Vec<_>>().join("\n"));
    }
    let kept =
        imported.report.iter().find(|entry| entry.verdict == Verdict::Same && entry.construct.starts_with("SQL of"));
    let (_, reason) = kept.expect("SQL that was kept").detail.split_once(": ").expect("a reason");
    Err(reason.to_owned())
}

#[test]
fn what_fits_is_declared() {
    let tumbling = "from = \"in\"\nwindow = { kind = \"tumbling\", size = \"10s\" }\ngroup_by = [\"k\"]\n";
    for (columns, pump, expected) in [
        (
            "\"k\" VARCHAR(8), N BIGINT",
            "SELECT STREAM \"k\", COUNT(*) FROM IN_001 GROUP BY \"k\", STEP(IN_001.ROWTIME BY INTERVAL '10' SECOND)",
            format!("{tumbling}N = \"COUNT(*)\""),
        ),
        (
            // Named columns, an alias, and a key that needs quotes.
            "N SMALLINT, \"k\" VARCHAR(8), D DOUBLE",
            "(D, \"k\", N) SELECT STREAM MAX(s.\"ORDER\"), s.\"k\", SUM(s.\"v\") FROM IN_001 AS s \
             WHERE s.\"v\" BETWEEN 1 AND 5 OR s.\"k\" LIKE 'a%' GROUP BY STEP(s.ROWTIME BY INTERVAL '10' SECOND), s.\"k\"",
            "from = \"in\"\nwhere = \"v BETWEEN 1 AND 5 OR k LIKE 'a%'\"\nwindow = { kind = \"tumbling\", size = \"10s\" }\n\
             group_by = [\"k\"]\nD = 'MAX(\"ORDER\")'\nN = \"CAST(SUM(v) AS SMALLINT)\""
                .to_owned(),
        ),
        (
            "N BIGINT",
            "SELECT STREAM COUNT(*) FROM IN_001 GROUP BY FLOOR(IN_001.ROWTIME TO HOUR) HAVING COUNT(*) > 3",
            "from = \"in\"\nwindow = { kind = \"tumbling\", size = \"1h\" }\nhaving = \"COUNT(*) > 3\"\nN = \"COUNT(*)\"".to_owned(),
        ),
        (
            "\"k\" VARCHAR(8), N BIGINT",
            "SELECT STREAM \"k\", COUNT(*) OVER (PARTITION BY \"k\" RANGE INTERVAL '2' MINUTE PRECEDING) FROM IN_001",
            "from = \"in\"\nwindow = { kind = \"sliding\", range = \"2m\" }\ngroup_by = [\"k\"]\nN = \"COUNT(*)\"".to_owned(),
        ),
        (
            "\"k\" VARCHAR(8), N BIGINT",
            "SELECT STREAM \"k\", COUNT(*) FROM IN_001 WINDOWED BY STAGGER (PARTITION BY \"k\" RANGE INTERVAL '2' HOUR)",
            "from = \"in\"\nwindow = { kind = \"stagger\", size = \"2h\" }\ngroup_by = [\"k\"]\nN = \"COUNT(*)\"".to_owned(),
        ),
        (
            "KEY VARCHAR(16), BIG BOOLEAN",
            "SELECT STREAM \"k\", \"v\" > 10 FROM IN_001 WHERE \"v\" IS NOT NULL",
            "from = \"in\"\nwhere = \"v IS NOT NULL\"\nKEY = \"k\"\nBIG = \"v > 10\"".to_owned(),
        ),
    ] {
        assert_eq!(brought_over(columns, pump), Ok(expected), "{pump}");
    }
}

#[test]
fn what_does_not_fit_is_kept_and_the_report_says_why() {
    let by = "GROUP BY \"k\", STEP(IN_001.ROWTIME BY INTERVAL '10' SECOND)";
    for (columns, select, reason) in [
        ("KEY VARCHAR(8), N BIGINT", format!("\"k\", COUNT(*) FROM IN_001 {by}"), "it calls the column `k` `KEY`"),
        ("\"k\" VARCHAR(4), N BIGINT", format!("\"k\", COUNT(*) FROM IN_001 {by}"), "it changes the type of `k`"),
        ("N BIGINT", format!("COUNT(*) FROM IN_001 {by}"), "it does not select all that it groups by"),
        (
            "\"k\" VARCHAR(8), N INTEGER",
            format!("\"k\", SUM(\"ORDER\") FROM IN_001 {by}"),
            "it turns DOUBLE into INTEGER",
        ),
        ("\"k\" VARCHAR(8), W TIMESTAMP", format!("\"k\", ROWTIME FROM IN_001 {by}"), "`ROWTIME` has no declared form"),
        ("\"k\" VARCHAR(8), N BIGINT", format!("DISTINCT \"k\", COUNT(*) FROM IN_001 {by}"), "it has a DISTINCT"),
        (
            "N BIGINT",
            "COUNT(*) FROM IN_001 GROUP BY FLOOR(IN_001.ROWTIME TO YEAR)".to_owned(),
            "it does not group by a STEP or FLOOR of ROWTIME",
        ),
        (
            "N BIGINT",
            "COUNT(*) FROM IN_001 GROUP BY STEP(IN_001.\"t\" BY INTERVAL '1' MINUTE)".to_owned(),
            "it does not group by a STEP or FLOOR of ROWTIME",
        ),
        ("N BIGINT", "COUNT(*) OVER (ROWS 3 PRECEDING) FROM IN_001".to_owned(), "its window counts rows"),
        (
            "N BIGINT",
            "\"v\" FROM (SELECT STREAM \"v\" FROM IN_001) AS s".to_owned(),
            "it reads more than one stream, or a query within it",
        ),
        (
            "N BIGINT",
            "\"v\" FROM IN_001 UNION ALL SELECT STREAM \"v\" FROM IN_001".to_owned(),
            "it unites several queries",
        ),
        ("N INTEGER", "* FROM IN_001".to_owned(), "it selects `*`"),
        (
            "N BIGINT",
            format!("COUNT(*) FROM IN_001 {by}, STEP(IN_001.\"t\" BY INTERVAL '1' MINUTE)"),
            "it groups by a step of `IN_001.\"t\"` too",
        ),
        (
            "N INTEGER",
            "CHAR_LENGTH(\"k\" || ROWTIME) FROM IN_001".to_owned(),
            "`CHAR_LENGTH(\"k\" || ROWTIME)` has no declared form",
        ),
    ] {
        let kept = brought_over(columns, &format!("SELECT STREAM {select}"));
        assert_eq!(kept, Err(reason.to_owned()), "{select}");
    }
}
