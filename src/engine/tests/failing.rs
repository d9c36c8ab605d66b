//! Rows that cannot be computed stand alone.

use super::harness::{Row, block, graph, lines, windows};

#[test]
fn rows_that_cannot_be_computed_are_diverted_and_the_others_count() {
    let select = [("q", "SUM(100 / v)"), ("r", "100 / (COUNT(*) - 2)"), ("big", "MAX(v + 2147483600)")];
    let mut graph = graph(&windows(false, &select, None), 1);
    let row = |key, value| Row { arrival: 1000, time: 0, key: Some(key), value: Some(value) };
    let rows = [row(1, 5), row(1, 0), row(1, 48), row(2, 1), row(2, 2), row(3, 10)];
    let (made, turn) = graph.turn(vec![Some((vec![block(&rows, 0, 0)], Some(5000)))]).expect("no failure of the whole");
    let reasons: Vec<&str> = turn.bad.iter().map(|(_, reason)| reason.as_str()).collect();
    assert_eq!(turn.bad.len(), 3, "{reasons:?}");
    assert!(reasons[0].contains("ivide by zero"), "{reasons:?}");
    assert!(reasons[1].contains("verflow"), "{reasons:?}");
    assert!(turn.bad[2].0.origin.is_none(), "two rows less two is nothing to divide by");
    assert_eq!(
        lines(&made),
        [
            r#"{"k":"k1","window_start":"1970-01-01T00:00:00.000","window_end":"1970-01-01T00:00:05.000","q":20,"r":-100,"big":2147483605}"#,
            r#"{"k":"k3","window_start":"1970-01-01T00:00:00.000","window_end":"1970-01-01T00:00:05.000","q":10,"r":-100,"big":2147483610}"#,
        ]
    );
}

#[test]
fn a_condition_guards_what_stands_behind_it() {
    let guarded = "(v <> 0 AND 10 / v > 1) OR (v = 0 OR 10 / v < -100)";
    let mut graph = graph(&windows(false, &[("n", "COUNT(*)")], Some(guarded)), 1);
    let row = |value| Row { arrival: 1000, time: 0, key: Some(1), value };
    let rows = [row(Some(0)), row(Some(5)), row(None), row(Some(100)), row(Some(1))];
    let (made, turn) = graph.turn(vec![Some((vec![block(&rows, 0, 0)], Some(5000)))]).expect("no failure of the whole");
    assert!(turn.bad.is_empty(), "{:?}", turn.bad);
    assert!(lines(&made)[0].contains("\"n\":3"), "{:?}", lines(&made));
}

#[test]
fn many_guards_in_a_row_cost_no_more_than_their_number() {
    let text = ["(10 / v > 3 OR v IS NULL)"; 40].join(" AND ");
    let mut graph = graph(&windows(false, &[("n", "COUNT(*)")], Some(&text)), 1);
    let row = |value| Row { arrival: 1000, time: 0, key: Some(1), value };
    let rows = [row(Some(1)), row(Some(2)), row(None), row(Some(5)), row(Some(0))];
    let (made, turn) = graph.turn(vec![Some((vec![block(&rows, 0, 0)], Some(5000)))]).expect("no failure of the whole");
    assert_eq!(turn.bad.len(), 1, "only the division by zero");
    assert!(lines(&made)[0].contains("\"n\":3"), "{:?}", lines(&made));
}
