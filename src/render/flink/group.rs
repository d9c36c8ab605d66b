//! Groups per window.

use crate::plan::{Clock, Group, RelationId, RowTime};
use crate::sql::{Aggregate, Dialect, Expr, ExprKind};
use crate::window::{Flink, Shape};

use super::super::kda_sql::Output;
use super::refusal::Refusal;
use super::top;
use super::view::{Rows, Views};

/// The columns that Flink's window functions add to a table.
const WINDOW_COLUMNS: [&str; 3] = ["window_start", "window_end", "window_time"];

/// Returns whether rows may be filtered behind the window function: the windows are the same without them.
pub(super) fn filters_behind(group: &Group) -> bool {
    matches!(group.window.shape(), Shape::Panes(_))
}

pub(super) fn rows(views: &mut Views<'_>, id: RelationId, group: &Group) -> Result<Rows, Refusal> {
    let clock = views.plan.relations[id].clock;
    if views.is_read(id) && group.row_time == RowTime::End && clock == Clock::Event {
        return Err(Refusal::new(
            "Flink SQL goes on from a window with its last millisecond, not with its end",
            "end the query here, or declare it instead of its SQL",
        ));
    }
    let (source, group, filter) = input(views, id, group);
    let group = &group;
    let keys: Vec<String> = group.keys.iter().map(|name| Dialect::Flink.quote(name)).collect();
    let table = Dialect::Flink.quote(&source);
    let time = Dialect::Flink.quote(&views.row_time);
    let own = group.key.clone().map_or_else(|| keys.clone(), |key| vec![Dialect::Flink.quote(&key)]);
    let window = match group.of.window.flink(&table, &time, &own) {
        Ok(Flink::Table(window)) => window,
        Ok(Flink::Over(_)) => return Err(Refusal::new("Flink SQL has no groups of frames", "use a tumbling window")),
        Err(refusal) => return Err(Refusal::from(refusal)),
    };
    let mut groups = own;
    groups.extend(keys.into_iter().filter(|_| group.key.is_some()));
    groups.extend(["window_start".to_owned(), "window_end".to_owned()]);
    if views.is_read(id) {
        groups.push("window_time".to_owned());
    }
    let rows = Rows {
        outputs: Vec::new(),
        from: format!("TABLE({window})"),
        filter,
        groups,
        having: group.having.as_ref().map(|having| views.text(having, &group.aggregates)),
        ..Rows::default()
    };
    let attributes = &views.plan.relations[id].attributes;
    let outputs: Vec<Output> = group
        .outputs
        .iter()
        .zip(attributes)
        .map(|(expr, attribute)| Output::new(views.output(expr, &group.aggregates), &attribute.name))
        .collect();
    match &group.of.top {
        None => {
            let time = views.is_read(id).then(|| Output::new("window_time".to_owned(), &views.row_time));
            Ok(Rows { outputs: outputs.into_iter().chain(time).collect(), ..rows })
        }
        Some(found) => Ok(top::rows(views, id, group, found, Rows { outputs, ..rows })),
    }
}

/// A group as Flink is to read it.
pub(super) struct Renamed<'a> {
    pub(super) of: &'a Group,
    pub(super) keys: Vec<String>,
    /// The column that holds all keys, where Flink takes only one.
    pub(super) key: Option<String>,
    pub(super) aggregates: Vec<Aggregate>,
    pub(super) outputs: Vec<Expr>,
    pub(super) having: Option<Expr>,
    pub(super) order: Vec<(Expr, bool)>,
}

/// Returns the view to read from, with the filter behind it. Where it has columns that Flink's window functions add
/// themselves, it is another one without such names, and the group goes by the others.
fn input<'a>(views: &mut Views<'_>, id: RelationId, group: &'a Group) -> (String, Renamed<'a>, Option<String>) {
    let attributes = &views.plan.relations[group.input].attributes;
    let clashes = attributes.iter().any(|attribute| WINDOW_COLUMNS.contains(&attribute.name.as_str()));
    let renamed = |name: &str| {
        let mut other = name.to_owned();
        if WINDOW_COLUMNS.contains(&name) {
            other.insert_str(0, "input.");
            while attributes.iter().any(|attribute| attribute.name == other) {
                other.push('_');
            }
        }
        other
    };
    let rename = |expr: &Expr| {
        let other = |expr: &Expr| match &expr.kind {
            ExprKind::Column(name) => Some(Expr { kind: ExprKind::Column(renamed(name)), sql_type: expr.sql_type }),
            _ => None,
        };
        expr.clone().replace(&other)
    };
    let aggregate =
        |aggregate: &Aggregate| Aggregate { argument: aggregate.argument.as_ref().map(rename), ..aggregate.clone() };
    // A view's windows of each key's own have one key only: of several, Flink 1.20.5 finds but the first.
    let several = views.is_read(id) && matches!(group.window.shape(), Shape::Session(_)) && group.keys.len() > 1;
    let key = several.then(|| {
        let mut key = "key".to_owned();
        while attributes.iter().any(|attribute| attribute.name == key) || key == views.row_time {
            key.push('_');
        }
        key
    });
    let order = group.top.iter().flat_map(|top| &top.by);
    let group = Renamed {
        of: group,
        keys: group.keys.iter().map(|index| renamed(&attributes[*index].name)).collect(),
        key,
        aggregates: group.aggregates.iter().map(aggregate).collect(),
        outputs: group.outputs.iter().map(rename).collect(),
        having: group.having.as_ref().map(rename),
        order: order.map(|(expr, falls)| (rename(expr), *falls)).collect(),
    };
    let (from, filter) = views.from(group.of.input);
    if !clashes && group.key.is_none() {
        return (views.name(from).to_owned(), group, filter);
    }
    let names = attributes.iter().map(|attribute| &attribute.name);
    let mut outputs: Vec<Output> = names.map(|name| Output::new(Dialect::Flink.quote(name), &renamed(name))).collect();
    if let Some(key) = &group.key {
        let keys: Vec<String> =
            group.of.keys.iter().map(|index| Dialect::Flink.quote(&attributes[*index].name)).collect();
        outputs.push(Output::new(format!("ROW({})", keys.join(", ")), key));
    }
    outputs.push(Output::new(Dialect::Flink.quote(&views.row_time), &views.row_time));
    let rows = Rows { outputs, from: Dialect::Flink.quote(views.name(from)), filter, ..Rows::default() };
    let name = views.free_name(&format!("{}:input", views.plan.relations[id].name));
    views.views.push((name.clone(), rows));
    (name, group, None)
}
