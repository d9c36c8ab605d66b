//! Plan → the SQL of one KDA application.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::plan::{Column, ERROR_STREAM, Plan, Query, Source, Stream, Time};
use crate::sql::{Dialect, Expr, ExprKind, SqlType, expression_text};
use crate::window::Kda;

use super::windowed::Windowed;

/// The prefix of the streams that a KDA application makes of its input.
pub(super) const NAME_PREFIX: &str = "SOURCE_SQL_STREAM";
/// The stream that it makes of an input that is not spread: the prefix and a number.
pub(super) const SOURCE_STREAM: &str = "SOURCE_SQL_STREAM_001";

/// What `templates/kda.sql.tera` needs.
#[derive(Debug, Serialize)]
pub(super) struct Application {
    title: String,
    description: Option<String>,
    stream: String,
    source: &'static str,
    event_time: Option<String>,
    length: String,
    late: Option<String>,
    queries: Vec<Insert>,
}

#[derive(Debug, Serialize)]
struct Insert {
    name: String,
    pump_name: String,
    columns: Vec<Typed>,
    outputs: Vec<Output>,
    filter: Option<String>,
    groups: Vec<String>,
}

/// A column and its type, in the text of a dialect.
#[derive(Debug, Serialize)]
pub(super) struct Typed {
    /// The name as it is.
    pub(super) name: String,
    /// The type.
    pub(super) sql_type: String,
}

/// An expression and the column that takes it, in the text of a dialect.
#[derive(Debug, Serialize)]
pub(super) struct Output {
    /// The expression.
    pub(super) text: String,
    /// The column as it is; nothing where the expression has that name already.
    pub(super) name: Option<String>,
}

impl Output {
    pub(super) fn new(text: String, name: &str) -> Self {
        let flink = Dialect::Flink.quote(name);
        let named = [format!("`l`.{flink}"), format!("`r`.{flink}"), flink, name.to_owned()];
        let name = (!named.contains(&text)).then(|| name.to_owned());
        Self { text, name }
    }
}

/// Returns the one stream that an application reads, or why there is no such application.
pub(super) fn input(plan: &Plan) -> Result<&Stream, String> {
    let names: BTreeSet<&str> = plan.queries.iter().flat_map(|query| plan.streams_read(query)).collect();
    match (names.first(), names.len()) {
        (None, _) => Err("the pipeline has no query".to_owned()),
        (Some(name), 1) => Ok(plan.stream(name).expect("the plan has every stream that a query reads")),
        (Some(_), count) => Err(format!("a KDA application reads one stream, and these queries read {count}")),
    }
}

/// Prepares the application, or says why KDA cannot run this plan.
pub(super) fn application(plan: &Plan) -> Result<Application, String> {
    let stream = input(plan)?;
    if let Some(query) = plan.queries.iter().find(|query| query.name.eq_ignore_ascii_case(SOURCE_STREAM)) {
        return Err(format!("`{}` is the name that KDA gives the stream it reads", query.name));
    }
    let event_time = match &stream.time {
        Time::Arrival => None,
        Time::Event { column, .. } => Some(stream.columns[*column].name.clone()),
    };
    let queries: Vec<(Insert, String)> =
        plan.queries.iter().map(|query| pump(plan, query)).collect::<Result<_, _>>()?;
    let lengths: BTreeSet<String> = queries.iter().map(|(_, length)| length.clone()).collect();
    let late: Vec<&str> = plan
        .streams
        .iter()
        .filter(|stream| matches!(stream.source, Source::Late(_)))
        .map(|stream| stream.name.as_str())
        .collect();
    Ok(Application {
        title: plan.name.clone(),
        description: plan.description.clone(),
        stream: stream.name.clone(),
        source: SOURCE_STREAM,
        event_time,
        length: lengths.into_iter().collect::<Vec<_>>().join(" or "),
        late: match late.as_slice() {
            [] => None,
            [one] => Some(format!("stream {one}")),
            several => Some(format!("streams {}", several.join(", "))),
        },
        queries: queries.into_iter().map(|(insert, _)| insert).collect(),
    })
}

/// Returns the pump of a query, and the length of its windows.
fn pump(plan: &Plan, query: &Query) -> Result<(Insert, String), String> {
    let other = || {
        format!("only a query that reads one stream through one window is written here, and `{}` is not", query.name)
    };
    let windowed = Windowed::of(plan, query).ok_or_else(other)?;
    let stream = windowed.stream;
    let prefix = format!("{}.", Dialect::Kda.quote(SOURCE_STREAM));
    let column = |column: &Column| format!("{prefix}{}", Dialect::Kda.quote(&column.name));
    let length = match windowed.group.window.kda() {
        Ok(Kda::Step { length }) => length,
        Ok(Kda::Stagger { .. } | Kda::Over { .. }) => {
            return Err(format!(
                "only tumbling windows are written here, and that of `{}` is of another kind",
                query.name
            ));
        }
        Err(refusal) => return Err(format!("{}; the nearest is {}", refusal.lacks, refusal.instead)),
    };
    let step = |of: &str| format!("STEP({of} BY {length})");
    let row_time = step(&format!("{prefix}ROWTIME"));
    let mut groups: Vec<String> = windowed.keys().map(column).collect();
    groups.push(row_time.clone());
    let start = match &stream.time {
        Time::Arrival => row_time,
        Time::Event { column: event, .. } => {
            let logical = step(&column(&stream.columns[*event]));
            groups.push(logical.clone());
            logical
        }
    };
    let end = format!("{start} + {length}");
    let text = |expr: &Expr| match expr.kind {
        ExprKind::WindowStart => start.clone(),
        ExprKind::WindowEnd => end.clone(),
        _ => expression_text(expr, Dialect::Kda, &windowed.group.aggregates, &prefix),
    };
    let outputs = windowed.attributes.iter().zip(&windowed.group.outputs);
    let insert = Insert {
        name: query.name.clone(),
        pump_name: pump_name(plan, &query.name),
        columns: windowed.attributes.iter().map(|attribute| typed(&attribute.name, attribute.sql_type)).collect(),
        outputs: outputs.map(|(attribute, expr)| Output::new(text(expr), &attribute.name)).collect(),
        filter: windowed.filter.map(|filter| expression_text(filter, Dialect::Kda, &[], &prefix)),
        groups,
    };
    Ok((insert, length))
}

/// Returns a name for a pump that no stream has.
fn pump_name(plan: &Plan, query: &str) -> String {
    let mut name = format!("{query}_PUMP");
    while plan.queries.iter().any(|other| other.name == name) || name == ERROR_STREAM {
        name.push('_');
    }
    name
}

/// Writes a column's type as KDA has it.
pub(super) fn typed(name: &str, sql_type: SqlType) -> Typed {
    Typed { name: name.to_owned(), sql_type: Dialect::Kda.type_name(sql_type) }
}
