//! Plan → the stack of the discontinued service.

use crate::infra::{
    LogGroup, LogicalId, Principal, Resource, Role, SqlApplication, SqlColumn, SqlInput, SqlOutput, Stack,
};
use crate::plan::{Column, Plan, Stream};
use crate::record::RecordFormat;
use crate::sql::Dialect;

use super::flink_stack::{description, name_log_group, start, stream};
use super::kda_sql::{NAME_PREFIX, input};
use super::watch::watch;

/// The most characters of an application's code (KDA API, `CreateApplication`).
const MAX_CODE: usize = 102_400;
/// The most outputs of an application (KDA developer guide, limits).
const MAX_OUTPUTS: usize = 3;
/// The longest name of a stream within an application (KDA API, `InAppStreamName`).
const MAX_NAME: usize = 32;

/// Builds the stack around the SQL of the application, or says why there is none.
pub(super) fn stack(plan: &Plan, code: &str) -> Result<Stack, String> {
    let from = input(plan)?;
    if code.chars().count() > MAX_CODE {
        return Err(format!("its SQL is longer than the {MAX_CODE} characters that KDA takes"));
    }
    if plan.queries.len() > MAX_OUTPUTS {
        return Err(format!(
            "a KDA application writes {MAX_OUTPUTS} streams at most, and these queries write {}",
            plan.queries.len()
        ));
    }
    if let Some(query) = plan.queries.iter().find(|query| query.name.len() > MAX_NAME) {
        return Err(format!("KDA takes names of {MAX_NAME} letters at most, not `{}`", query.name));
    }
    // The pattern of RecordColumnName (KDA API).
    let forbidden = |letter: char| letter.is_whitespace() || matches!(letter, '-' | '<' | '>' | '&');
    if let Some(column) = from.columns.iter().find(|column| column.name.contains(forbidden)) {
        return Err(format!("KDA takes no spaces and none of `-<>&` in the name of a column, as in `{}`", column.name));
    }

    let mut stack = start(plan);
    let mut role = Role::new(LogicalId::fixed("ApplicationRole"), Principal::KinesisSql, &plan.name);
    let group = LogGroup::new(LogicalId::fixed("ApplicationLogGroup"), name_log_group(plan));
    let log = group.log_stream(LogicalId::fixed("ApplicationLog"), "application");
    log.grant_write(&mut role);
    let columns = from.columns.iter().map(|column| record_column(column, from)).collect();
    let input = SqlInput::new(NAME_PREFIX, columns, &stream(from), &mut role);
    let input = match from.format {
        RecordFormat::Json => input,
        RecordFormat::Csv { delimiter } => input.delimited(char::from(delimiter).to_string()),
    };
    let application = SqlApplication {
        id: LogicalId::fixed("Application"),
        name: plan.name.clone(),
        description: description(plan),
        code: code.to_owned(),
        input,
    };
    let mut outputs: Vec<SqlOutput> = Vec::new();
    for (query, stream_name) in plan.outputs() {
        let to = plan.stream(stream_name).expect("the plan has the stream of every query");
        let output = application.output(&query.name, &stream(to), &mut role, outputs.last());
        outputs.push(match to.format {
            RecordFormat::Json => output,
            RecordFormat::Csv { delimiter: RecordFormat::DELIMITER } => output.csv(),
            RecordFormat::Csv { delimiter } => {
                let delimiter = char::from(delimiter).escape_default();
                return Err(format!(
                    "KDA writes CSV with commas only, and stream `{stream_name}` has `{delimiter}` between its values"
                ));
            }
        });
    }
    stack.tell("ApplicationName", "The name of the application", &application.id);
    stack.tell("ApplicationRoleName", "The name of the role of the application", &role.id);
    stack.tell("ApplicationLogGroupName", "The log group of the application", &group.id);
    stack.resources.extend([
        Resource::LogGroup(group),
        Resource::LogStream(log),
        Resource::Role(role),
        Resource::SqlApplication(application),
    ]);
    stack.resources.extend(outputs.into_iter().map(Resource::SqlOutput));
    watch(plan, &[&from.name], &mut stack);
    Ok(stack)
}

fn record_column(column: &Column, stream: &Stream) -> SqlColumn {
    SqlColumn {
        name: column.name.clone(),
        sql_type: Dialect::Kda.type_name(column.sql_type),
        // The values of a row in CSV lie where their columns stand.
        mapping: (stream.format == RecordFormat::Json).then(|| format!("$.{}", column.path.join("."))),
    }
}
