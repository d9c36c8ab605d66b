//! An outlook as Markdown: a comment on a pull request.

use crate::plan::{Change, ChangeKind};

use super::outlook::{Level, Outlook};
use super::words;

/// Draws an outlook: what changes at once, the rest behind a line to click on.
pub(super) fn draw(outlook: &Outlook, level: Level) -> String {
    let mut blocks =
        vec![format!("### Pipeline `{}` on `{}`: {}", outlook.pipeline, outlook.target, escaped(&outlook.counts()))];
    let cost = format!("Cost: {}", escaped(&words::cost(&outlook.cost)));
    let notes: Vec<&str> = outlook.notes.listed(level).collect();
    let notes = (!notes.is_empty()).then(|| list(&notes));
    if level == Level::Summary {
        blocks.push(cost);
        blocks.extend(notes);
        return blocks.join("\n\n");
    }
    let changes: Vec<[String; 4]> = outlook.listed(level).map(row).collect();
    if !changes.is_empty() {
        blocks.push(rows(["", "what", "name", "detail"], &changes));
    }
    if level != Level::Full && outlook.count(ChangeKind::Keep) > 0 {
        blocks.push(format!("{} unchanged", outlook.count(ChangeKind::Keep)));
    }
    blocks.extend(notes);
    let capacity = &outlook.capacity;
    let mut needs: Vec<String> = capacity.streams.iter().map(words::fed).collect();
    needs.extend(capacity.outputs.iter().map(words::written));
    needs.extend(capacity.application.as_ref().map(words::application));
    blocks.extend((!needs.is_empty()).then(|| details("Capacity", &list(&needs))));
    blocks.push(if outlook.cost.lines.is_empty() { cost } else { details(&cost, &bill(outlook, level)) });
    blocks.extend(permissions(outlook, level));
    blocks.join("\n\n")
}

fn row(change: &Change) -> [String; 4] {
    let reasons = change.reasons.iter().map(|reason| format!("because {reason}"));
    let detail = std::iter::once(change.detail.clone()).chain(reasons);
    let detail: Vec<String> =
        detail.chain(change.state.iter().map(|state| format!("state: {state}"))).map(|text| escaped(&text)).collect();
    [format!("`{}`", change.kind.sign()), escaped(&change.what), escaped(&change.name), detail.join("<br>")]
}

fn bill(outlook: &Outlook, level: Level) -> String {
    let bill = &outlook.cost;
    let lines: Vec<[String; 4]> = bill
        .lines
        .iter()
        .map(|line| {
            let usd = line.usd.map_or_else(|| "not known".to_owned(), words::between);
            let reason = line.unknown.as_ref().or(line.why.as_ref()).cloned().unwrap_or_default();
            [format!("{} of {}", line.what, line.of), words::quantity(line), usd, reason].map(|text| escaped(&text))
        })
        .collect();
    let sums = format!("declared {}, assumed {}", bill.declared, words::between(bill.assumed));
    let prices = words::prices(bill).map(|prices| format!("; {prices}")).unwrap_or_default();
    let bill_table = rows(["part", "a month", "USD", "why"], &lines);
    let mut blocks = vec![bill_table, escaped(&(sums + &prices))];
    if level == Level::Full {
        let list =
            words::price_list(bill).into_iter().map(|price| price.map(|text| escaped(&text))).collect::<Vec<_>>();
        blocks.push(rows(["price of", "USD", "as of", "source"], &list));
    }
    blocks.join("\n\n")
}

fn permissions(outlook: &Outlook, level: Level) -> Vec<String> {
    let permissions = &outlook.permissions;
    let mut blocks = Vec::new();
    let counted = permissions.counted().map(|counted| format!("Permissions: {counted}"));
    if level != Level::Full {
        blocks.extend(counted);
        return blocks;
    }
    let code = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ");
    if let Some(counted) = counted {
        let lines: Vec<[String; 4]> = permissions
            .statements
            .iter()
            .map(|statement| {
                let resources: Vec<String> =
                    statement.resources.iter().map(|resource| format!("`{}`", resource.replace('|', "\\|"))).collect();
                [
                    escaped(&format!("{} {}", statement.role, statement.sid)),
                    code(&statement.actions),
                    resources.join("<br>"),
                    escaped(&statement.why),
                ]
            })
            .collect();
        blocks.push(details(&counted, &rows(["role and statement", "actions", "resources", "why"], &lines)));
    }
    if !permissions.operator.is_empty() {
        let steps: Vec<String> =
            permissions.operator.iter().map(|step| format!("- {}: {}", step.step, code(step.actions))).collect();
        blocks.push(details("What pipe up and pipe down call with your rights", &steps.join("\n")));
    }
    blocks
}

fn rows(header: [&str; 4], lines: &[[String; 4]]) -> String {
    let line = |cells: &[&str]| format!("| {} |", cells.join(" | "));
    let mut drawn = vec![line(&header), "|---|---|---|---|".to_owned()];
    drawn.extend(lines.iter().map(|cells| line(&cells.each_ref().map(String::as_str))));
    drawn.join("\n")
}

fn list<T: AsRef<str>>(items: &[T]) -> String {
    items.iter().map(|item| format!("- {}", escaped(item.as_ref()))).collect::<Vec<_>>().join("\n")
}

fn details(summary: &str, inner: &str) -> String {
    // A blank line on either side: what is between is Markdown again (GitHub Flavored Markdown, HTML blocks).
    format!("<details><summary>{summary}</summary>\n\n{inner}\n\n</details>")
}

/// Returns text that stays in its cell and means itself; what stands in backticks stays code.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '|' | '*' | '[' | ']' | '\\' => escaped.extend(['\\', letter]),
            '<' => escaped.push_str("&lt;"),
            '\n' | '\r' => escaped.push(' '),
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_in_its_cell() {
        assert_eq!(escaped("a|b <b>\n*[x]"), "a\\|b &lt;b> \\*\\[x\\]");
    }
}
