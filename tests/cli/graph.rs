//! `pipe graph`: the same text for the same file, in each of its forms.

use std::fs;

use serde_json::Value;

use super::harness::{Place, wait_for};
use super::up::PIPELINE;

/// Every kind of node and edge, in an order that is not that of the alphabet, and names that have to be escaped.
const ALL: &str = r#"
[pipeline]
name = "all"

[streams.trades]
shards = 2
event_time = { column = "t", delay = "2s", idle = "10s" }
columns = { t = "TIMESTAMP(3)", ticker = "VARCHAR(8)", price = "DOUBLE" }
[generators.trades]
rate = "20/s"
[generators.trades.fields]
t = { kind = "now" }
ticker = { kind = "choice", of = ["A", "B"] }
price = { kind = "uniform", min = 1.0, max = 2.0 }

[tables.companies]
file = "a <b> & \"c\".csv"
format = "csv"
key = ["ticker"]
columns = { ticker = "VARCHAR(8)", sector = "VARCHAR(20)" }

[streams.too_late]
[streams."by.sector"]
[queries."by.sector"]
from = "named"
window = { kind = "tumbling", size = "1m" }
group_by = ["sector"]
select = { n = "COUNT(*)" }

[queries.named]
from = "trades"
join = { with = "companies", on = ["ticker"] }
select = { sector = "sector", price = "price" }

[streams.all_of_it]
[queries.all_of_it]
from = "trades"
late = "too_late"
window = { kind = "tumbling", size = "1m" }
select = { n = "COUNT(*)" }

[streams.best]
[queries.best]
from = "by.sector"
window = { kind = "tumbling", size = "1h" }
select = { most = "MAX(n)" }
"#;

#[test]
fn every_kind_of_node_and_edge_is_drawn_in_one_order() {
    let place = Place::new(ALL);
    let mermaid = place.output(&["graph"]);
    insta::assert_snapshot!(mermaid, @r##"
    flowchart LR
      generator_trades(["generator<br/><small>20 records/s</small>"])
      stream_all_of_it[("all_of_it<br/><small>1 shard</small>")]
      stream_best[("best<br/><small>1 shard</small>")]
      stream_by__2e__sector[("by.sector<br/><small>1 shard</small>")]
      stream_too_late[("too_late<br/><small>1 shard, late rows</small>")]
      stream_trades[("trades<br/><small>2 shards</small>")]
      table_companies[/"companies<br/><small>a #60;b#62; #38; #34;c#34;.csv</small>"/]
      query_all_of_it["all_of_it<br/><small>tumbling 1m by t</small>"]
      query_best["best<br/><small>tumbling 1h by t</small>"]
      query_by__2e__sector["by.sector<br/><small>tumbling 1m by t</small>"]
      query_named["named<br/><small>row by row by t</small>"]
      generator_trades --> stream_trades
      query_all_of_it --> stream_all_of_it
      query_all_of_it -.->|late| stream_too_late
      query_best --> stream_best
      query_by__2e__sector --> stream_by__2e__sector
      query_named --> query_by__2e__sector
      stream_by__2e__sector --> query_best
      stream_trades --> query_all_of_it
      stream_trades --> query_named
      table_companies --> query_named
    "##);
    insta::assert_snapshot!(place.output(&["graph", "-o", "dot"]), @r##"
    digraph "all" {
      rankdir=LR
      node [fontname="sans-serif"]
      generator_trades [label="generator\n20 records/s", shape=oval]
      stream_all_of_it [label="all_of_it\n1 shard", shape=cylinder]
      stream_best [label="best\n1 shard", shape=cylinder]
      stream_by__2e__sector [label="by.sector\n1 shard", shape=cylinder]
      stream_too_late [label="too_late\n1 shard, late rows", shape=cylinder]
      stream_trades [label="trades\n2 shards", shape=cylinder]
      table_companies [label="companies\na <b> & \"c\".csv", shape=note]
      query_all_of_it [label="all_of_it\ntumbling 1m by t", shape=box]
      query_best [label="best\ntumbling 1h by t", shape=box]
      query_by__2e__sector [label="by.sector\ntumbling 1m by t", shape=box]
      query_named [label="named\nrow by row by t", shape=box]
      generator_trades -> stream_trades
      query_all_of_it -> stream_all_of_it
      query_all_of_it -> stream_too_late [label="late", style=dashed]
      query_best -> stream_best
      query_by__2e__sector -> stream_by__2e__sector
      query_named -> query_by__2e__sector
      stream_by__2e__sector -> query_best
      stream_trades -> query_all_of_it
      stream_trades -> query_named
      table_companies -> query_named
    }
    "##);
    let graph: Value = serde_json::from_str(&place.output(&["graph", "-o", "json"])).unwrap();
    assert_eq!((&graph["version"], &graph["pipeline"]), (&1.into(), &"all".into()));
    assert_eq!(graph["nodes"].as_array().unwrap().len(), 11);
    assert_eq!(
        graph["edges"].as_array().unwrap().len(),
        mermaid.matches("--> ").count() + mermaid.matches("-.->").count()
    );
    // Whatever order the file has, the text is the same.
    let (head, rest) = ALL.split_once("[tables.companies]").unwrap();
    let (trades, queries) = (head.split_once("[streams.trades]").unwrap(), rest);
    let turned = format!("{}[tables.companies]{queries}\n[streams.trades]{}", trades.0, trades.1);
    place.write("pipeline.toml", &turned);
    assert_eq!(place.output(&["graph"]), mermaid);
}

#[test]
fn the_picture_is_sound_and_holds_every_node_apart() {
    let place = Place::new(ALL);
    let svg = place.output(&["graph", "-o", "svg"]);
    let document = roxmltree::Document::parse(&svg).unwrap();
    let number = |node: roxmltree::Node<'_, '_>, name: &str| node.attribute(name).unwrap().parse::<f64>().unwrap();
    let boxes: Vec<(f64, f64)> = document
        .descendants()
        .filter(|node| node.has_tag_name("rect"))
        .map(|node| (number(node, "x"), number(node, "y")))
        .collect();
    assert_eq!(boxes.len(), 11);
    for (index, one) in boxes.iter().enumerate() {
        for other in &boxes[index + 1..] {
            assert!((one.0 - other.0).abs() >= 190.0 || (one.1 - other.1).abs() >= 52.0, "{boxes:?}");
        }
    }
    let root = document.root_element();
    let inside = |(x, y): &(f64, f64)| x + 190.0 < number(root, "width") && y + 52.0 < number(root, "height");
    assert!(boxes.iter().all(inside), "{svg}");
    // Edges go to the right: what is made of something stands behind it.
    for path in document.descendants().filter(|node| node.attribute("marker-end").is_some()) {
        let points: Vec<f64> =
            path.attribute("d").unwrap().split(['M', 'C', ' ']).filter_map(|number| number.parse().ok()).collect();
        assert!(points[6] > points[0], "{points:?}");
    }
}

#[test]
fn edges_have_rates_while_it_runs() {
    let place = Place::new(PIPELINE);
    let up = place.up(&[]);
    wait_for("rows", || (!up.running.rows().is_empty()).then_some(()));
    let graph: Value = serde_json::from_str(&place.output(&["graph", "-o", "json"])).unwrap();
    let rate = |from: &str, to: &str| {
        let edges = graph["edges"].as_array().unwrap();
        edges.iter().find(|edge| edge["from"] == from && edge["to"] == to).unwrap()["per_second"].as_f64().unwrap()
    };
    assert!((100.0..1000.0).contains(&rate("generator_events", "stream_events")), "{graph}");
    assert!((100.0..1000.0).contains(&rate("stream_events", "query_counts")), "{graph}");
    assert!((0.0..10.0).contains(&rate("query_counts", "stream_counts")), "{graph}");
    assert!(place.output(&["graph"]).contains("/s| query_counts"));
    assert!(!place.output(&["graph", "--no-rates"]).contains("/s|"));
    up.stop();
    assert!(!place.output(&["graph"]).contains("/s|"));
}

#[test]
fn the_graph_of_the_readme_is_that_of_its_pipeline() {
    let place = Place::empty();
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/");
    place.write("ticker.toml", &fs::read_to_string(format!("{root}pipelines/ticker.toml")).unwrap());
    let readme = fs::read_to_string(format!("{root}README.md")).unwrap();
    let (_, shown) = readme.split_once("```mermaid\n").unwrap();
    assert_eq!(shown.split_once("```").unwrap().0, place.output(&["graph", "ticker.toml"]));
}

#[test]
fn other_forms_are_refused_with_those_that_there_are() {
    let place = Place::new(PIPELINE);
    place.pipe(&["graph", "-o", "csv"]).failed(64, &["does not write `-o csv`", "`-o dot`, `-o svg` or `-o json`"]);
    place.pipe(&["check", "-o", "svg"]).failed(64, &["does not write `-o svg`"]);
}
