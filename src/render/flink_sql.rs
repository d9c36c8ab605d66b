//! Plan → the SQL of one Flink job.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use crate::plan::{Group, Plan, Query, Source, Stream, Time};
use crate::sql::{Dialect, Expr, ExprKind, expression_text};
use crate::window::Flink;

use super::flink_connector::{Connectors, TableOption};
use super::flink_source::SourceTable;
use super::kda_sql::{Output, Typed};
use super::windowed::Windowed;

/// The most readers of one job: the KPUs that an account has for one application (Managed Service for Apache Flink,
/// quotas), and far more than anybody's own cluster has slots.
const MAX_PARALLELISM: u32 = 64;
/// The columns that Flink's window functions add to a table.
const WINDOW_COLUMNS: [&str; 3] = ["window_start", "window_end", "window_time"];

/// What `templates/flink.sql.tera` needs.
#[derive(Debug, Serialize)]
pub(super) struct Job {
    title: String,
    description: Option<String>,
    written_for: &'static str,
    placeholders: Vec<(&'static str, &'static str)>,
    parallelism: u32,
    event_time: bool,
    idle: Option<u128>,
    idle_differs: bool,
    sources: Vec<SourceTable>,
    queries: Vec<Insert>,
}

#[derive(Debug, Serialize)]
struct Insert {
    name: String,
    late: Option<String>,
    options: Vec<TableOption>,
    columns: Vec<Typed>,
    partitioned_by: Vec<String>,
    outputs: Vec<Output>,
    window: String,
    filter: Option<String>,
    groups: Vec<String>,
}

/// Returns the streams that the plan's queries read, each once, in the order of the file.
pub(super) fn inputs(plan: &Plan) -> impl Iterator<Item = &Stream> {
    let read: BTreeSet<&str> = plan.queries.iter().flat_map(|query| plan.streams_read(query)).collect();
    plan.streams.iter().filter(move |stream| read.contains(stream.name.as_str()))
}

/// Returns how many readers the job has: one per shard of the widest stream that it reads.
pub(super) fn parallelism(plan: &Plan) -> u32 {
    let shards = inputs(plan).map(|stream| stream.capacity.initial_shards()).max();
    shards.unwrap_or(1).clamp(1, MAX_PARALLELISM)
}

/// Prepares the job, or says why Flink SQL cannot run this plan.
pub(super) fn job(plan: &Plan, connectors: &Connectors) -> Result<Job, String> {
    if plan.queries.is_empty() {
        return Err("the pipeline has no query".to_owned());
    }
    for stream in inputs(plan) {
        if let Some(column) = stream.columns.iter().find(|column| WINDOW_COLUMNS.contains(&column.name.as_str())) {
            return Err(format!(
                "Flink's windows add a column `{}`, and the stream `{}` has one already",
                column.name, stream.name
            ));
        }
    }
    let idles: BTreeSet<Duration> = inputs(plan)
        .filter_map(|stream| match &stream.time {
            Time::Event { idle, .. } => Some(*idle),
            Time::Arrival => None,
        })
        .collect();
    let sources: Vec<SourceTable> =
        inputs(plan).map(|stream| SourceTable::new(stream, connectors.source(stream))).collect();
    let queries = plan
        .outputs()
        .map(|(query, stream)| insert(plan, query, stream, &sources, connectors))
        .collect::<Result<_, _>>()?;
    Ok(Job {
        title: plan.name.clone(),
        description: plan.description.clone(),
        written_for: connectors.describe(),
        placeholders: connectors.placeholders(),
        parallelism: parallelism(plan),
        event_time: !idles.is_empty(),
        idle: idles.last().map(Duration::as_millis),
        idle_differs: idles.len() > 1,
        sources,
        queries,
    })
}

fn insert(
    plan: &Plan,
    query: &Query,
    stream: &str,
    sources: &[SourceTable],
    connectors: &Connectors,
) -> Result<Insert, String> {
    let windowed = Windowed::of(plan, query)
        .ok_or_else(|| format!("query `{}` is of a form that has no Flink SQL here yet", query.name))?;
    let output = plan.stream(stream).expect("the plan has the stream of every query");
    let source = sources.iter().find(|source| source.stream == windowed.stream.name).expect("every input has a source");
    let mut groups: Vec<String> = windowed.keys().map(|column| Dialect::Flink.quote(&column.name)).collect();
    let table = (Dialect::Flink.quote(&source.stream), Dialect::Flink.quote(&source.row_time));
    let window = match windowed.group.window.flink(&table.0, &table.1, &groups) {
        Ok(Flink::Table(window)) => window,
        Ok(Flink::Over(_)) => return Err(format!("query `{}` has a frame for every row", query.name)),
        Err(refusal) => return Err(format!("{}: use {}", refusal.lacks, refusal.instead)),
    };
    groups.extend(["window_start".to_owned(), "window_end".to_owned()]);
    let texts = windowed.group.outputs.iter().map(|expr| select(expr, windowed.group));
    let outputs = output.columns.iter().zip(texts).map(|(column, text)| Output::new(text, &column.name)).collect();
    let columns = output
        .columns
        .iter()
        .map(|column| Typed { name: column.name.clone(), sql_type: Dialect::Flink.type_name(column.sql_type) });
    Ok(Insert {
        name: query.name.clone(),
        late: query
            .late
            .clone()
            .filter(|late| plan.stream(late).is_some_and(|stream| stream.source == Source::Late(query.name.clone()))),
        options: connectors.sink(output),
        columns: columns.collect(),
        // The same keys as from the embedded engine.
        partitioned_by: query
            .partition_by
            .iter()
            .filter(|_| connectors.has_partition_keys())
            .map(|index| output.columns[*index].name.clone())
            .collect(),
        outputs,
        window,
        filter: windowed.filter.map(|filter| expression_text(filter, Dialect::Flink, &[], "")),
        groups,
    })
}

/// Writes an output. Flink types arithmetic in its own way; a cast makes what is computed the type of the column.
fn select(expr: &Expr, group: &Group) -> String {
    let text = expression_text(expr, Dialect::Flink, &group.aggregates, "");
    match (&expr.kind, expr.sql_type) {
        (ExprKind::Aggregate(_) | ExprKind::Column(_) | ExprKind::WindowStart | ExprKind::WindowEnd, _) | (_, None) => {
            text
        }
        (_, Some(sql_type)) => format!("CAST({text} AS {})", Dialect::Flink.type_name(sql_type)),
    }
}
