//! Plan → the SQL of one KDA application.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::plan::{Column, ERROR_STREAM, Plan, Query, Source, Stream, Time};
use crate::sql::{Dialect, SqlType, expression_text};

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
        let named = [Dialect::Flink.quote(name), format!("`r`.{}", Dialect::Flink.quote(name)), name.to_owned()];
        let name = (!named.contains(&text)).then(|| name.to_owned());
        Self { text, name }
    }
}

/// Returns the one stream that an application reads, or why there is no such application.
pub(super) fn input(plan: &Plan) -> Result<&Stream, String> {
    let names: BTreeSet<&str> = plan.queries.iter().map(|query| query.from.as_str()).collect();
    match (plan.queries.first(), names.len()) {
        (None, _) => Err("the pipeline has no query".to_owned()),
        (Some(query), 1) => Ok(plan.stream(&query.from).expect("the plan has every stream that a query reads")),
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
    let lengths: BTreeSet<String> = plan.queries.iter().map(|query| query.window.kda_length()).collect();
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
        queries: plan.queries.iter().map(|query| pump(plan, query, stream)).collect(),
    })
}

fn pump(plan: &Plan, query: &Query, stream: &Stream) -> Insert {
    let output = plan.stream(&query.name).expect("the plan has the stream of every query");
    let prefix = format!("{}.", Dialect::Kda.quote(SOURCE_STREAM));
    let column = |column: &Column| format!("{prefix}{}", Dialect::Kda.quote(&column.name));
    let row_time = query.window.kda_grouping(&format!("{prefix}ROWTIME"));
    let keys: Vec<&Column> = query.group_by.iter().map(|index| &stream.columns[*index]).collect();
    let mut groups: Vec<String> = keys.iter().map(|key| column(key)).collect();
    groups.push(row_time.clone());
    let start = match &stream.time {
        Time::Arrival => row_time,
        Time::Event { column: event, .. } => {
            let logical = query.window.kda_grouping(&column(&stream.columns[*event]));
            groups.push(logical.clone());
            logical
        }
    };
    let end = format!("{start} + {}", query.window.kda_length());
    let mut texts: Vec<String> = keys.iter().map(|key| column(key)).collect();
    texts.extend([start, end]);
    texts.extend(query.select.iter().map(|(_, expr)| expression_text(expr, Dialect::Kda, &query.aggregates, &prefix)));
    let outputs = output.columns.iter().zip(texts).map(|(column, text)| Output::new(text, &column.name)).collect();
    Insert {
        name: query.name.clone(),
        pump_name: pump_name(plan, &query.name),
        columns: output.columns.iter().map(|column| typed(&column.name, column.sql_type)).collect(),
        outputs,
        filter: query.filter.as_ref().map(|filter| expression_text(filter, Dialect::Kda, &[], &prefix)),
        groups,
    }
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
