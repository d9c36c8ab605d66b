//! An application's SQL, read: what it says of the draft, and in which form its queries are written.

use crate::document::{Diagnostic, Document};
use crate::plan::Plan;
use crate::record::RecordFormat;
use crate::sql::SqlError;
use crate::sql::kda::{self, Program, Statement};

use super::carry::Carried;
use super::declare::{declare, stream};
use super::draft::{Declared, Draft, QueryDraft, QueryForm, StreamDraft};
use super::facts;
use super::names;
use super::report::{Report, Verdict};
use super::write::write;
use crate::streams::Capacity;

/// An application whose SQL is kept in a file.
#[derive(Debug)]
pub(super) struct Kept {
    /// The name of the file.
    pub(super) file: String,
    carried: Carried,
    program: Program,
}

impl Kept {
    /// Returns the text of the file.
    pub(super) fn text(&self) -> String {
        let text = self.carried.sql.text();
        if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
    }
}

/// Reads the SQL of an application and settles what depends on it; returns it where it is kept.
pub(super) fn settle(mut carried: Carried, draft: &mut Draft, keep_sql: bool, report: &mut Report<'_>) -> Option<Kept> {
    let reading = kda::read(carried.sql.text());
    for warning in &reading.warnings {
        sql_entry(Verdict::Lint, &carried, warning, report);
    }
    for mistake in &reading.mistakes {
        sql_entry(Verdict::Unsupported, &carried, mistake, report);
    }
    let program = &reading.program;
    if reading.is_whole() {
        outputs(program, &mut carried, draft, report);
    }
    parallelism(program, &carried, report);
    keys(program, &carried, draft);
    facts::lint(program, &carried, draft, report);
    let declared = if keep_sql {
        Err("its SQL was asked for".to_owned())
    } else if !reading.is_whole() {
        Err("its SQL has what cannot be read".to_owned())
    } else {
        declare(program, &carried, draft).and_then(|queries| accepted(queries, draft))
    };
    match declared {
        Ok(queries) => {
            declared_form(&carried, queries, draft, report);
            None
        }
        Err(reason) => text_form(carried, reading.program, &reason, draft, report),
    }
}

fn sql_entry(verdict: Verdict, carried: &Carried, error: &SqlError, report: &mut Report<'_>) {
    let text = carried.sql.text();
    let before = error.span.as_ref().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let detail = format!("line {line} of its SQL: {}", error.message);
    let entry = report.add(verdict, &carried.construct, detail, Some(&carried.place));
    if let Some(help) = &error.help {
        entry.help(help.clone());
    }
}

/// Compares the outputs of the template with the streams of the SQL; without any, the streams that nothing reads are
/// the outputs.
fn outputs(program: &Program, carried: &mut Carried, draft: &mut Draft, report: &mut Report<'_>) {
    let mut kept = Vec::new();
    for (in_app, name) in std::mem::take(&mut carried.outputs) {
        if stream(program, &in_app).is_some() {
            kept.push((in_app, name));
            continue;
        }
        let created = program.statements.iter().filter_map(|statement| match statement {
            Statement::Stream(stream) => Some(&stream.name.text),
            Statement::Pump(_) => None,
        });
        let same = created.into_iter().find(|known| known.eq_ignore_ascii_case(&in_app));
        let detail = format!("its output `{in_app}` is no stream of its SQL, and took no rows");
        let entry = report.add(Verdict::Lint, &carried.construct, detail, Some(&carried.place));
        if let Some(same) = same {
            entry.help(format!("the rows of `{same}` go there: the name of an output is compared letter by letter"));
            kept.push((same.clone(), name));
        } else {
            entry.help("the output is left out");
            draft.streams.retain(|stream| stream.name != name || stream.columns.is_some());
        }
    }
    if kept.is_empty() {
        for statement in &program.statements {
            let Statement::Stream(created) = statement else { continue };
            let in_app = &created.name.text;
            let is_read = facts::pumps(program).any(|pump| facts::reads(&pump.insert.query).contains(&in_app.as_str()));
            let is_written = facts::pumps(program).any(|pump| pump.insert.into.text == *in_app);
            if is_read || !is_written {
                continue;
            }
            let name = names::stream(in_app);
            let name = names::free(&name, |name| draft.streams.iter().any(|stream| stream.name == name));
            report.add(
                Verdict::Different,
                format!("stream `{name}`"),
                format!("takes the rows of `{in_app}`, which the template connects to nothing"),
                Some(&carried.place),
            );
            draft.streams.push(StreamDraft {
                name: name.clone(),
                comment: "not in the template".to_owned(),
                capacity: Capacity::Provisioned(1),
                format: RecordFormat::Json,
                partition_key: None,
                columns: None,
            });
            kept.push((in_app.clone(), name));
        }
    }
    carried.outputs = kept;
    if let Some((_, QueryDraft { form: QueryForm::Text { outputs, .. }, .. })) = draft.query(&carried.query) {
        outputs.clone_from(&carried.outputs);
    }
}

/// The most in-application streams that one input becomes (`InputParallelism` of the KDA API).
const MAX_PARALLELISM: u32 = 64;

/// Tells what becomes of the in-application streams beside the first, which `InputParallelism` makes.
fn parallelism(program: &Program, carried: &Carried, report: &mut Report<'_>) {
    for (prefix, count) in &carried.parallel {
        let read: Vec<&str> = facts::pumps(program).flat_map(|pump| facts::reads(&pump.insert.query)).collect();
        let others: Vec<String> = (2..=count.value.min(MAX_PARALLELISM))
            .map(|number| format!("{prefix}_{number:03}"))
            .filter(|name| read.contains(&name.as_str()))
            .collect();
        if others.is_empty() {
            report
                .add(
                    Verdict::Lint,
                    &carried.construct,
                    format!(
                        "InputParallelism is {}, and only `{prefix}_001` is read: the records of the other in-application streams were lost",
                        count.value
                    ),
                    Some(&count.span),
                )
                .help("nothing is lost here: there is one in-application stream with all records");
        } else {
            let others: Vec<String> = others.iter().map(|name| format!("`{name}`")).collect();
            report
                .add(
                    Verdict::Unsupported,
                    &carried.construct,
                    format!("its SQL reads {}; here `{prefix}_001` has all records", others.join(", ")),
                    Some(&count.span),
                )
                .help("take the parts that read them out of the SQL");
        }
    }
}

/// Chooses partition keys and the columns by which tables are looked up, as the SQL groups and joins.
fn keys(program: &Program, carried: &Carried, draft: &mut Draft) {
    for (in_app, name) in &carried.inputs {
        let column = facts::group_column(program, in_app);
        if let (Some(column), Some(stream)) = (column, draft.stream(name))
            && stream.columns.as_ref().is_some_and(|columns| columns.iter().any(|known| known.name == column))
            && stream.partition_key.is_none()
        {
            stream.partition_key =
                Some((column, "the SQL groups by it; which one producers use is not in the template"));
        }
    }
    for table in &mut draft.tables {
        let columns = facts::lookup_columns(program, &table.name);
        if !columns.is_empty() && columns.iter().all(|column| table.columns.iter().any(|known| known.name == *column)) {
            table.key = columns;
        }
    }
}

/// Keeps declared queries that this version takes.
fn accepted(queries: Vec<(String, Declared)>, draft: &Draft) -> Result<Vec<(String, Declared)>, String> {
    let mut alone = Draft { name: draft.name.clone(), ..Draft::default() };
    for stream in &draft.streams {
        let is_used = queries.iter().any(|(name, query)| *name == stream.name || query.from == stream.name);
        if is_used {
            alone.streams.push(StreamDraft {
                name: stream.name.clone(),
                comment: String::new(),
                capacity: stream.capacity,
                format: stream.format,
                partition_key: None,
                columns: stream.columns.clone(),
            });
        }
    }
    for (name, query) in &queries {
        let form = QueryForm::Declared(query.clone());
        alone.queries.push(QueryDraft { name: name.clone(), comment: String::new(), form });
    }
    match Plan::check(&Document::new("draft", write(&alone, "it"))) {
        Ok(_) => Ok(queries),
        Err(found) => Err(found.first().map_or_else(|| "it is refused".to_owned(), |first| first.message().to_owned())),
    }
}

fn declared_form(carried: &Carried, queries: Vec<(String, Declared)>, draft: &mut Draft, report: &mut Report<'_>) {
    let Some((at, _)) = draft.query(&carried.query) else { return };
    draft.queries.remove(at);
    for (index, (name, query)) in queries.into_iter().enumerate() {
        let construct = format!("query `{name}`");
        let what = query
            .window
            .as_ref()
            .map_or_else(|| "row by row".to_owned(), |window| format!("a {} window of {}", window.kind, window.length));
        let detail = format!("{what} over `{}`, in the declared form", query.from);
        report.add(Verdict::Same, &construct, detail, Some(&carried.place));
        let besides = match query.window.as_ref().map(|window| window.kind) {
            None => None,
            Some("sliding") => Some("`row_time`"),
            Some(_) => Some("`window_start` and `window_end`"),
        };
        if let Some(besides) = besides {
            let detail = format!("each of its rows has {besides} besides");
            report
                .add(Verdict::Different, &construct, detail, Some(&carried.place))
                .help("consumers that look for names see no difference; --keep-sql keeps the SQL as it was");
        }
        let comment = format!("the SQL of the application `{}`, declared", carried.id.value);
        draft.queries.insert(at + index, QueryDraft { name, comment, form: QueryForm::Declared(query) });
    }
}

fn text_form(
    carried: Carried,
    program: Program,
    reason: &str,
    draft: &mut Draft,
    report: &mut Report<'_>,
) -> Option<Kept> {
    let (_, QueryDraft { form: QueryForm::Text { file, .. }, .. }) = draft.query(&carried.query)? else { return None };
    report.add(
        Verdict::Same,
        format!("SQL of {}", carried.construct),
        format!("kept as it was in {file}: {reason}"),
        Some(&carried.place),
    );
    Some(Kept { file: file.clone(), carried, program })
}

/// Tells of each pump of an application whose SQL was kept whether it can be run, as the check of the whole says.
pub(super) fn judge(kept: &Kept, found: &[Diagnostic], report: &mut Report<'_>) {
    let Kept { file, carried, program } = kept;
    for pump in facts::pumps(program) {
        let construct = format!("pump `{}`", pump.name.text);
        let within = |mistake: &&Diagnostic| {
            mistake.file() == Some(file.as_str()) && pump.insert.query.span.contains(&mistake.span().start)
        };
        let mistakes: Vec<&str> = found.iter().filter(within).map(Diagnostic::message).collect();
        let what = format!("{} into `{}`", facts::describe(pump), pump.insert.into.text);
        if mistakes.is_empty() {
            report.add(Verdict::Same, construct, what, Some(&carried.place));
        } else {
            report
                .add(Verdict::Unsupported, construct, format!("{what}: {}", mistakes.join("; ")), Some(&carried.place))
                .help(format!("change it by hand in {file}; the places are shown below"));
        }
    }
}
