//! The pipelines of the project, as they are and damaged in every way.

use std::fs;
use std::path::Path;

use pipe::document::Document;
use pipe::generate::Records;
use pipe::plan::Plan;
use pipe::render::{render, render_kinesis_sql};
use proptest::prelude::*;

use super::{holds_only_tests, pipe, root};

#[test]
fn every_pipeline_is_without_mistakes() {
    insta::glob!("../../pipelines", "*.toml", |path| {
        if holds_only_tests(path) {
            return;
        }
        let document = open(path);
        let plans = Plan::check(&document).unwrap_or_else(|found| panic!("{}", document.draw(&found, false)));
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(plans.iter().all(|plan| plan.name == name), "{name} has the name of its file");
        assert!(plans.iter().all(|plan| plan.description.is_some()), "{name} says what it is for");
    });
}

#[test]
fn every_mistake_in_a_pipeline_is_noticed_by_its_tests() {
    let done = pipe(root()).args(["test", "--mutate", "-o", "table"]).output().unwrap();
    let said = [done.stdout, done.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(done.status.success(), "{said}");
    assert!(said.contains("each is noticed by a test"), "{said}");
}

/// A change to a file: where, as a share of its lines or characters, and what.
#[derive(Debug, Clone)]
enum Damage {
    DeleteLine(f64),
    RepeatLine(f64),
    MoveLine(f64, f64),
    Delete(f64, usize),
    Repeat(f64, usize),
    Put(f64, String),
    Cut(f64),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = || 0.0..1.0_f64;
    // What is likely to be taken for something else: pieces of TOML, of SQL, of numbers, and of other alphabets.
    let piece = prop_oneof![
        prop::sample::select(vec![
            "\"",
            "'",
            "\"\"\"",
            "[",
            "]",
            "{",
            "}",
            "=",
            "\n",
            ",",
            ".",
            "#",
            "-",
            "(",
            ")",
            "*",
            "/",
            "\\",
            "\\u00e4",
            "ä",
            "💶",
            "\u{0}",
            "\u{feff}",
            "\r",
            "0",
            "-1",
            "1e400",
            "99999999999999999999",
            "inf",
            "nan",
            "0x_",
            "true",
            "1979-05-27",
            "NULL",
            "COUNT(*)",
            "MIN(",
            " AND ",
            " IN (",
            " LIKE ",
            "CASE WHEN ",
            "CAST(",
            "||",
            "<>",
            "per = \"price\"",
            "window_start",
            "error_stream",
            "late = \"late\"\n",
            "[streams.late]\n",
            "kind = ",
        ])
        .prop_map(str::to_owned),
        "\\PC{1,8}",
    ];
    prop_oneof![
        at().prop_map(Damage::DeleteLine),
        at().prop_map(Damage::RepeatLine),
        (at(), at()).prop_map(|(from, to)| Damage::MoveLine(from, to)),
        (at(), 1..30_usize).prop_map(|(from, count)| Damage::Delete(from, count)),
        (at(), 1..30_usize).prop_map(|(from, count)| Damage::Repeat(from, count)),
        (at(), piece).prop_map(|(to, piece)| Damage::Put(to, piece)),
        at().prop_map(Damage::Cut),
    ]
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a share of a small count"
)]
fn index(share: f64, count: usize) -> usize {
    (share * count as f64) as usize
}

impl Damage {
    fn apply(&self, text: &str) -> String {
        let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
        let mut letters: Vec<char> = text.chars().collect();
        if lines.is_empty() {
            return String::new();
        }
        match self {
            Self::DeleteLine(at) => {
                lines.remove(index(*at, lines.len()));
                lines.concat()
            }
            Self::RepeatLine(at) => {
                let at = index(*at, lines.len());
                lines.insert(at, lines[at]);
                lines.concat()
            }
            Self::MoveLine(from, to) => {
                let line = lines.remove(index(*from, lines.len()));
                lines.insert(index(*to, lines.len() + 1), line);
                lines.concat()
            }
            Self::Delete(from, count) => {
                let from = index(*from, letters.len());
                letters.drain(from..(from + count).min(letters.len()));
                letters.into_iter().collect()
            }
            Self::Repeat(from, count) => {
                let from = index(*from, letters.len());
                let part = letters[from..(from + count).min(letters.len())].to_vec();
                letters.splice(from..from, part);
                letters.into_iter().collect()
            }
            Self::Put(to, piece) => {
                let to = index(*to, letters.len());
                letters.splice(to..to, piece.chars());
                letters.into_iter().collect()
            }
            Self::Cut(at) => letters[..index(*at, letters.len())].iter().collect(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is left of a pipeline file, reading it ends in plans or in mistakes that can be drawn; and a plan can
    /// be generated for and rendered.
    #[test]
    fn a_damaged_file_gives_mistakes_or_plans(
        file in prop::sample::select(vec!["ticker.toml", "balance.toml"]),
        damages in prop::collection::vec(damage(), 1..5),
    ) {
        let text = fs::read_to_string(root().join("pipelines").join(file)).unwrap();
        let text = damages.iter().fold(text, |text, damage| damage.apply(&text));
        let document = Document::new("damaged.toml", text);
        match Plan::check(&document) {
            Err(found) => {
                prop_assert!(!found.is_empty());
                prop_assert!(!document.draw(&found, false).is_empty());
                prop_assert!(!document.draw(&found, true).is_empty());
            }
            Ok(plans) => {
                for plan in plans {
                    for generator in &plan.generators {
                        let stream = plan.stream(&generator.stream).unwrap();
                        prop_assert!(Records::new(generator, stream, 0).is_ok(), "{}", document.text());
                    }
                    prop_assert!(render(&plan).is_ok(), "{}", document.text());
                    prop_assert!(render_kinesis_sql(&plan).is_ok(), "{}", document.text());
                }
            }
        }
    }
}

fn open(path: &Path) -> Document {
    let name = path.file_name().unwrap().to_str().unwrap();
    Document::new(name, fs::read_to_string(path).unwrap())
}
