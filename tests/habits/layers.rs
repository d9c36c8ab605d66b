//! Which part of the crate may see which.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{files, root};

/// The parts of `src/`, lowest first. A part sees those of the rows above its own, and none of its own row.
const LAYERS: &[&[&str]] = &[
    &["document", "record", "sql", "streams", "ui"],
    &["field", "rate", "recording", "window"],
    &["spec"],
    &["plan"],
    &["infra", "engine", "kinesis_api", "import"],
    &["generate"],
    &["infer", "render"],
    &["deploy"],
    &["observe", "replay", "trial"],
    &["error", "page"],
    &["commands"],
];

/// Where the whole crate comes together.
const EXEMPT: &[&str] = &["main", "lib"];

#[test]
fn arrows_point_up_the_list_only() {
    let mut wrong = Vec::new();
    for (part, path) in sources() {
        let own = layer(&part).unwrap();
        for seen in seen(&fs::read_to_string(&path).unwrap()) {
            let allowed = seen == part || layer(&seen).is_some_and(|layer| layer < own);
            if !allowed {
                wrong.push(format!("{}: `{part}` sees `{seen}`", path.strip_prefix(root()).unwrap().display()));
            }
        }
    }
    assert!(wrong.is_empty(), "against the order of the layers:\n{}", wrong.join("\n"));
}

#[test]
fn every_part_has_a_layer_and_every_layer_its_parts() {
    let found: BTreeSet<String> = sources().into_iter().map(|(part, _)| part).collect();
    let listed: BTreeSet<String> = LAYERS.iter().copied().flatten().copied().map(str::to_owned).collect();
    assert_eq!(found, listed);
}

#[test]
fn what_a_file_sees_is_found_however_it_is_written() {
    let text =
        "use crate::a::B;\nuse crate::{c, d::{e, f}, g::h as i};\n// use crate::comment;\nlet x = crate::j::k();\n";
    assert_eq!(seen(text), ["a", "c", "d", "g", "j"].map(str::to_owned).into());
}

fn layer(part: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&part))
}

/// Every source file with the part that it belongs to.
fn sources() -> Vec<(String, PathBuf)> {
    let src = root().join("src");
    let part = |path: &Path| {
        let first = path.strip_prefix(&src).unwrap().components().next().unwrap();
        Path::new(first.as_os_str()).file_stem().unwrap().to_str().unwrap().to_owned()
    };
    let with_part = files(&src, "rs").into_iter().map(|path| (part(&path), path));
    with_part.filter(|(part, _)| !EXEMPT.contains(&part.as_str())).collect()
}

/// Returns the parts that a file names behind `crate::`.
fn seen(text: &str) -> BTreeSet<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut parts = BTreeSet::new();
    for (at, found) in code.match_indices("crate::") {
        // `$crate::` and `pub(crate)` are other things; `super::` never leaves a part, since parts are top-level.
        let rest = &code[at + found.len()..];
        match rest.strip_prefix('{') {
            Some(group) => parts.extend(heads(group)),
            None => parts.extend(name(rest)),
        }
    }
    parts
}

/// The first names of a `{…}` group, whose opening brace is behind us.
fn heads(group: &str) -> Vec<String> {
    let mut heads = Vec::new();
    let mut depth = 1;
    let mut expects = true;
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => expects = true,
            letter if expects && !letter.is_whitespace() => {
                heads.extend(name(&group[at..]));
                expects = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    heads
}

fn name(text: &str) -> Option<String> {
    let name: String = text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    (!name.is_empty()).then_some(name)
}
