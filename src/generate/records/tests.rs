//! Tests of records, and the generator that tests of a run use too.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::field::fixture;
use crate::plan::{Column, GeneratedField, Making, Source, Time};
use crate::rate::{Arrivals, Profile};
use crate::record::RecordFormat;
use crate::sql::SqlType;
use crate::streams::Capacity;

/// 2026-02-02T10:15:30.123456Z
const NOW: Micros = 1_770_027_330_123_456;

struct Made {
    generator: Generator,
    stream: Stream,
}

/// Puts a generator together from a path, a type and a field per column; a column is named like the end of its path.
fn made(columns: &[(&str, SqlType, &str)]) -> Made {
    let declared: Vec<Column> = columns
        .iter()
        .map(|(path, sql_type, _)| {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            let name = path.last().expect("a name").clone();
            Column { name, sql_type: *sql_type, not_null: false, path }
        })
        .collect();
    let fields = columns
        .iter()
        .map(|(_, _, text)| {
            // The last line may say `per`, which is no option of a kind.
            let (text, per) = text.split_once("\nper = ").map_or((*text, None), |(text, per)| (text, Some(per)));
            let per = per.and_then(|per| declared.iter().position(|column| column.name == per.trim_matches('\'')));
            let field = fixture::read(text).expect(text);
            GeneratedField { making: Making::Drawn { field, per, origin: None }, null_share: 0.0 }
        })
        .collect();
    let stream = Stream {
        name: "trades".to_owned(),
        capacity: Capacity::Provisioned(1),
        retention_hours: 24,
        format: RecordFormat::Json,
        columns: declared,
        partition_key: None,
        time: Time::Event { column: 0, delay: Duration::ZERO, idle: Duration::ZERO },
        source: Source::Producers,
    };
    Made {
        generator: Generator {
            stream: "trades".to_owned(),
            rate: Profile::constant(200.0),
            arrivals: Arrivals::Even,
            seed: 7,
            faults: None,
            fields,
        },
        stream,
    }
}

/// The generator of the example in the documentation.
pub(in crate::generate) fn ticker() -> (Generator, Stream) {
    let Made { generator, mut stream } = made(&[
        ("traded_at", SqlType::Timestamp(3), "kind = 'now'"),
        ("ticker", SqlType::Varchar(8), "kind = 'choice'\nof = ['AMZN', 'AAPL', 'MSFT']\nweights = [5, 3, 2]"),
        ("quote.price", SqlType::Double, "kind = 'walk'\nstart = 180.0\nstep = 0.8\nmin = 1.0\nper = 'ticker'"),
        ("volume", SqlType::Integer, "kind = 'uniform'\nmin = 1\nmax = 1000"),
    ]);
    stream.partition_key = Some(1);
    (generator, stream)
}

/// Makes records in batches of the sizes given.
fn drawn(made: &Made, skip: u64, batches: &[usize]) -> Vec<(String, String)> {
    let mut records = Records::new(&made.generator, &made.stream, skip).expect("records");
    let mut appends = Appends::new();
    for batch in batches {
        records.fill(&vec![NOW; *batch], &mut appends);
    }
    let text = |data: &[u8]| String::from_utf8(data.to_vec()).expect("UTF-8");
    appends.iter().map(|append| (append.partition_key.to_owned(), text(append.data))).collect()
}

fn ticker_made() -> Made {
    let (generator, stream) = ticker();
    Made { generator, stream }
}

#[test]
fn the_first_records_of_a_seed_stay_what_they_are() {
    let drawn = drawn(&ticker_made(), 0, &[3]);
    let records: Vec<&str> = drawn.iter().map(|(_, record)| record.as_str()).collect();
    assert_eq!(
        records,
        [
            r#"{"traded_at":"2026-02-02T10:15:30.123","ticker":"AMZN","quote":{"price":180.00},"volume":110}"#,
            r#"{"traded_at":"2026-02-02T10:15:30.123","ticker":"MSFT","quote":{"price":180.00},"volume":735}"#,
            r#"{"traded_at":"2026-02-02T10:15:30.123","ticker":"AMZN","quote":{"price":180.24},"volume":646}"#,
        ]
    );
}

#[test]
fn a_walk_keeps_a_state_for_each_key() {
    let mut last: BTreeMap<String, f64> = BTreeMap::new();
    for (key, record) in drawn(&ticker_made(), 0, &[5_000]) {
        let record: Value = serde_json::from_str(&record).expect("JSON");
        assert_eq!(record["ticker"], key);
        let price = record["quote"]["price"].as_f64().expect("a price");
        let before = last.insert(key, price).unwrap_or(180.0);
        assert!((price - before).abs() < 0.8 * 6.0, "{before} to {price}");
    }
    assert_eq!(last.len(), 3);
}

#[test]
fn a_fixed_value_is_the_same_whenever_its_key_comes_again() {
    let mut fixed = made(&[
        ("user", SqlType::BigInt, "kind = 'uniform'\nmin = 1\nmax = 50"),
        ("name", SqlType::Varchar(60), "kind = 'fake'\nof = 'name'"),
        ("city", SqlType::Varchar(60), "kind = 'fake'\nof = 'city'"),
    ]);
    for index in [1, 2] {
        let Making::Drawn { field, .. } = fixed.generator.fields[index].making.clone() else { panic!("it is drawn") };
        fixed.generator.fields[index].making = Making::Fixed { field, per: 0, origin: None };
    }
    let mut known: BTreeMap<String, String> = BTreeMap::new();
    let runs = [drawn(&fixed, 0, &[500]), drawn(&fixed, 500, &[500])];
    for (_, record) in runs.iter().flatten() {
        let value: Value = serde_json::from_str(record).expect("JSON");
        assert_eq!(known.entry(value["user"].to_string()).or_insert_with(|| record.clone()), record);
    }
    assert_eq!(known.len(), 50);
    let names: std::collections::BTreeSet<&String> = known.values().collect();
    assert!(names.len() > 45, "each key has values of its own");
}

#[test]
fn a_later_run_goes_on() {
    let counted = made(&[
        ("id", SqlType::BigInt, "kind = 'sequence'"),
        ("n", SqlType::BigInt, "kind = 'uniform'\nmin = 0\nmax = 1000000000"),
    ]);
    let first = drawn(&counted, 0, &[10]);
    let second = drawn(&counted, 10, &[10]);
    let value = |record: &str, name: &str| {
        serde_json::from_str::<Value>(record).expect("JSON")[name].as_i64().expect("a number")
    };
    assert_eq!(value(&first[9].1, "id"), 9);
    assert_eq!(value(&second[0].1, "id"), 10);
    assert!(first.iter().zip(&second).all(|(one, other)| value(&one.1, "n") != value(&other.1, "n")));
}

#[test]
fn a_column_more_changes_no_other() {
    let uniform = "kind = 'uniform'\nmin = 0\nmax = 1000000000";
    let one = made(&[("a", SqlType::BigInt, uniform)]);
    let two = made(&[("b", SqlType::BigInt, uniform), ("a", SqlType::BigInt, uniform)]);
    for ((key, one), (other_key, two)) in drawn(&one, 0, &[20]).iter().zip(drawn(&two, 0, &[20])) {
        let (one, two): (Value, Value) =
            (serde_json::from_str(one).expect("JSON"), serde_json::from_str(&two).expect("JSON"));
        assert_eq!(one["a"], two["a"]);
        assert_ne!(two["a"], two["b"]);
        assert_eq!((key.len(), key), (32, &other_key));
    }
}

#[test]
fn null_takes_the_place_of_its_share() {
    let mut nulled = made(&[
        ("id", SqlType::BigInt, "kind = 'sequence'"),
        ("code", SqlType::Varchar(4), "kind = 'constant'\nvalue = 'x'"),
    ]);
    nulled.generator.fields[0].null_share = 0.25;
    nulled.generator.fields[1].null_share = 1.0;
    nulled.stream.partition_key = Some(1);
    let drawn = drawn(&nulled, 0, &[4_000]);
    let mut nulls = 0;
    for (at, (key, record)) in drawn.iter().enumerate() {
        let record: Value = serde_json::from_str(record).expect("JSON");
        assert_eq!(key, "null");
        assert!(record["code"].is_null());
        nulls += usize::from(record["id"].is_null());
        assert!(record["id"].is_null() || record["id"] == at);
    }
    assert!((900..1_100).contains(&nulls), "{nulls}");
}

#[test]
fn what_cannot_be_made_is_refused() {
    let refused = |made: &Made| Records::new(&made.generator, &made.stream, 0).err().expect("an error").to_string();
    let overlapping =
        made(&[("a", SqlType::BigInt, "kind = 'sequence'"), ("a.b", SqlType::BigInt, "kind = 'sequence'")]);
    assert!(refused(&overlapping).starts_with("columns `b` and `a` cannot both be generated"));
    let walk = |per: &str| format!("kind = 'walk'\nstart = 0\nstep = 1\nper = '{per}'");
    let circle = made(&[
        ("c", SqlType::BigInt, "kind = 'sequence'"),
        ("a", SqlType::BigInt, &walk("b")),
        ("b", SqlType::BigInt, &walk("a")),
    ]);
    assert_eq!(refused(&circle), "column `a` cannot be generated: it depends on itself");
    let unfit = made(&[("a", SqlType::Boolean, "kind = 'sequence'")]);
    assert_eq!(refused(&unfit), "column `a` cannot be generated: it makes numbers");
    let chain = made(&[
        ("a", SqlType::BigInt, &walk("b")),
        ("b", SqlType::BigInt, &walk("c")),
        ("c", SqlType::BigInt, "kind = 'sequence'"),
    ]);
    assert_eq!(drawn(&chain, 0, &[1])[0].1, r#"{"a":0,"b":0,"c":0}"#);
}

#[test]
fn threads_do_not_matter() {
    let mut made = ticker_made();
    let moments: Vec<Micros> = (0..5_000).map(|row| NOW + row * 77).collect();
    let drawn = |made: &Made, threads: usize| {
        let mut records = Records::new(&made.generator, &made.stream, 0).expect("records").threads(threads);
        let mut appends = Appends::new();
        records.fill(&moments, &mut appends);
        records.fill(&moments[..1500], &mut appends);
        appends.iter().map(|append| (append.partition_key.to_owned(), append.data.to_vec())).collect::<Vec<_>>()
    };
    for key in [Some(1), None] {
        made.stream.partition_key = key;
        let one = drawn(&made, 1);
        assert_eq!(one.len(), 6_500);
        for threads in [2, 3, 8] {
            assert!(one == drawn(&made, threads), "{threads} threads");
        }
    }
}

proptest! {
    #[test]
    fn batches_do_not_matter(batches in proptest::collection::vec(0_usize..40, 1..8)) {
        let made = ticker_made();
        prop_assert_eq!(drawn(&made, 0, &[batches.iter().sum()]), drawn(&made, 0, &batches));
    }
}
