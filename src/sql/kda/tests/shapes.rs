//! Programs in the shapes that KDA's users write.

use super::super::read;
use super::print::print;

/// Reads a text without mistakes, and returns it as the tree says it.
fn tree(text: &str) -> String {
    let reading = read(text);
    assert!(reading.mistakes.is_empty(), "{text}\n{:#?}", reading.mistakes);
    print(&reading.program)
}

/// Reads what stands behind `CREATE PUMP p AS INSERT INTO s`.
fn query(text: &str) -> String {
    let tree = tree(&format!("CREATE PUMP p AS INSERT INTO s {text}"));
    tree.strip_prefix("pump P into S (): ").expect("the pump around it").to_owned()
}

#[test]
fn a_continuous_filter() {
    let text = r#"
        -- every trade of one sector
        CREATE OR REPLACE STREAM "DESTINATION_SQL_STREAM" (ticker_symbol VARCHAR(4), "sector" CHAR(12) NOT NULL,
            change DOUBLE, price DECIMAL(10, 2)) DESCRIPTION 'trades';
        CREATE OR REPLACE PUMP "STREAM_PUMP" AS INSERT INTO "DESTINATION_SQL_STREAM"
            SELECT STREAM ticker_symbol, "sector", change, price /* as it /* came */ */ FROM "SOURCE_SQL_STREAM_001"
            WHERE "sector" SIMILAR TO '%TECH%' AND NOT change IS NULL;
    "#;
    assert_eq!(
        tree(text),
        "stream DESTINATION_SQL_STREAM (TICKER_SYMBOL VARCHAR(4), sector VARCHAR(12) NOT NULL, CHANGE DOUBLE, \
         PRICE DECIMAL(10, 2))\n\
         pump STREAM_PUMP into DESTINATION_SQL_STREAM (): select TICKER_SYMBOL, \"sector\", CHANGE, PRICE from \
         SOURCE_SQL_STREAM_001 where \"sector\" SIMILAR TO '%TECH%' AND NOT CHANGE IS NULL"
    );
}

#[test]
fn pumps_say_whether_they_run_and_what_they_fill() {
    assert_eq!(
        tree("create pump p stopped as insert into s (a, \"b\") select stream x, y from t;;"),
        "pump P stopped into S (A, b): select X, Y from T"
    );
    assert_eq!(
        tree("create pump p started description 'd' as insert expedited into s (select a from t)"),
        "pump P into S (): (select A from T)"
    );
}

#[test]
fn tumbling_windows() {
    assert_eq!(
        query(
            "SELECT STREAM ticker, STEP(src.ROWTIME BY INTERVAL '10' SECOND) AS w, COUNT(*) c, AVG(price) \
             FROM \"SRC\" src GROUP BY ticker, STEP(src.ROWTIME BY INTERVAL '10' SECOND), \
             STEP(src.\"APPROXIMATE_ARRIVAL_TIME\" BY INTERVAL -'1' MINUTE(3) TO SECOND(3)) HAVING COUNT(*) > 1"
        ),
        "select TICKER, STEP(SRC.ROWTIME, INTERVAL '10' SECOND) as W, COUNT(*) as C, AVG(PRICE) from SRC as SRC by \
         TICKER, STEP(SRC.ROWTIME, INTERVAL '10' SECOND), \
         STEP(SRC.\"APPROXIMATE_ARRIVAL_TIME\", INTERVAL '-1' MINUTE (3) TO SECOND (3)) having COUNT(*) > 1"
    );
    assert_eq!(
        query("SELECT FLOOR(s.ROWTIME TO MINUTE), CEIL(price) FROM s GROUP BY FLOOR(s.ROWTIME TO MINUTE)"),
        "select FLOOR(S.ROWTIME TO MINUTE), CEIL(PRICE) from S by FLOOR(S.ROWTIME TO MINUTE)"
    );
    assert_eq!(
        query("SELECT STREAM MONOTONIC(a) FROM s GROUP BY MONOTONIC(a) ORDER BY FLOOR(ROWTIME TO HOUR), b DESC, c ASC"),
        "select MONOTONIC(A) from S by MONOTONIC(A) order FLOOR(ROWTIME TO HOUR), B desc, C"
    );
}

#[test]
fn sliding_windows() {
    assert_eq!(
        query(
            "SELECT STREAM ticker, MIN(price) OVER w1 AS low, SUM(DISTINCT price) OVER last10, \
             LAG(price, 2, 0.0) IGNORE NULLS OVER w1, NTH_VALUE(price, 3) FROM LAST RESPECT NULLS OVER w1, \
             COUNT(*) OVER (PARTITION BY ticker RANGE INTERVAL '59:59.999' MINUTE TO SECOND(3) PRECEDING) FROM t \
             WINDOW w1 AS (PARTITION BY ticker ROWS BETWEEN 2 PRECEDING AND CURRENT ROW), \
             last10 AS (PARTITION BY ticker ORDER BY t.ROWTIME ROWS 10 PRECEDING)"
        ),
        "select TICKER, MIN(PRICE) OVER W1 as LOW, SUM(DISTINCT PRICE) OVER LAST10, \
         LAG(PRICE, 2, 0.0) IGNORE NULLS OVER W1, NTH_VALUE(LAST)(PRICE, 3) RESPECT NULLS OVER W1, \
         COUNT(*) OVER (PARTITION BY TICKER RANGE INTERVAL '59:59.999' MINUTE TO SECOND (3) PRECEDING) from T \
         window W1 (PARTITION BY TICKER ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) \
         window LAST10 (PARTITION BY TICKER ORDER BY T.ROWTIME ROWS 10 PRECEDING)"
    );
}

#[test]
fn stagger_windows() {
    assert_eq!(
        query(
            "SELECT STREAM FLOOR(event_time TO MINUTE), ticker, COUNT(*) FROM s WHERE ticker <> 'X' \
             WINDOWED BY STAGGER (PARTITION BY FLOOR(event_time TO MINUTE), ticker RANGE INTERVAL '1' MINUTE)"
        ),
        "select FLOOR(EVENT_TIME TO MINUTE), TICKER, COUNT(*) from S where TICKER <> 'X' stagger \
         FLOOR(EVENT_TIME TO MINUTE), TICKER range INTERVAL '1' MINUTE"
    );
}

#[test]
fn joins() {
    assert_eq!(
        query(
            "SELECT STREAM o.ROWTIME AS ROWTIME, o.id, s.* FROM orders OVER (RANGE INTERVAL '1' MINUTE PRECEDING) AS o \
             LEFT OUTER JOIN shipments OVER w AS s ON o.id = s.id INNER JOIN ref ON ref.k = o.id \
             WINDOW w AS (ROWS 5 PRECEDING)"
        ),
        "select O.ROWTIME as ROWTIME, O.ID, S.* from <<ORDERS over (RANGE INTERVAL '1' MINUTE PRECEDING) as O left \
         SHIPMENTS over W as S on O.ID = S.ID> inner REF on REF.K = O.ID> window W (ROWS 5 PRECEDING)"
    );
    assert_eq!(
        query("SELECT a.x FROM a CROSS JOIN b, c FULL JOIN d ON c.k = d.k"),
        "select A.X from <A cross B>, <C full D on C.K = D.K>"
    );
}

#[test]
fn queries_within_and_beside_queries() {
    assert_eq!(
        query(
            "SELECT STREAM * FROM (SELECT STREAM k, COUNT(*) OVER w AS c FROM s WINDOW w AS (PARTITION BY k RANGE \
             INTERVAL '1' MINUTE PRECEDING)) WHERE c >= 1"
        ),
        "select * from (select K, COUNT(*) OVER W as C from S window W (PARTITION BY K RANGE INTERVAL '1' MINUTE \
         PRECEDING)) where C >= 1"
    );
    assert_eq!(
        query(
            "SELECT STREAM a FROM s UNION ALL (SELECT STREAM DISTINCT b FROM t AS u(b)) UNION ALL SELECT c FROM v \
             ORDER BY ROWTIME"
        ),
        "select A from S union (distinct select B from T as U(B)) union select C from V order ROWTIME"
    );
}

#[test]
fn table_functions() {
    assert_eq!(
        query(
            "SELECT STREAM item, item_count FROM TABLE(TOP_K_ITEMS_TUMBLING(CURSOR(SELECT STREAM * FROM s), 'COL', 10, \
             60)) AS t(item, item_count)"
        ),
        "select ITEM, ITEM_COUNT from TOP_K_ITEMS_TUMBLING[select * from S]('COL', 10, 60) as T(ITEM, ITEM_COUNT)"
    );
    assert_eq!(
        query("SELECT STREAM ANOMALY_SCORE FROM TABLE(RANDOM_CUT_FOREST(CURSOR(SELECT STREAM a FROM s)))"),
        "select ANOMALY_SCORE from RANDOM_CUT_FOREST[select A from S]()"
    );
    assert_eq!(
        query(
            "SELECT STREAM t.r.COLUMN1, t.r.COLUMN2 FROM (SELECT STREAM W3C_LOG_PARSE(log, 'COMMON') FROM s) AS t(r)"
        ),
        "select T.R.COLUMN1, T.R.COLUMN2 from (select W3C_LOG_PARSE(LOG, 'COMMON') from S) as T(R)"
    );
}

#[test]
fn expressions() {
    for (text, expected) in [
        ("(a - b) SECOND(10,3)", "INTERVAL (A - B) SECOND (10, 3)"),
        ("(a - b) DAY TO SECOND", "INTERVAL (A - B) DAY TO SECOND"),
        ("a + INTERVAL '1' DAY", "A + INTERVAL '1' DAY"),
        ("TIMESTAMP '2026-01-01 00:00:00'", "TIMESTAMP '2026-01-01 00:00:00'"),
        ("\"TIMESTAMP\"", "\"TIMESTAMP\""),
        ("date", "DATE"),
        ("SUBSTRING(a FROM 2 FOR 3)", "SUBSTRING(A FROM 2 FOR 3)"),
        ("SUBSTRING(a, 2)", "SUBSTRING(A, 2)"),
        ("SUBSTRING(a SIMILAR 'x#\"y#\"z' ESCAPE '#')", "SUBSTRING_SIMILAR(A, 'x#\"y#\"z', '#')"),
        ("POSITION('a' IN b || c)", "POSITION('a' IN B || C)"),
        ("OVERLAY(a PLACING b FROM 1 FOR 2)", "OVERLAY(A PLACING B FROM 1 FOR 2)"),
        ("TRIM(LEADING '0' FROM a)", "TRIM(LEADING '0' FROM A)"),
        ("EXTRACT(MINUTE FROM ROWTIME)", "EXTRACT(MINUTE FROM ROWTIME)"),
        ("CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP"),
        ("CASE a WHEN 1 THEN 'x' ELSE 'y' END", "CASE A WHEN 1 THEN 'x' ELSE 'y' END"),
        ("CAST(a AS VARCHAR(10)) LIKE 'a!%' ESCAPE '!'", "CAST(A AS VARCHAR(10)) LIKE 'a!%' ESCAPE '!'"),
        ("a NOT IN (1, 2) OR b BETWEEN 1 AND 2", "A NOT IN (1, 2) OR B BETWEEN 1 AND 2"),
        ("a IS NOT NULL AND b IS TRUE", "A IS NOT NULL AND B IS TRUE"),
        ("PERIOD(a, b) IMMEDIATELY PRECEDES PERIOD(c, d)", "PERIOD(A, B) IMMEDIATELY PRECEDES PERIOD(C, D)"),
        ("PERIOD(a, b) CONTAINS c AND d", "PERIOD(A, B) CONTAINS C AND D"),
        ("PERIOD(a, b) OVERLAPS PERIOD(c, d)", "PERIOD(A, B) OVERLAPS PERIOD(C, D)"),
        ("-a * +2", "-A * +2"),
        ("'it''s' || \"say \"\"hi\"\"\"", "'it''s' || \"say \"\"hi\"\"\""),
    ] {
        assert_eq!(query(&format!("SELECT {text} FROM t")), format!("select {expected} from T"));
    }
}

#[test]
fn odd_comments_are_read_with_a_warning() {
    let reading = read("CREATE STREAM s (a INTEGER); // isn't SQL\n–– nor's this\nCREATE STREAM t (a INTEGER);");
    assert_eq!(print(&reading.program), "stream S (A INTEGER)\nstream T (A INTEGER)");
    assert_eq!((reading.mistakes.len(), reading.warnings.len()), (0, 2));
}

#[test]
fn places_are_those_of_the_text() {
    let text = "CREATE PUMP p AS INSERT INTO s SELECT 'é', \"né\".b,\n  x AS y FROM t -- end\n;";
    let reading = read(text);
    let super::super::Statement::Pump(pump) = &reading.program.statements[0] else { panic!("not a pump") };
    let super::super::Body::Select(select) = &pump.insert.query.body else { panic!("not a SELECT") };
    let spans = select.items.iter().map(|item| match item {
        super::super::SelectItem::Expr { span, .. } => &text[span.clone()],
        _ => panic!("not an expression"),
    });
    assert_eq!(spans.collect::<Vec<_>>(), ["'é'", "\"né\".b", "x"]);
    assert_eq!(&text[pump.insert.into.span.clone()], "s");
    assert!(text[select.span.clone()].starts_with("SELECT") && text[select.span.clone()].ends_with("FROM t"));
}
