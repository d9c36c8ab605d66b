//! What a template says that was probably not meant.

use std::rc::Rc;

use super::node::{Node, NodeKind};
use super::report::{Report, Verdict};
use super::template::Template;

/// Producers that give every record the same partition key, in code that stands in the template.
const PARTITION_KEYS: [&str; 3] = ["PartitionKey", "partition_key", "partitionKey"];

/// Looks at all of a template, whatever its resources are.
pub(super) fn of_template(template: &Template<'_>, report: &mut Report<'_>) {
    for entry in template.section("Resources") {
        walk(&entry.value, &mut |key, node| {
            if matches!(key, "Action" | "Resource") {
                policy(&entry.key, key, node, report);
            }
            if let Some(text) = node.as_text()
                && let Some(constant) = constant_partition_key(text)
            {
                report
                    .add(
                        Verdict::Lint,
                        format!("producer in `{}`", entry.key),
                        format!("every record has the partition key {constant}: all of them go to one shard"),
                        Some(&node.span),
                    )
                    .help("use a value of the record that many records do not share, such as an id");
            }
        });
    }
}

/// Visits every value of a map below a node, with its key. Lists are visited item by item under the key of the list.
fn walk(node: &Rc<Node>, visit: &mut impl FnMut(&str, &Rc<Node>)) {
    fn below(key: &str, node: &Rc<Node>, visit: &mut impl FnMut(&str, &Rc<Node>)) {
        visit(key, node);
        match &node.kind {
            NodeKind::List(items) => items.iter().for_each(|item| below("", item, visit)),
            NodeKind::Map(entries) => entries.iter().for_each(|entry| below(&entry.key, &entry.value, visit)),
            NodeKind::Nothing | NodeKind::Text(_) => {}
        }
    }
    below("", node, visit);
}

fn policy(resource: &str, key: &str, node: &Rc<Node>, report: &mut Report<'_>) {
    let items = node.as_list().unwrap_or(std::slice::from_ref(node));
    for item in items {
        let Some(text) = item.as_text() else { continue };
        let wide = text == "*" || (key == "Action" && text.ends_with(":*"));
        if wide {
            report
                .add(
                    Verdict::Lint,
                    format!("policy in `{resource}`"),
                    format!("`{key}` is `{text}`: more than the application needs"),
                    Some(&item.span),
                )
                .help("`pipe render` writes policies that name only the resources of the pipeline");
        }
    }
}

/// Returns the constant in quotes that a text gives as a partition key, where it does.
fn constant_partition_key(text: &str) -> Option<String> {
    for word in PARTITION_KEYS {
        for (at, _) in text.match_indices(word) {
            let behind = text[at + word.len()..].trim_start_matches(['"', '\'']).trim_start();
            let Some(value) = behind.strip_prefix(['=', ':']) else { continue };
            let value = value.trim_start();
            let Some(quote) = value.chars().next().filter(|first| matches!(first, '"' | '\'')) else { continue };
            let Some((inside, rest)) = value[1..].split_once(quote) else { continue };
            let goes_on = rest.trim_start().starts_with(['+', '.', '%']);
            if !goes_on && !inside.is_empty() && !inside.contains(['{', '$', '\n']) {
                return Some(format!("{quote}{inside}{quote}"));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_partition_key_is_seen() {
        for (text, constant) in [
            ("put_record(Data=d, PartitionKey=\"sample_key\")", Some("\"sample_key\"")),
            ("{ \"PartitionKey\": 'p1', }", Some("'p1'")),
            ("PartitionKey=str(i)", None),
            ("PartitionKey='user-' + user", None),
            ("PartitionKey='user-{}'.format(user)", None),
            ("`PartitionKey`", None),
        ] {
            assert_eq!(constant_partition_key(text).as_deref(), constant, "{text}");
        }
    }
}
