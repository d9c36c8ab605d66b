//! Whatever a template says, it is read or refused with a place: no input ends the process.

use std::fs;

use pipe::document::Document;
use pipe::import::{Request, import};
use proptest::prelude::*;

use super::{files, root};

/// Pieces that mean something in a template, to be put where they do not belong.
const PIECES: &[&str] = &[
    "!Ref App",
    "!GetAtt App.Arn",
    "!Sub '${",
    "${App}",
    "!Join ['', [",
    "!If [",
    "&a ",
    "*a",
    "<<: *a",
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "|\n",
    ">\n",
    "#",
    "\t",
    "---\n",
    "? ",
    "null",
    "AWS::NoValue",
    "Fn::Sub",
    "!FindInMap [a, b, c]",
    "$",
    "[0:]",
    "..",
    "\u{0}",
    "\u{feff}",
    "ü",
    "𝄞",
    "\r\n",
    "CREATE STREAM",
    "STEP(",
    "INTERVAL '0' MINUTE",
    "VARCHAR(0)",
    "DECIMAL(99)",
    "-1",
    "99999999999999999999",
    "arn:aws:kinesis",
    "CSV",
    "_001",
    "\"ROWTIME\"",
    ";",
    "/*",
    "--",
];

fn templates() -> Vec<String> {
    let folder = root().join("tests/import");
    let paths = ["yml", "json"].into_iter().flat_map(|ending| files(&folder, ending));
    paths.map(|path| fs::read_to_string(path).unwrap()).collect()
}

/// Cuts, repeats or inserts at places of a text.
fn mutated(text: &str, mutations: &[(u8, prop::sample::Index, prop::sample::Index, usize)]) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for (kind, from, to, piece) in mutations {
        if letters.is_empty() {
            break;
        }
        let (from, to) = (from.index(letters.len()), to.index(letters.len()));
        let range = from.min(to)..from.max(to).min(from.min(to) + 80);
        match kind {
            0 => drop(letters.splice(range, [])),
            1 => {
                let copy: Vec<char> = letters[range].to_vec();
                drop(letters.splice(to..to, copy));
            }
            2 => drop(letters.splice(from..from, PIECES[*piece].chars())),
            _ => drop(letters.splice(range, PIECES[*piece].chars())),
        }
    }
    letters.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_mutated_template_is_read_or_refused(
        which in any::<prop::sample::Index>(),
        mutations in prop::collection::vec(
            (0..4_u8, any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..PIECES.len()),
            1..8,
        ),
        keep_sql in any::<bool>(),
    ) {
        thread_local! {
            static TEMPLATES: Vec<String> = templates();
        }
        let text = TEMPLATES.with(|templates| mutated(&templates[which.index(templates.len())], &mutations));
        let template = Document::new("template.yml", text);
        let sql = Document::new("app.sql", "CREATE STREAM s (n BIGINT); CREATE PUMP p AS INSERT INTO s SELECT STREAM COUNT(*) FROM in_001 GROUP BY FLOOR(in_001.ROWTIME TO MINUTE);");
        let parameters = [("Environment".to_owned(), "dev".to_owned())];
        let parameters = if template.text().contains("Environment") { &parameters[..] } else { &[] };
        let request = Request { template: &template, sql: Some(&sql), parameters, keep_sql };
        match import(&request) {
            // What is written is a file of TOML, whatever the template calls its things.
            Ok(imported) => prop_assert!(imported.pipeline.parse::<toml::Table>().is_ok(), "{}", imported.pipeline),
            Err(found) => {
                prop_assert!(!found.is_empty());
                prop_assert!(!template.draw(&found, false).is_empty());
            }
        }
    }
}
