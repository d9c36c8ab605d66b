//! Plan → the SQL of one Flink job.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use crate::plan::{Operator, Plan, Query, Relation, RelationId, Source, Stream, Time};
use crate::spec::EngineKind;
use crate::sql::Dialect;

use super::super::kda_sql::Typed;
use super::connector::{Connectors, TableOption};
use super::lookup::TableFile;
use super::refusal::{self, Refusal};
use super::source::SourceTable;
use super::view::Views;

/// The most readers of one job: the KPUs that an account has for one application (Managed Service for Apache Flink,
/// quotas), and far more than anybody's own cluster has slots.
const MAX_PARALLELISM: u32 = 64;

/// What `templates/flink.sql.tera` needs.
#[derive(Debug, Serialize)]
pub(crate) struct Job {
    title: String,
    description: Option<String>,
    written_for: &'static str,
    placeholders: Vec<(&'static str, &'static str)>,
    parallelism: Option<u32>,
    event_time: bool,
    idle: Option<u128>,
    idle_differs: bool,
    sources: Vec<SourceTable>,
    tables: Vec<TableFile>,
    views: Vec<View>,
    queries: Vec<Insert>,
}

#[derive(Debug, Serialize)]
struct View {
    name: String,
    text: String,
}

#[derive(Debug, Serialize)]
struct Insert {
    /// The stream that it writes.
    stream: String,
    /// The query.
    name: String,
    late: Option<String>,
    options: Vec<TableOption>,
    columns: Vec<Typed>,
    partitioned_by: Vec<String>,
    text: String,
}

/// Returns the streams that the plan's queries read, each once, in the order of the file.
pub(crate) fn inputs(plan: &Plan) -> impl Iterator<Item = &Stream> {
    let read: BTreeSet<&str> = plan.outputs().flat_map(|(query, _)| plan.streams_read(query)).collect();
    plan.streams.iter().filter(move |stream| read.contains(stream.name.as_str()))
}

/// Returns how many readers the job has: one per shard of the widest stream that it reads.
pub(crate) fn parallelism(plan: &Plan) -> u32 {
    let shards = inputs(plan).map(|stream| stream.capacity.initial_shards()).max();
    shards.unwrap_or(1).clamp(1, MAX_PARALLELISM)
}

/// Prepares the job, or says of each query why Flink SQL cannot run it.
pub(crate) fn job(plan: &Plan, connectors: &Connectors) -> Result<Job, Vec<String>> {
    if plan.outputs().next().is_none() {
        return Err(vec!["the pipeline has no query".to_owned()]);
    }
    let mut views = Views::new(plan, connectors);
    let mut sources = Vec::new();
    let mut tables: Vec<TableFile> = Vec::new();
    let mut refused: Vec<String> = Vec::new();
    let mut refuse = |refusal: &Refusal, query: &str| {
        let reason = refusal.of(query);
        if !refused.contains(&reason) {
            refused.push(reason);
        }
    };
    for id in 0..plan.relations.len() {
        if !views.is_wanted(id) {
            continue;
        }
        let relation = &plan.relations[id];
        let owner = owner(plan, id);
        for refusal in refusal::expressions(&relation.operator, connectors.version()) {
            refuse(&refusal, owner);
        }
        match &relation.operator {
            Operator::Read(_) => match source(&views, id, relation) {
                Ok(source) => sources.push(source),
                Err(refusal) => refuse(&refusal, owner),
            },
            Operator::Lookup(lookup) if !tables.iter().any(|table| table.name == lookup.table) => {
                let table = plan.table(&lookup.table).expect("the plan has every table that a query names");
                match TableFile::new(table, &views) {
                    Ok(table) => tables.push(table),
                    Err(refusal) => refuse(&refusal, owner),
                }
            }
            _ => {}
        }
        if views.is_read(id)
            && !views.is_folded(id)
            && !matches!(relation.operator, Operator::Read(_))
            && let Err(refusal) = views.add(id)
        {
            refuse(&refusal, owner);
        }
    }
    let mut queries = Vec::new();
    for (query, stream) in plan.outputs() {
        match insert(&mut views, query, stream) {
            Ok(insert) => queries.push(insert),
            Err(refusal) => refuse(&refusal, &query.name),
        }
    }
    if !refused.is_empty() {
        return Err(refused);
    }
    let idles: BTreeSet<Duration> = inputs(plan)
        .filter_map(|stream| match &stream.time {
            Time::Event { idle, .. } => Some(*idle),
            Time::Arrival => None,
        })
        .collect();
    Ok(Job {
        title: plan.name.clone(),
        description: plan.description.clone(),
        written_for: connectors.describe(),
        placeholders: connectors.placeholders(plan),
        // The service refuses a job that says so itself: its application does (Managed Service for Apache Flink, "programmatic
        // Flink configuration properties").
        parallelism: (plan.target.engine != EngineKind::ManagedFlink).then(|| parallelism(plan)),
        event_time: !idles.is_empty(),
        idle: idles.last().map(Duration::as_millis),
        idle_differs: idles.len() > 1,
        sources,
        tables,
        views: views.views.iter().map(|(name, rows)| View { name: name.clone(), text: rows.text(0) }).collect(),
        queries,
    })
}

/// Returns the query that a relation is a part of: the first that is made of it.
fn owner(plan: &Plan, id: RelationId) -> &str {
    let made = plan.queries.iter().filter(|query| query.relation >= id).min_by_key(|query| query.relation);
    made.map_or("", |query| &query.name)
}

fn source(views: &Views<'_>, id: RelationId, relation: &Relation) -> Result<SourceTable, Refusal> {
    let Operator::Read(read) = &relation.operator else {
        return Err(Refusal::new("this is no stream", "read one"));
    };
    if !read.system.is_empty() {
        return Err(Refusal::new(
            "this connector does not hand on when a record arrived, and where it lies (FLINK-36671)",
            "write it into a column of the record",
        ));
    }
    let stream = views.plan.stream(&read.stream).expect("the plan has every stream that a query reads");
    let names = (views.name(id), views.row_time.as_str());
    Ok(SourceTable::new(stream, relation.clock, names, views.connectors.source(stream)))
}

fn insert(views: &mut Views<'_>, query: &Query, stream: &str) -> Result<Insert, Refusal> {
    let plan = views.plan;
    let output = plan.stream(stream).expect("the plan has the stream of every query");
    let rows = if views.is_read(query.relation) {
        let mut rows = views.all_of(query.relation, query.relation);
        // The time of the rows is for views only.
        rows.outputs.truncate(output.columns.len());
        rows
    } else {
        views.rows(query.relation)?
    };
    let columns = output
        .columns
        .iter()
        .map(|column| Typed { name: column.name.clone(), sql_type: Dialect::Flink.type_name(column.sql_type) });
    Ok(Insert {
        stream: stream.to_owned(),
        name: query.name.clone(),
        late: query
            .late
            .clone()
            .filter(|late| plan.stream(late).is_some_and(|stream| stream.source == Source::Late(query.name.clone()))),
        options: views.connectors.sink(output),
        columns: columns.collect(),
        // The same keys as from the embedded engine.
        partitioned_by: if views.connectors.has_partition_keys() {
            query.partition_by.iter().map(|index| output.columns[*index].name.clone()).collect()
        } else {
            Vec::new()
        },
        text: rows.text(0),
    })
}
