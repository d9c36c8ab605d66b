//! Plan → the SQL of one Flink job.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use crate::plan::{Column, Plan, Query, Source, Stream, Time};
use crate::spec::{EngineKind, StreamsKind};
use crate::sql::{Dialect, Expr, ExprKind, expression_text};

use super::flink_source::SourceTable;
use super::kda_sql::{Output, Typed};

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
    placeholders: Vec<(&'static str, &'static str)>,
    region: String,
    endpoint: Option<String>,
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
    arn: String,
    columns: Vec<Typed>,
    partitioned_by: Vec<String>,
    outputs: Vec<Output>,
    window: String,
    filter: Option<String>,
    groups: Vec<String>,
}

/// Returns the streams that the plan's queries read, each once, in the order of the file.
pub(super) fn inputs(plan: &Plan) -> impl Iterator<Item = &Stream> {
    plan.streams.iter().filter(|stream| plan.queries.iter().any(|query| query.from == stream.name))
}

/// Returns how many readers the job has: one per shard of the widest stream that it reads.
pub(super) fn parallelism(plan: &Plan) -> u32 {
    let shards = inputs(plan).map(|stream| stream.capacity.initial_shards()).max();
    shards.unwrap_or(1).clamp(1, MAX_PARALLELISM)
}

/// Prepares the job, or says why Flink SQL cannot run this plan.
pub(super) fn job(plan: &Plan) -> Result<Job, String> {
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
    let region = region(plan);
    let sources: Vec<SourceTable> =
        inputs(plan).map(|stream| SourceTable::new(stream, arn(&region, &stream.name))).collect();
    let queries = plan.queries.iter().map(|query| insert(plan, query, &sources)).collect();
    let endpoint = endpoint(plan);
    let mut placeholders = vec![
        ("${AWS_PARTITION}", "the partition of the region, in most of them aws"),
        ("${AWS_ACCOUNT_ID}", "the account that owns the streams, 12 digits"),
        (REGION, "the region of the streams"),
        (LOCAL_ENDPOINT, "the address at which `pipe` serves the streams"),
    ];
    placeholders.retain(|(name, _)| match *name {
        REGION => region == REGION,
        LOCAL_ENDPOINT => endpoint.as_deref() == Some(LOCAL_ENDPOINT),
        _ => true,
    });
    Ok(Job {
        title: plan.name.clone(),
        description: plan.description.clone(),
        placeholders,
        region,
        endpoint,
        parallelism: parallelism(plan),
        event_time: !idles.is_empty(),
        idle: idles.last().map(Duration::as_millis),
        idle_differs: idles.len() > 1,
        sources,
        queries,
    })
}

/// What stands in place of the address of streams on this machine, whose port is known only once it is served.
const LOCAL_ENDPOINT: &str = "${AWS_ENDPOINT_URL}";

fn endpoint(plan: &Plan) -> Option<String> {
    let target = &plan.target;
    let local = target.streams == StreamsKind::Local && target.engine != EngineKind::ManagedFlink;
    target.endpoint_url.clone().or_else(|| local.then(|| LOCAL_ENDPOINT.to_owned()))
}

/// What stands in place of the region, where the file says none.
const REGION: &str = "${AWS_REGION}";

fn region(plan: &Plan) -> String {
    plan.target.region.clone().unwrap_or_else(|| REGION.to_owned())
}

fn arn(region: &str, stream: &str) -> String {
    format!("arn:${{AWS_PARTITION}}:kinesis:{region}:${{AWS_ACCOUNT_ID}}:stream/{stream}")
}

fn insert(plan: &Plan, query: &Query, sources: &[SourceTable]) -> Insert {
    let from = plan.stream(&query.from).expect("the plan has every stream that a query reads");
    let output = plan.stream(&query.name).expect("the plan has the stream of every query");
    let source = sources.iter().find(|source| source.stream == from.name).expect("every input has a source");
    let keys: Vec<String> = query.group_by.iter().map(|index| name(&from.columns[*index])).collect();
    let mut groups = keys;
    groups.extend(["window_start".to_owned(), "window_end".to_owned()]);
    let mut texts = groups.clone();
    texts.extend(query.select.iter().map(|(_, expr)| select(expr, query)));
    let outputs = output.columns.iter().zip(texts).map(|(column, text)| Output::new(text, &column.name)).collect();
    let columns = output
        .columns
        .iter()
        .map(|column| Typed { name: column.name.clone(), sql_type: Dialect::Flink.type_name(column.sql_type) });
    // The same keys as from the embedded engine: the declared column, else the group, joined with `|`.
    let partitioned_by = match output.partition_key {
        Some(column) => vec![output.columns[column].name.clone()],
        None => query.group_by.iter().map(|index| from.columns[*index].name.clone()).collect(),
    };
    Insert {
        name: query.name.clone(),
        late: query
            .late
            .clone()
            .filter(|late| plan.stream(late).is_some_and(|stream| stream.source == Source::Late(query.name.clone()))),
        arn: arn(&region(plan), &output.name),
        columns: columns.collect(),
        partitioned_by,
        outputs,
        window: query
            .window
            .flink_table(&Dialect::Flink.quote(&source.stream), &Dialect::Flink.quote(&source.row_time)),
        filter: query.filter.as_ref().map(|filter| expression_text(filter, Dialect::Flink, &[], "")),
        groups,
    }
}

/// Writes an output. Flink types arithmetic in its own way; a cast makes what is computed the type of the column.
fn select(expr: &Expr, query: &Query) -> String {
    let text = expression_text(expr, Dialect::Flink, &query.aggregates, "");
    match (&expr.kind, expr.sql_type) {
        (ExprKind::Aggregate(_) | ExprKind::Column(_) | ExprKind::WindowStart | ExprKind::WindowEnd, _) | (_, None) => {
            text
        }
        (_, Some(sql_type)) => format!("CAST({text} AS {})", Dialect::Flink.type_name(sql_type)),
    }
}

fn name(column: &Column) -> String {
    Dialect::Flink.quote(&column.name)
}
