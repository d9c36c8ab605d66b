//! `pipe generate` with entities: pools, fixed values, states, expressions, lookups, faults and rates.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::harness::Place;

const PIPELINE: &str = r#"
[pipeline]
name = "shop"

[tables.prices]
file = "prices.csv"
key = ["sku"]
[tables.prices.columns]
sku = "VARCHAR(8)"
price = "DECIMAL(8, 2)"

[streams.customers.columns]
id = "VARCHAR(12)"
name = "VARCHAR(40)"
city = "VARCHAR(40)"

[streams.orders]
partition_key = "customer"
event_time = { column = "placed_at", delay = "1s" }
[streams.orders.columns]
placed_at = "TIMESTAMP(3)"
customer = "VARCHAR(12)"
city = { type = "VARCHAR(40)", path = "$.address.city" }
sku = "VARCHAR(8)"
price = "DECIMAL(8, 2)"
quantity = "INTEGER"
total = "DECIMAL(12, 2)"
status = "VARCHAR(12)"
count = "BIGINT"
gap = "BIGINT"

[generators.customers]
rate = "1/s"
seed = 3
[generators.customers.fields]
id = { kind = "pool", count = 20, of = { kind = "pattern", pattern = "C-[0-9]{6}" } }
name = { kind = "fake", of = "name", per = "id", fixed = true }
city = { kind = "fake", of = "city", per = "id", fixed = true }

[generators.orders]
rate = { kind = "steps", steps = [{ rate = "100/s", for = "2s" }, { rate = "0/s", for = "8s" }], repeat = true }
arrivals = "poisson"
[generators.orders.fields]
placed_at = { kind = "now" }
customer = { kind = "lookup", generator = "customers", column = "id" }
city = { kind = "lookup", generator = "customers", column = "city", key = "customer" }
sku = { kind = "lookup", table = "prices", column = "sku" }
price = { kind = "lookup", table = "prices", key = "sku", column = "price" }
quantity = { kind = "histogram", bounds = [1, 3, 10], weights = [9, 1] }
total = { kind = "expression", sql = "price * quantity" }
status = { kind = "states", per = "customer", states = { new = { for = ["1s", "3s"], next = { paid = 3, gone = 1 } }, paid = { for = { mean = "5s" }, next = "new" }, gone = {} } }
count = { kind = "expression", sql = "COALESCE(previous.count, 0) + 1", per = "customer" }
gap = { kind = "expression", sql = "quantity - previous.quantity" }

[streams.sums]
[queries.sums]
from = "orders"
window = { kind = "tumbling", size = "10s" }
group_by = ["customer"]
select = { total = "SUM(total)" }
"#;

fn place(pipeline: &str) -> Place {
    let place = Place::new(pipeline);
    place.write("prices.csv", "sku,price\nA-1,1.50\nB-2,20.00\nC-3,300.25\n");
    place
}

fn records(place: &Place, stream: &str, arguments: &[&str]) -> Vec<Value> {
    let start = ["--start", "2026-01-01T00:00:00Z"];
    let lines = place.output(&[&["generate", "--stream", stream], &start[..], arguments].concat());
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text(record: &Value, column: &str) -> String {
    record[column].as_str().unwrap().to_owned()
}

#[test]
fn records_of_one_world_agree_with_each_other() {
    let place = place(PIPELINE);
    let cities: BTreeMap<String, String> = records(&place, "customers", &["--records", "500"])
        .iter()
        .map(|customer| (text(customer, "id"), text(customer, "city")))
        .collect();
    assert_eq!(cities.len(), 20);
    let orders = records(&place, "orders", &["--for", "1m"]);
    // 2 s of every 10 have records, 100 a second by chance.
    assert!((1_050..1_350).contains(&orders.len()), "{}", orders.len());
    let prices = BTreeMap::from([("A-1", 1.5), ("B-2", 20.0), ("C-3", 300.25)]);
    let (mut counts, mut statuses): (BTreeMap<String, i64>, BTreeMap<String, String>) = <_>::default();
    let (mut seen, mut before) = (BTreeSet::new(), None);
    for order in &orders {
        assert!(order["placed_at"].as_str().unwrap()[17..].parse::<f64>().unwrap() % 10.0 < 2.0, "{order}");
        let customer = text(order, "customer");
        assert_eq!(order["address"]["city"].as_str(), cities.get(&customer).map(String::as_str), "{order}");
        let (price, quantity) = (order["price"].as_f64().unwrap(), order["quantity"].as_i64().unwrap());
        assert!((price - prices[text(order, "sku").as_str()]).abs() < 1e-9);
        assert!((1..=10).contains(&quantity));
        #[expect(clippy::cast_precision_loss, reason = "a small number")]
        let total = price * quantity as f64;
        assert!((order["total"].as_f64().unwrap() - total).abs() < 1e-6, "{order}");
        let count = counts.entry(customer.clone()).or_default();
        *count += 1;
        assert_eq!(order["count"], *count);
        assert_eq!(order["gap"].as_i64(), before.map(|before: i64| quantity - before));
        before = Some(quantity);
        let status = text(order, "status");
        let last = statuses.insert(customer, status.clone());
        assert!(last.as_deref() != Some("gone") || status == "gone", "nobody comes back");
        seen.insert(status);
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["gone", "new", "paid"]);
    assert_eq!(orders, records(&place, "orders", &["--for", "1m"]));
}

#[test]
fn faults_happen_on_the_way() {
    let faults = r#"
[generators.orders.faults]
late = { share = 0.05, by = ["5s", "8s"] }
out_of_order = { share = 0.2, within = "900ms" }
duplicates = 0.05
dropped = 0.05
malformed = 0.01
"#;
    let tests = r#"
[[tests]]
name = "what is late, bad or missing is seen"
steps = [
  { ingest = "orders", generate = { records = 10000, seed = 4, over = "5m" } },
  { advance = "5m" },
  { expect = "sums", count = 600, late = 234, bad = 110 },
]
"#;
    let place = place(&format!("{PIPELINE}{faults}"));
    let made =
        place.output(&["generate", "--stream", "orders", "--records", "10000", "--start", "2026-01-01T00:00:00Z"]);
    assert_eq!(
        made,
        place.output(&["generate", "--stream", "orders", "--records", "10000", "--start", "2026-01-01T00:00:00Z"])
    );
    let lines: Vec<&str> = made.lines().collect();
    assert!((9_850..10_150).contains(&lines.len()), "as many doubled as dropped: {}", lines.len());
    let read: Vec<Value> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert!((70..135).contains(&(lines.len() - read.len())), "{}", lines.len() - read.len());
    let times: Vec<&str> = read.iter().map(|record| record["placed_at"].as_str().unwrap()).collect();
    let disordered = times.windows(2).filter(|pair| pair[0] > pair[1]).count();
    assert!(disordered > 1_000, "{disordered}");

    // The same faults by the clock of a test.
    let place = self::place(&format!("{PIPELINE}{faults}{tests}"));
    let done = place.pipe(&["test"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
}

#[test]
fn a_time_that_passes_faster_brings_what_it_would_have_brought() {
    let place = place(PIPELINE);
    let begun = std::time::Instant::now();
    let fast = records(&place, "orders", &["--for", "1m", "--speedup", "60x"]);
    assert!(begun.elapsed().as_millis() >= 800, "a minute is a second");
    assert_eq!(fast, records(&place, "orders", &["--for", "1m"]));
    place.pipe(&["generate", "--stream", "orders", "--speedup", "0"]).failed(64, &["expected a factor", "60x"]);
    place.pipe(&["generate", "--stream", "orders", "--start", "1h"]).failed(64, &["expected a time", "-1h"]);
}

#[test]
fn a_table_that_is_not_there_is_told() {
    Place::new(PIPELINE)
        .pipe(&["generate", "--stream", "orders", "--records", "1"])
        .failed(1, &["table `prices` cannot be read", "prices.csv"]);
}

#[test]
fn a_pipeline_that_begins_in_the_past_comes_to_the_present() {
    let pipeline = PIPELINE
        .replace("{ kind = \"steps\", steps = [{ rate = \"100/s\", for = \"2s\" }, { rate = \"0/s\", for = \"8s\" }], repeat = true }", "\"10/s\"")
        .replace("arrivals = \"poisson\"\n", "");
    let place = place(&pipeline.replace("rate = \"1/s\"", "rate = \"10/s\""));
    let done = place.pipe(&["up", "--start", "-10m", "--records", "6010"]);
    assert_eq!(done.code(), Some(0), "{done:?}");
    let stored = place.stored("shop", "orders");
    assert_eq!(stored.len(), 6_010);
    // Windows of ten minutes have closed, though it took no minute.
    assert!(place.rows("sums").len() > 500);
}
