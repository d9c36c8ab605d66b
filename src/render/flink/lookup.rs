//! Joins with tables.

use serde::Serialize;

use crate::plan::{JoinKind, Lookup, RelationId, Table, TableFormat};
use crate::sql::Dialect;

use super::super::kda_sql::{Output, Typed};
use super::connector::TableOption;
use super::refusal::{self, Refusal};
use super::view::{Rows, Views};

/// What the template says of a table.
#[derive(Debug, Serialize)]
pub(super) struct TableFile {
    /// The table's name.
    pub(super) name: String,
    options: Vec<TableOption>,
    columns: Vec<Typed>,
    key: Vec<String>,
    /// The column of a time before all others.
    since: String,
    /// Whether its first line names the columns.
    header: bool,
}

impl TableFile {
    /// Prepares a table, or says why Flink cannot read it.
    pub(super) fn new(table: &Table, views: &Views<'_>) -> Result<Self, Refusal> {
        let nested = table.paths.iter().zip(&table.columns).any(|(path, column)| *path != [column.name.clone()]);
        if nested && table.format == TableFormat::Json {
            return Err(Refusal::new(
                format!("the table `{}` has columns that lie deep in its objects", table.name),
                "write its file with one member for each column",
            ));
        }
        let column =
            |name: &str, sql_type| Typed { name: name.to_owned(), sql_type: Dialect::Flink.type_name(sql_type) };
        Ok(Self {
            name: table.name.clone(),
            options: views.connectors.table(table),
            columns: table.columns.iter().map(|attribute| column(&attribute.name, attribute.sql_type)).collect(),
            key: table.key.iter().map(|index| table.columns[*index].name.clone()).collect(),
            since: views.row_time.clone(),
            header: table.format == TableFormat::Csv,
        })
    }
}

pub(super) fn rows(views: &Views<'_>, id: RelationId, lookup: &Lookup) -> Result<Rows, Refusal> {
    let plan = views.plan;
    refusal::by_clock(plan.relations[id].clock, "joins with the rows that a table had at a time")?;
    let table = plan.table(&lookup.table).expect("the plan has every table that a query names");
    if table.key.is_empty() || table.key.iter().any(|key| !lookup.on.iter().any(|(_, column)| column == key)) {
        return Err(Refusal::new(
            format!("Flink SQL joins with a table by its key, and `{}` has none that the join is on", table.name),
            format!("add `key` to [tables.{}], of columns that the join is on", table.name),
        ));
    }
    let kind = if lookup.kind == JoinKind::Left { "LEFT JOIN" } else { "JOIN" };
    let quote = |name: &str| Dialect::Flink.quote(name);
    let input = &plan.relations[lookup.input].attributes;
    let (ours, theirs) = plan.relations[id].attributes.split_at(input.len());
    let mut outputs: Vec<Output> =
        ours.iter().map(|attribute| Output::new(format!("`l`.{}", quote(&attribute.name)), &attribute.name)).collect();
    outputs.extend(
        table
            .columns
            .iter()
            .zip(theirs)
            .map(|(own, within)| Output::new(format!("`r`.{}", quote(&own.name)), &within.name)),
    );
    let time = quote(&views.row_time);
    if views.is_read(id) {
        outputs.push(Output::new(format!("`l`.{time}"), &views.row_time));
    }
    if lookup.filter.is_some() {
        return Err(Refusal::new(
            "Flink SQL joins with a table by equal columns only",
            "move the rest of the condition into `where` of a query that reads this one",
        ));
    }
    let conditions: Vec<String> = lookup
        .on
        .iter()
        .map(|(one, other)| format!("`l`.{} = `r`.{}", quote(&input[*one].name), quote(&table.columns[*other].name)))
        .collect();
    let from = format!(
        "{} AS `l`\n{kind} {} FOR SYSTEM_TIME AS OF `l`.{time} AS `r`\nON {}",
        quote(views.name(lookup.input)),
        quote(&table.name),
        conditions.join("\n    AND ")
    );
    Ok(Rows { outputs, from, ..Rows::default() })
}
