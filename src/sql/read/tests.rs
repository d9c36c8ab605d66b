//! What expressions are read as.

use super::super::Parameter;
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

fn visible(path: &[&str], expr: Expr) -> Visible {
    Visible { path: path.iter().map(|part| (*part).to_owned()).collect(), expr }
}

#[test]
fn names_are_found_with_what_stands_before_them_and_as_their_dialect_folds_them() {
    let column = |name| Expr::column(name, SqlType::Integer);
    let names = [
        visible(&["L", "ID"], column("left.id")),
        visible(&["R", "ID"], column("right.id")),
        visible(&["R", "userName"], column("right.user")),
        visible(&["R", "REC", "COLUMN1"], column("parsed")),
        visible(&["L", "ROWTIME"], Expr::new(ExprKind::RowTime, SqlType::Timestamp(3))),
    ];
    let read = |text, folding| {
        let aggregates = Aggregates::Nowhere { place: "a test", why: "none is asked for" };
        let space = Space { names: &names, folding, aggregates };
        read_expr(text, &space, &mut Found::default()).map(|expr| expr.kind)
    };
    let is = |name: &str| ExprKind::Column(name.to_owned());
    for (text, kda, declared) in [
        ("l.id", Some(is("left.id")), Some(is("left.id"))),
        ("R.\"ID\"", Some(is("right.id")), Some(is("right.id"))),
        ("r.\"id\"", None, None),
        ("id", None, None),
        ("\"userName\"", Some(is("right.user")), Some(is("right.user"))),
        ("userName", None, Some(is("right.user"))),
        ("rec.column1", Some(is("parsed")), Some(is("parsed"))),
        ("r.rec.column1", Some(is("parsed")), Some(is("parsed"))),
        ("x.column1", None, None),
        ("l.rowtime", Some(ExprKind::RowTime), Some(ExprKind::RowTime)),
    ] {
        assert_eq!(read(text, Folding::Capitals).ok(), kda, "{text}");
        assert_eq!(read(text, Folding::Lenient).ok(), declared, "{text}");
    }
    let help = |text, folding| read(text, folding).expect_err(text).help.unwrap_or_default();
    assert_eq!(help("id", Folding::Lenient), "one of `L.ID`, `R.ID`");
    let quoted = "write \"R\".\"userName\": a name without quotes is taken in capitals";
    assert_eq!(help("userName", Folding::Capitals), quoted);
}

#[test]
fn a_key_that_is_an_expression_is_found_wherever_it_stands() {
    let names: Vec<Visible> = columns().iter().map(|(name, sql_type)| Visible::column(name, *sql_type)).collect();
    let nowhere = Aggregates::Nowhere { place: "a key", why: "a key is of one row" };
    let space = Space { names: &names, folding: Folding::Lenient, aggregates: nowhere };
    let key = |text| read_expr(text, &space, &mut Found::default()).expect(text);
    let keys = [
        (key("STEP(at BY INTERVAL '10' SECOND)"), "step".to_owned()),
        (key("UPPER(ticker)"), "upper".to_owned()),
        (key("volume"), "volume".to_owned()),
    ];
    let read = |text| {
        let space = Space { aggregates: Aggregates::Grouped(&keys), ..space };
        let mut found = Found::default();
        read_expr(text, &space, &mut found).map(|expr| {
            let mut columns = Vec::new();
            expr.columns(&mut |name| columns.push(name.to_owned()));
            (columns.join(" "), found.aggregates.len())
        })
    };
    for (text, columns, aggregates) in [
        ("step(AT by interval '10' second)", "step", 0),
        ("STEP(at BY INTERVAL '10' SECOND) + INTERVAL '10' SECOND", "step", 0),
        ("UPPER(ticker) || '!'", "upper", 0),
        ("volume + COUNT(*)", "volume", 1),
        ("MAX(UPPER(ticker))", "", 1),
        ("CASE WHEN UPPER(ticker) = 'A' THEN SUM(price) ELSE volume END", "upper volume", 1),
    ] {
        assert_eq!(read(text).expect(text), (columns.to_owned(), aggregates), "{text}");
    }
    for wrong in
        ["ticker", "LOWER(ticker)", "STEP(at BY INTERVAL '1' SECOND)", "UPPER(ticker) || ticker", "CURRENT_DATE"]
    {
        read(wrong).expect_err(wrong);
    }
}

#[test]
fn calls_before_over_are_collected_with_their_windows() {
    let names: Vec<Visible> = columns().iter().map(|(name, sql_type)| Visible::column(name, *sql_type)).collect();
    let space = Space { names: &names, folding: Folding::Lenient, aggregates: Aggregates::Over };
    let mut found = Found::default();
    let mut read = |text| read_expr(text, &space, &mut found).map(|expr| expr.kind);
    let first = read("AVG(price) OVER (PARTITION BY ticker RANGE INTERVAL '1' MINUTE PRECEDING)").expect("legal");
    assert_eq!(first, ExprKind::Aggregate(0));
    assert_eq!(read("LAG(volume, 2, 0) OVER w").expect("legal"), ExprKind::Aggregate(1));
    assert_eq!(read("LAST_VALUE(price) IGNORE NULLS OVER w").expect("legal"), ExprKind::Aggregate(2));
    assert_eq!(read("NTH_VALUE(price, 3) OVER w").expect("legal"), ExprKind::Aggregate(3));
    assert_eq!(read("EXP_AVG(price, INTERVAL '1' MINUTE) OVER w").expect("legal"), ExprKind::Aggregate(4));
    assert_eq!(read("LAG(volume, 2, 0) OVER w").expect("legal"), ExprKind::Aggregate(1));
    for wrong in ["AVG(price)", "UPPER(ticker) OVER w", "SUM(price) IGNORE NULLS OVER w", "LAG(volume, ticker) OVER w"]
    {
        read(wrong).expect_err(wrong);
    }
    let keeps: Vec<bool> = found.over.iter().map(|over| over.aggregate.keeps_nulls).collect();
    assert_eq!(keeps, [false, true, false, true, false]);
    let parameter = |index: usize| found.over[index].aggregate.parameter.clone().expect("a parameter");
    assert_eq!(parameter(3), Parameter::Row { number: 3, from_last: false });
    assert_eq!(parameter(4), Parameter::HalfLife(60_000_000));
    assert!(matches!(parameter(1), Parameter::Back { rows: 2, default: Some(_) }));
    assert!(found.aggregates.is_empty());
}

#[test]
fn having_names_outputs_and_hides_what_is_called_alike() {
    let outputs = [("price".to_owned(), select("COUNT(*) * 2").expect("legal").expr)];
    let known = select("COUNT(*) * 2").expect("legal").aggregates;
    let keys = ["ticker".to_owned()];
    let columns = columns();
    let read = |text| read_having(text, Scope::of(&columns), &keys, &outputs, known.clone());
    let read_whole = read("price > 10 AND ticker <> 'A' AND MAX(volume) > 1").expect("legal");
    assert_eq!(read_whole.aggregates.len(), 2);
    for wrong in ["price", "volume > 1", "CURRENT_TIMESTAMP > at"] {
        read(wrong).expect_err(wrong);
    }
    let rank = |text| read_over_outputs(text, Scope::of(&columns), &keys, &outputs, known.clone());
    assert_eq!(rank("price").expect("an output").expr, outputs[0].1);
    assert_eq!(rank("SUM(price)").expect("inside an aggregate, the column").aggregates.len(), 2);
    let sliding = read_sliding("price - AVG(price)", Scope::of(&columns), Vec::new()).expect("legal");
    assert_eq!(sliding.aggregates.len(), 1);
    read_row("SUM(price)", &[]).expect_err("an aggregate");
}
