//! Tests of whole samples.

use proptest::prelude::*;

use super::*;
use crate::document::Document;
use crate::generate::{Records, Schedule};
use crate::plan::{Making, Plan};
use crate::streams::Appends;

fn sample(records: impl IntoIterator<Item = String>) -> Sample {
    let sampled = |data: String| Sampled { arrival: None, key: None, data: data.into_bytes() };
    Sample {
        stream: "rides".to_owned(),
        origin: "rides.jsonl".to_owned(),
        header: None,
        records: records.into_iter().map(sampled).collect(),
    }
}

/// Returns the plan of what is inferred, which is without mistakes.
fn plan(sample: &Sample) -> Plan {
    let text = infer(sample).expect("an inference");
    let document = Document::new("inferred.toml", text.clone());
    let plans = Plan::check(&document).unwrap_or_else(|found| panic!("{}\n{text}", document.draw(&found, false)));
    plans.into_iter().next().expect("a plan")
}

/// Makes records of a pipeline, with the moments at which they are due.
fn generated(text: &str, count: usize) -> Sample {
    let document = Document::new("p.toml", text);
    let plans = Plan::check(&document).unwrap_or_else(|found| panic!("{}", document.draw(&found, false)));
    let (generator, stream) = (&plans[0].generators[0], &plans[0].streams[0]);
    let mut moments = Vec::new();
    Schedule::new(generator, 1_770_000_000_000_000, 0).take(i64::MAX, count, &mut moments);
    let mut appends = Appends::new();
    Records::new(generator, stream, 0).expect("records").fill(&moments, &mut appends);
    let records = moments.iter().zip(appends.iter()).map(|(moment, record)| Sampled {
        arrival: Some(moment / 1000),
        key: Some(record.partition_key.to_owned()),
        data: record.data.to_vec(),
    });
    let records = records.collect();
    Sample { stream: "rides".to_owned(), origin: "a test".to_owned(), header: None, records }
}

const RIDES: &str = r#"
[pipeline]
name = "rides"
[streams.rides]
partition_key = "driver"
event_time = { column = "at" }
[streams.rides.columns]
id = "BIGINT"
at = "TIMESTAMP(3)"
driver = "VARCHAR(12)"
city = { type = "VARCHAR(16)", path = "$.place.city" }
fare = "DOUBLE"
load = "DOUBLE"
speed = "DOUBLE"
seats = "INTEGER"
shared = "BOOLEAN"
token = "VARCHAR(36)"
[streams.sums]
[queries.sums]
from = "rides"
[generators.rides]
rate = "40/s"
arrivals = "poisson"
seed = 5
[generators.rides.fields]
id = { kind = "sequence", start = 100 }
at = { kind = "now" }
driver = { kind = "pool", count = 200, exponent = 1.0, of = { kind = "pattern", pattern = "D-[0-9]{6}" } }
city = { kind = "choice", of = ["Bern", "Oslo", "Rome"], weights = [5, 3, 2], null = 0.1 }
fare = { kind = "lognormal", median = 12, sigma = 0.6 }
load = { kind = "walk", start = 50, step = 0.5, per = "city" }
speed = { kind = "normal", mean = 50, stddev = 8 }
seats = { kind = "uniform", min = 1, max = 400 }
shared = { kind = "choice", of = [true, false], weights = [1, 4] }
token = { kind = "fake", of = "uuid" }
"#;

#[test]
fn what_a_generator_made_is_found_again() {
    let text = infer(&generated(RIDES, 5_000)).expect("an inference");
    insta::assert_snapshot!(text);
    plan(&generated(RIDES, 5_000));
}

#[test]
fn what_comes_late_twice_or_cut_off_is_seen() {
    let mut records: Vec<String> = (0..2_000)
        .map(|index| {
            let second = if index % 50 == 49 { index - 7 } else { index };
            format!(
                r#"{{"n":{index},"at":"2026-01-01T{:02}:{:02}:{:02}Z"}}"#,
                second / 3600,
                second / 60 % 60,
                second % 60
            )
        })
        .collect();
    for index in (0..2_000).step_by(100) {
        let again = records[index].clone();
        records.push(again);
    }
    records[77].truncate(9);
    records[1077].truncate(9);
    let text = infer(&sample(records)).expect("an inference");
    for line in [
        "event_time = { column = \"at\", delay",
        "rate = \"1.0",
        "malformed = 0.001",
        "duplicates = 0.010",
        "out_of_order = {",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[test]
fn lines_of_values_are_columns() {
    let mut lines =
        sample((0..200).map(|index| {
            format!("{},2026-01-01 10:{:02}:{:02},\"a,b\",{}.5", index % 7, index / 60, index % 60, index)
        }));
    lines.header = Some(["sensor", "read at", "note", "value"].map(str::to_owned).to_vec());
    let text = infer(&lines).expect("an inference");
    for line in [
        "format = \"csv\"",
        "sensor = \"INTEGER\"",
        "read_at = \"TIMESTAMP(3)\"",
        "note = \"VARCHAR(8)\"",
        "value = \"DOUBLE\"",
        "partition_key = \"sensor\"",
        "avg_value = 'AVG(\"value\")'",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    plan(&lines);
}

#[test]
fn numbers_and_words_that_no_field_draws_are_chosen_among() {
    let record = |index: u64| {
        let great = u64::MAX - index * 1_000_000_007;
        let mixed = if index.is_multiple_of(2) { format!("{index}.123456789") } else { format!("2{index:010}.5") };
        let agent = index % 40;
        let last = i64::MAX - i64::try_from(index % 97).expect("a small number");
        format!(r#"{{"great":{great},"mixed":{mixed},"last":{last},"agent":"Mozilla/5.0 ({agent})"}}"#)
    };
    let found = plan(&sample((0..500).map(record)));
    assert_eq!(found.streams[0].columns.len(), 4);
}

#[test]
fn nothing_is_concluded_from_nothing() {
    let message = |records: &[&str]| {
        infer(&sample(records.iter().map(|&text| text.to_owned()))).expect_err("an error").to_string()
    };
    assert_eq!(message(&[]), "there are no records in rides.jsonl");
    assert_eq!(message(&["{}", "{}"]), "none of the 2 records in rides.jsonl is a JSON object or a line of values");
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        (-5_i32..5).prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        ".{0,12}".prop_map(serde_json::Value::from),
        "[ab]{1}".prop_map(serde_json::Value::from),
        Just(serde_json::Value::from("2026-02-03T04:05:06.789Z")),
        Just(serde_json::Value::from("2026-02-03")),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(serde_json::Value::from),
            proptest::collection::btree_map("[a-c. \"ä]{0,2}", inner, 0..4)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Whatever is sampled, what is inferred is a pipeline, and its generator makes records.
    #[test]
    fn every_sample_gives_a_pipeline_that_runs(
        records in proptest::collection::vec(
            proptest::collection::btree_map("[a-d]{1,2}|select|window_end|Order|[0-9]|\\PC{1,3}", value(), 1..5),
            1..30,
        ),
        times in 1_usize..12,
    ) {
        let records: Vec<String> = records
            .iter()
            .map(|members| serde_json::to_string(members).expect("JSON"))
            .collect();
        let sample = sample(std::iter::repeat_n(records, times).flatten());
        if infer(&sample).is_err() {
            return Ok(());
        }
        let plan = plan(&sample);
        let (generator, stream) = (&plan.generators[0], &plan.streams[0]);
        let drawn = generator.fields.iter().all(|field| matches!(field.making, Making::Drawn { .. }));
        prop_assert!(drawn);
        let mut appends = Appends::new();
        Records::new(generator, stream, 0).expect("records").fill(&[0; 20], &mut appends);
        prop_assert_eq!(appends.len(), 20);
    }
}
