//! Texts that are refused, and where.

use proptest::prelude::*;

use super::super::{MAX_TEXT, read};

/// The messages of a text's mistakes, each with what it points at.
fn mistakes(text: &str) -> Vec<(String, &str)> {
    let found = read(text).mistakes.into_iter();
    found.map(|mistake| (mistake.message, text.get(mistake.span.expect("a place")).expect("within"))).collect()
}

#[track_caller]
fn refused(text: &str, message: &str, at: &str) {
    assert_eq!(mistakes(text), [(message.to_owned(), at)], "{text}");
}

fn in_query(rest: &str, message: &str, at: &str) {
    refused(&format!("CREATE PUMP p AS INSERT INTO s {rest}"), message, at);
}

#[test]
fn statements_that_are_none() {
    refused("", "the SQL text has no statement", "");
    refused("SELECT a FROM b;", "a SELECT stands alone", "SELECT");
    refused("CREATE TABLE t (a INTEGER);", "CREATE TABLE is not supported", "TABLE");
    refused("create function f(a INTEGER) RETURNS INTEGER", "CREATE FUNCTION is not supported", "function");
    refused("DROP STREAM a", "`DROP` begins no statement of KDA", "DROP");
    refused("WHERE x", "a statement begins with WHERE", "WHERE");
    refused(
        "CREATE STREAM s (a INTEGER) CREATE STREAM t (a INTEGER)",
        "the statement before this one has no end",
        "CREATE",
    );
    refused("CREATE STREAM s (a STRING)", "`STRING` is not a type of KDA", "STRING");
    refused("CREATE STREAM s (a VARCHAR)", "`VARCHAR` needs a length", "VARCHAR");
    refused("CREATE STREAM s (a INTEGER, A DOUBLE)", "stream `S` has two columns `A`", "A");
    refused("CREATE STREAM s (a INTEGER", "the statement ends where `)` should follow", "");
    refused("CREATE PUMP p INSERT INTO s SELECT a FROM b", "`INSERT` stands where `AS` should stand", "INSERT");
}

#[test]
fn queries_that_kda_had_not() {
    in_query("SELECT a FROM b UNION SELECT a FROM c", "UNION without ALL is not supported", "UNION");
    in_query("SELECT a FROM b EXCEPT SELECT a FROM c", "EXCEPT is not supported", "EXCEPT");
    in_query("SELECT a FROM b intersect SELECT a FROM c", "INTERSECT is not supported", "intersect");
    in_query("VALUES (1)", "VALUES is not supported", "VALUES");
    in_query("SELECT a FROM b LIMIT 3", "LIMIT is not supported", "LIMIT");
    in_query("SELECT a FROM x.b", "`X` is no schema", "x");
    in_query("SELECT a FROM b NATURAL JOIN c", "NATURAL JOIN is not supported", "NATURAL");
    in_query("SELECT a FROM b JOIN c USING (a)", "USING is not supported in a join", "USING");
    in_query("SELECT a FROM b WHERE a IN (SELECT c FROM d)", "a query cannot stand in an expression", "SELECT");
    in_query("SELECT (SELECT 1 FROM c) FROM b", "a query cannot stand in an expression", "SELECT");
    in_query("SELECT a FROM b WHERE NOT EXISTS (SELECT 1 FROM c)", "a query cannot stand in an expression", "EXISTS");
    in_query("SELECT COUNT(*) FILTER (WHERE a > 1) FROM b", "FILTER behind an aggregate is not supported", "FILTER");
    in_query("SELECT a FROM b HAVING c WHERE d", "WHERE stands too late", "WHERE");
    in_query("SELECT a FROM b ORDER BY a NULLS LAST", "NULLS FIRST and NULLS LAST are not supported", "NULLS");
}

#[test]
fn slips() {
    in_query("SELECT a, FROM b", "`FROM` stands where an expression should stand", "FROM");
    in_query("SELECT a b c FROM d", "`c` stands where `FROM` should stand", "c");
    in_query("SELECT a + FROM b", "`FROM` stands where an expression should stand", "FROM");
    in_query("SELECT a FROM b WHERE (c > 1", "the statement ends where `)` should follow", "");
    in_query("SELECT INTERVAL 1 MINUTE FROM b", "the value of an INTERVAL stands in single quotes", "1");
    in_query("SELECT INTERVAL '1' WEEK FROM b", "an INTERVAL has no unit", "WEEK");
    in_query("SELECT STEP(a, 3) FROM b", "`,` stands where `BY` should stand", ",");
    in_query("SELECT 'a FROM b", "a text in single quotes does not end", "'a FROM b");
    in_query("SELECT \"a FROM b", "a name in double quotes does not end", "\"a FROM b");
    in_query("SELECT a FROM b; /* c", "a comment does not end", "");
    in_query("SELECT a \u{2264} b FROM c", "`\u{2264}` stands where `FROM` should stand", "\u{2264}");
}

#[test]
fn a_mistake_hides_none_behind_it() {
    let text = "CREATE STREAM s (a STRING);\nCREATE STREAM t (a INTEGER);\nCREATE PUMP p AS SELECT a FROM t;";
    assert_eq!(
        mistakes(text),
        [
            ("`STRING` is not a type of KDA".to_owned(), "STRING"),
            ("`SELECT` stands where `INSERT` should stand".to_owned(), "SELECT"),
        ]
    );
    assert_eq!(read(text).program.statements.len(), 1);
}

#[test]
fn limits() {
    let many = |n: usize, open: &str, close: &str| {
        format!("CREATE PUMP p AS INSERT INTO s SELECT {}a{} FROM t", open.repeat(n), close.repeat(n))
    };
    assert!(read(&many(30, "(", ")")).mistakes.is_empty());
    for deep in [many(5000, "(", ")"), many(5000, "NOT ", ""), many(3000, "CASE WHEN ", ""), many(3000, "f(", ")")] {
        assert_eq!(mistakes(&deep)[0].0, "the expression nests too deeply");
    }
    assert!(read(&many(400, "b + ", "")).mistakes.is_empty());
    assert_eq!(mistakes(&many(501, "b + ", ""))[0].0, "the expression has too many operators");
    let queries = format!("CREATE PUMP p AS INSERT INTO s {}SELECT a FROM t", "SELECT a FROM (".repeat(1000));
    assert_eq!(mistakes(&queries)[0].0, "the queries nest too deeply");
    let parentheses = format!("CREATE PUMP p AS INSERT INTO s {}", "(".repeat(5000));
    assert_eq!(mistakes(&parentheses)[0].0, "the queries nest too deeply");
    let long = "x".repeat(MAX_TEXT + 1);
    assert_eq!(mistakes(&long)[0].0, format!("the SQL text has {} characters", MAX_TEXT + 1));
}

/// Words and signs that a program is made of, and some that it is not.
const PIECES: &[&str] = &[
    "CREATE",
    "OR",
    "REPLACE",
    "STREAM",
    "PUMP",
    "AS",
    "INSERT",
    "INTO",
    "SELECT",
    "DISTINCT",
    "FROM",
    "WHERE",
    "GROUP",
    "BY",
    "WINDOWED",
    "STAGGER",
    "PARTITION",
    "RANGE",
    "INTERVAL",
    "'1'",
    "MINUTE",
    "TO",
    "SECOND",
    "HAVING",
    "WINDOW",
    "ORDER",
    "UNION",
    "ALL",
    "JOIN",
    "LEFT",
    "ON",
    "OVER",
    "ROWS",
    "PRECEDING",
    "TABLE",
    "CURSOR",
    "CASE",
    "WHEN",
    "THEN",
    "END",
    "CAST",
    "VARCHAR",
    "STEP",
    "FLOOR",
    "POSITION",
    "IN",
    "SUBSTRING",
    "SIMILAR",
    "PERIOD",
    "OVERLAPS",
    "NOT",
    "NULL",
    "IS",
    "LIKE",
    "BETWEEN",
    "AND",
    "a",
    "\"b\"",
    "c.d",
    "1",
    "2.5e3",
    "(",
    ")",
    ",",
    ";",
    "*",
    "+",
    "-",
    "=",
    "<>",
    "||",
    ".",
    "'",
    "\"",
    "--",
    "/*",
    "*/",
    "//",
    "\u{2014}",
    "é",
    "\n",
    "{",
    "[",
    ":",
    "$1",
    "%",
    "\0",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_row_of_pieces_is_read_or_refused(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        checked(&pieces.join(" "));
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        checked(&text);
        checked(&format!("CREATE PUMP p AS INSERT INTO s SELECT {text} FROM t"));
    }

    #[test]
    fn a_program_with_a_piece_cut_out_or_put_in(
        at in 0..PROGRAM.len(), length in 0..20usize, piece in prop::sample::select(PIECES)
    ) {
        let end = (at + length).min(PROGRAM.len());
        if PROGRAM.is_char_boundary(at) && PROGRAM.is_char_boundary(end) {
            checked(&format!("{}{}", &PROGRAM[..at], &PROGRAM[end..]));
            checked(&format!("{} {piece} {}", &PROGRAM[..at], &PROGRAM[end..]));
        }
    }
}

const PROGRAM: &str = "CREATE OR REPLACE STREAM \"D\" (k VARCHAR(4), w TIMESTAMP, c INTEGER NOT NULL);\n\
    CREATE OR REPLACE PUMP \"P\" STARTED AS INSERT INTO \"D\" (k, w, c) -- é\n\
    SELECT STREAM x.k, STEP(x.ROWTIME BY INTERVAL '1' MINUTE) AS w, COUNT(*) OVER (PARTITION BY k ROWS 2 PRECEDING)\n\
    FROM (SELECT STREAM * FROM s UNION ALL SELECT STREAM a, b FROM t) OVER (RANGE INTERVAL '1' DAY PRECEDING) AS x\n\
    LEFT JOIN TABLE(GROUP_RANK(CURSOR(SELECT STREAM * FROM u), 'a', 1)) AS v ON x.k = v.k AND x.c IN (1, 2, 3)\n\
    WHERE CASE WHEN x.k LIKE 'a%' THEN TRUE ELSE NOT (a - b) SECOND(10,3) > INTERVAL '5' SECOND END\n\
    GROUP BY x.k, FLOOR(x.ROWTIME TO HOUR) HAVING COUNT(*) > 1 ORDER BY FLOOR(x.ROWTIME TO HOUR), c DESC;";

/// Every mistake has a place within the text, and a text without statements has a mistake.
fn checked(text: &str) {
    let reading = read(text);
    assert!(!reading.mistakes.is_empty() || !reading.program.statements.is_empty());
    for mistake in reading.mistakes.iter().chain(&reading.warnings) {
        let span = mistake.span.clone().expect("a place");
        assert!(text.get(span.clone()).is_some(), "{span:?} of {text:?}: {mistake}");
    }
}

#[test]
fn the_program_that_is_cut_up_is_one() {
    assert_eq!(mistakes(PROGRAM), []);
}
