//! What differs between two templates of `pipe`'s own, told from their texts: where a template is too long for a call, no
//! change set can be asked for without putting it somewhere.

use std::collections::BTreeMap;

use super::change_set::{Action, ResourceDelta};

/// Compares two versions of a stack: the resources that another template says otherwise or that use a parameter which says
/// something else. Which of them are made anew only `CloudFormation` knows.
pub(super) fn differences(
    (before, said_before): (&str, &BTreeMap<String, String>),
    (after, said_after): (&str, &BTreeMap<String, String>),
) -> Vec<ResourceDelta> {
    let changed: Vec<&str> = said_after
        .iter()
        .filter(|(name, value)| said_before.get(*name) != Some(*value))
        .map(|(name, _)| &**name)
        .collect();
    let (old, new) = (resources(before), resources(after));
    let delta = |id: &str, text: &str, action, reasons| ResourceDelta {
        id: id.to_owned(),
        kind: kind(text).to_owned(),
        action,
        reasons,
        drift: None,
    };
    let mut found: Vec<ResourceDelta> = Vec::new();
    for (id, text) in &new {
        let Some(was) = old.get(id) else {
            found.push(delta(id, text, Action::Create, Vec::new()));
            continue;
        };
        let mut reasons: Vec<String> =
            changed.iter().filter(|name| refers_to(text, name)).map(|name| (*name).to_owned()).collect();
        if was != text {
            reasons.insert(0, "its part of the template".to_owned());
        }
        if !reasons.is_empty() {
            found.push(delta(id, text, Action::Update, reasons));
        }
    }
    let gone = old.iter().filter(|(id, _)| !new.contains_key(*id));
    found.extend(gone.map(|(id, text)| delta(id, text, Action::Remove, Vec::new())));
    found
}

/// Splits the resources of a template, as `pipe` writes it: each begins with its id, two spaces in.
fn resources(template: &str) -> BTreeMap<&str, &str> {
    let Some((_, text)) = template.split_once("\nResources:\n") else { return BTreeMap::new() };
    let (mut found, mut begun, mut at) = (BTreeMap::new(), None, 0);
    for line in text.split_inclusive('\n') {
        let id = line.strip_prefix("  ").and_then(|rest| rest.trim_end().strip_suffix(':'));
        let begins = id.filter(|id| !id.starts_with([' ', '#']));
        let ends = !line.starts_with(' ') && !line.trim_end().is_empty();
        if begins.is_some() || ends {
            if let Some((id, from)) = begun.take() {
                found.insert(id, text[from..at].trim_end());
            }
            begun = begins.map(|id| (id, at));
        }
        if ends {
            return found;
        }
        at += line.len();
    }
    if let Some((id, from)) = begun {
        found.insert(id, text[from..].trim_end());
    }
    found
}

/// Returns whether a resource uses a parameter, in either of the ways in which `pipe` writes that.
fn refers_to(resource: &str, parameter: &str) -> bool {
    resource.contains(&format!(r#"{{"Ref":"{parameter}"}}"#)) || resource.contains(&format!("${{{parameter}}}"))
}

fn kind(resource: &str) -> &str {
    resource.lines().find_map(|line| line.strip_prefix("    Type: ")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "Description: \"x\"\n\nResources:\n  A:\n    Type: AWS::Kinesis::Stream\n    Properties:\n      \
                          ShardCount: 1\n\n  B:\n    Type: AWS::Logs::LogGroup\n\n  C:\n    Type: X::Y::Z\n    Properties:\n      \
                          Key: {\"Ref\":\"CodeKey\"}\n\nOutputs:\n  A:\n    Value: 1\n";

    fn told(after: &str, key: &str) -> Vec<(String, Action, String)> {
        let said = |key: &str| BTreeMap::from([("CodeKey".to_owned(), key.to_owned())]);
        let found = differences((BEFORE, &said("old")), (after, &said(key)));
        found.into_iter().map(|delta| (delta.id, delta.action, delta.kind + ": " + &delta.reasons.join(", "))).collect()
    }

    #[test]
    fn what_a_template_says_otherwise_is_a_change() {
        assert_eq!(told(BEFORE, "old"), []);
        let of = |id: &str, action, text: &str| (id.to_owned(), action, text.to_owned());
        assert_eq!(told(BEFORE, "new"), [of("C", Action::Update, "X::Y::Z: CodeKey")]);
        let more = BEFORE.replace("ShardCount: 1", "ShardCount: 2").replace("  B:\n", "  D:\n");
        assert_eq!(
            told(&more, "old"),
            [
                of("A", Action::Update, "AWS::Kinesis::Stream: its part of the template"),
                of("D", Action::Create, "AWS::Logs::LogGroup: "),
                of("B", Action::Remove, "AWS::Logs::LogGroup: "),
            ]
        );
        assert_eq!(told(&BEFORE.replace("Value: 1", "Value: 2"), "old"), []);
    }
}
