//! An outlook as text with tables, and as comma-separated values.

use crate::plan::cost::{Basis, Line};
use crate::plan::{Change, ChangeKind};
use crate::ui::{csv_line, table};

use super::outlook::{Level, Outlook};
use super::words;

/// Draws an outlook.
pub(super) fn draw(outlook: &Outlook, level: Level) -> String {
    let heading = format!("pipeline {} on {}", outlook.pipeline, outlook.target);
    let cost = format!("cost: {}", words::cost(&outlook.cost));
    if level == Level::Summary {
        let lines = [format!("{heading}: {}", outlook.counts()), cost];
        return lines.into_iter().chain(notes(outlook, level)).collect::<Vec<_>>().join("\n");
    }
    let mut lines = vec![heading];
    let rows: Vec<Vec<String>> = outlook.listed(level).flat_map(rows).collect();
    if !rows.is_empty() {
        lines.push(table(&["", "what", "name", "detail"].map(str::to_owned), &rows));
    }
    match outlook.count(ChangeKind::Keep) {
        kept if kept > 0 && level != Level::Full => lines.push(format!("{kept} unchanged")),
        _ => {}
    }
    let capacity = &outlook.capacity;
    lines.extend(capacity.streams.iter().map(words::fed));
    if level == Level::Full {
        lines.extend(capacity.outputs.iter().map(words::written));
    }
    lines.extend(capacity.application.as_ref().map(words::application));
    lines.push(cost);
    lines.extend(costs(outlook, level));
    lines.extend(permissions(outlook, level));
    lines.extend(notes(outlook, level));
    lines.join("\n")
}

fn notes(outlook: &Outlook, level: Level) -> impl Iterator<Item = String> {
    outlook.notes.listed(level).map(|note| format!("note: {note}"))
}

/// Returns the row of a change, and one for each reason.
fn rows(change: &Change) -> Vec<Vec<String>> {
    let row = |sign: &str, what: &str, name: &str, detail: &str| [sign, what, name, detail].map(str::to_owned).to_vec();
    let mut rows = vec![row(change.kind.sign(), &change.what, &change.name, &change.detail)];
    rows.extend(change.reasons.iter().map(|reason| row("", "", "", &format!("  because {reason}"))));
    rows.extend(change.state.iter().map(|state| row("", "", "", &format!("  state: {state}"))));
    rows
}

fn costs(outlook: &Outlook, level: Level) -> Vec<String> {
    let bill = &outlook.cost;
    let mut lines = Vec::new();
    if level == Level::Full && !bill.lines.is_empty() {
        let header = ["what", "of", "a month", "USD", ""].map(str::to_owned);
        lines.push(table(&header, &bill.lines.iter().map(cost_row).collect::<Vec<_>>()));
        lines.extend(words::assumptions(bill).into_iter().map(|why| format!("  assumed {why}")));
    }
    let sums = [(Basis::Declared, bill.declared.to_string()), (Basis::Assumed, words::between(bill.assumed))];
    for ((basis, sum), name) in sums.into_iter().zip(["declared", "assumed"]) {
        let parts = words::parts(bill, basis);
        if !parts.is_empty() {
            lines.push(format!("  {name} {sum}: {parts}"));
        }
    }
    lines.extend(words::unknown(bill).into_iter().map(|unknown| format!("  not known {unknown}")));
    lines.extend(words::prices(bill).map(|prices| format!("  {prices}")));
    let prices: Vec<Vec<String>> = words::price_list(bill).into_iter().map(Vec::from).collect();
    if level == Level::Full && !prices.is_empty() {
        lines.push(table(&["price of", "USD", "as of", "source"].map(str::to_owned), &prices));
    }
    lines
}

fn cost_row(line: &Line) -> Vec<String> {
    let usd = line.usd.map_or_else(|| "not known".to_owned(), words::between);
    let basis = match line.basis {
        Basis::Declared => "declared",
        Basis::Assumed => "assumed",
    };
    vec![line.what.clone(), line.of.clone(), words::quantity(line), usd, basis.to_owned()]
}

fn permissions(outlook: &Outlook, level: Level) -> Vec<String> {
    let permissions = &outlook.permissions;
    let mut lines = Vec::new();
    if level != Level::Full {
        lines.extend(permissions.counted().map(|counted| format!("permissions: {counted}; --full lists them")));
        return lines;
    }
    if let Some(counted) = permissions.counted() {
        lines.push(format!("permissions: {counted}"));
        for statement in &permissions.statements {
            lines.push(format!("  {} {}: {}", statement.role, statement.sid, statement.why));
            lines.push(format!("    {}", statement.actions.join(", ")));
            lines.extend(statement.resources.iter().map(|resource| format!("    on {resource}")));
        }
    }
    if !permissions.operator.is_empty() {
        lines.push("what `pipe up` and `pipe down` call with your rights".to_owned());
        lines.extend(permissions.operator.iter().map(|step| format!("  {}: {}", step.step, step.actions.join(", "))));
    }
    lines
}

/// Writes the changes as comma-separated values, under a header where they are the first; a summary counts them.
pub(super) fn csv(outlook: &Outlook, level: Level, header: bool) -> String {
    let line = |values: &[&str]| csv_line(&values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>());
    let (pipeline, target) = (outlook.pipeline.as_str(), outlook.target.as_str());
    let mut lines = Vec::new();
    if level == Level::Summary {
        lines.extend(header.then(|| line(&["pipeline", "target", "change", "count"])));
        let counted = |kind: &ChangeKind| line(&[pipeline, target, kind.sign(), &outlook.count(*kind).to_string()]);
        lines.extend(ChangeKind::ALL.iter().map(counted));
        return lines.join("\n");
    }
    lines.extend(header.then(|| line(&["pipeline", "target", "change", "what", "name", "detail", "reasons", "state"])));
    lines.extend(outlook.listed(level).map(|change| {
        let (reasons, state) = (change.reasons.join("; "), change.state.as_deref().unwrap_or_default());
        let Change { kind, what, name, detail, .. } = change;
        line(&[pipeline, target, kind.sign(), what, name, detail, &reasons, state])
    }));
    lines.join("\n")
}
