//! Queries → relations.
//!
//! Each query is built on what it reads: the records of streams, and the rows of other queries, which are built first.

mod frame;
mod group;
mod input;
mod join;
pub(super) mod kda;
mod rows;

use crate::document::{Diagnostic, Span, Spanned, nearest};
use crate::spec::{EVENT_TIME, QuerySpec};
use crate::sql::{Expr, ExprKind, Scope, SqlType, Visible, read_filter};
use crate::window::Shape;

use super::resolve::{Context, find};
use super::{Attribute, Clock, Column, Operator, Query, Relation, RelationId, Select, Source, Stream, Table, Time};

/// The columns that every windowed row carries between its group and what it selects.
pub(super) const WINDOW_COLUMNS: [&str; 2] = ["window_start", "window_end"];
/// The column that every row of a sliding window carries between its group and what it selects.
pub(super) const ROW_TIME_COLUMN: &str = "row_time";

/// What the queries of a file are built into.
pub(super) struct Building<'a> {
    context: &'a Context<'a>,
    streams: &'a [Stream],
    tables: &'a [Table],
    relations: Vec<Relation>,
    /// How far each query of the file is.
    progress: Vec<Progress>,
    /// How far each application of the file is.
    applications: Vec<ApplicationProgress>,
}

enum ApplicationProgress {
    Open,
    /// It reads what is being built, which is a mistake if that is its own.
    Begun,
    Failed,
    Built(Vec<Query>),
}

enum Progress {
    Open,
    /// It reads what is being built, which is a mistake if that is itself.
    Begun,
    /// It could not be built, and why is said.
    Failed,
    Built(Query),
}

/// What a query has come to on the way: its rows so far, and what messages call a part of it.
struct Draft<'s> {
    spec: &'s QuerySpec,
    input: RelationId,
    /// The columns by the names of what they come from.
    qualified: Vec<Visible>,
}

impl Draft<'_> {
    /// Finds the column that a name with that of its input before it stands for.
    fn qualified_key(&self, name: &str, attributes: &[Attribute]) -> Option<usize> {
        let found = self.qualified.iter().find(|visible| visible.path.join(".") == name)?;
        attributes
            .iter()
            .position(|attribute| matches!(&found.expr.kind, ExprKind::Column(own) if *own == attribute.name))
    }

    /// Returns what expressions may name.
    fn scope<'a>(&'a self, columns: &'a [(String, SqlType)]) -> Scope<'a> {
        Scope { columns, qualified: &self.qualified }
    }
}

impl<'a> Building<'a> {
    /// Builds every query of the file. What cannot be built is a finding.
    pub(super) fn build(context: &'a Context<'a>, streams: &'a [Stream], tables: &'a [Table]) -> Self {
        let progress = context.spec.queries.iter().map(|_| Progress::Open).collect();
        let applications = context.spec.applications.iter().map(|_| ApplicationProgress::Open).collect();
        let mut building = Self { context, streams, tables, relations: Vec::new(), progress, applications };
        for index in 0..context.spec.queries.len() {
            building.query(index);
        }
        for index in 0..context.spec.applications.len() {
            building.build_application(index);
        }
        building
    }

    /// Returns the relations, and the queries in the order of the file.
    pub(super) fn finish(self) -> (Vec<Relation>, Vec<Query>) {
        let built = |progress| match progress {
            Progress::Built(query) => Some(query),
            _ => None,
        };
        let applications = self.applications.into_iter().flat_map(|progress| match progress {
            ApplicationProgress::Built(queries) => queries,
            _ => Vec::new(),
        });
        (self.relations, self.progress.into_iter().filter_map(built).chain(applications).collect())
    }

    fn build_application(&mut self, index: usize) {
        if !matches!(self.applications[index], ApplicationProgress::Open) {
            return;
        }
        self.applications[index] = ApplicationProgress::Begun;
        let built = self.application(&self.context.spec.applications[index]);
        self.applications[index] = built.map_or(ApplicationProgress::Failed, ApplicationProgress::Built);
    }

    /// Returns the rows that a query or an application writes into a stream.
    fn written(&mut self, name: &str, stream: &Spanned<String>) -> Option<RelationId> {
        let Some(index) = self.context.spec.queries.iter().position(|query| query.name.value == name) else {
            return self.written_by_application(name, stream);
        };
        self.query(index);
        match &self.progress[index] {
            Progress::Built(query) => Some(query.relation),
            _ => None,
        }
    }

    /// Returns the rows that an application writes into a stream.
    fn written_by_application(&mut self, name: &str, stream: &Spanned<String>) -> Option<RelationId> {
        let index = self.context.spec.applications.iter().position(|application| application.name.value == name)?;
        self.build_application(index);
        match &self.applications[index] {
            ApplicationProgress::Built(queries) => {
                let query = queries.iter().find(|query| query.stream.as_ref() == Some(&stream.value));
                query.map(|query| query.relation)
            }
            ApplicationProgress::Begun => {
                self.context.add(
                    Diagnostic::new(format!("application `{name}` reads what it writes itself"), stream.span.clone())
                        .label(format!("`{}` is made of its rows", stream.value))
                        .help("rows go one way: let one of the queries read a stream"),
                );
                None
            }
            ApplicationProgress::Open | ApplicationProgress::Failed => None,
        }
    }

    fn query(&mut self, index: usize) {
        if !matches!(self.progress[index], Progress::Open) {
            return;
        }
        self.progress[index] = Progress::Begun;
        let built = self.built(&self.context.spec.queries[index]);
        self.progress[index] = built.map_or(Progress::Failed, Progress::Built);
    }

    fn built(&mut self, spec: &QuerySpec) -> Option<Query> {
        let name = &spec.name;
        let stream = find(self.streams, &name.value).map(|stream| stream.name.clone());
        let is_read = || {
            let mut others = self.context.spec.queries.iter().filter(|other| other.name.value != name.value);
            others.any(|other| other.reads(&name.value))
        };
        if stream.is_none() && !is_read() && !self.context.findings.is_unread(&name.value) {
            self.context.add(
                Diagnostic::new(format!("query `{}` has no stream to write", name.value), name.span.clone())
                    .label("a query writes the stream of its own name, and no other query reads this one")
                    .help(format!("add [streams.{}] with `shards = 1`", name.value)),
            );
        }
        let input = self.input(spec);
        self.context.late(spec, self.streams);
        let (input, qualified) = input?;
        let mut draft = Draft { spec, input, qualified };
        draft.input = self.filtered(&draft);
        let shape = spec.window.as_ref().map(|window| window.value.shape());
        let relation = match shape {
            None => self.rows(&draft),
            Some(Shape::Frame(frame)) => self.frame(&draft, frame),
            Some(_) => self.group(&draft),
        }?;
        let from: Vec<&str> = spec.from.iter().map(|from| from.value.as_str()).collect();
        let window = spec.window.as_ref().map_or("row by row".to_owned(), |window| window.value.describe());
        // The group columns stand first in every row of a query that has them. Without any, records keep the keys that they
        // came with, and what is made of several spreads by all that it holds.
        let spread = spec.window.is_none() && !self.is_of_records(relation);
        let keys = if spread { self.relations[relation].attributes.len() } else { spec.group_by.len() };
        let partition_by = (0..keys).collect();
        Some(Query {
            name: name.value.clone(),
            relation,
            stream,
            partition_by,
            late: spec.late.as_ref().map(|late| late.value.clone()),
            summary: format!("{window} {}, from {}", self.by(relation), from.join(" and ")),
        })
    }

    /// Returns whether each row of a relation is made of one record of a stream.
    pub(super) fn is_of_records(&self, relation: RelationId) -> bool {
        match &self.relations[relation].operator {
            // A row waits for others, and is not tied to its record any more.
            Operator::Group(_) | Operator::Join(_) | Operator::Rank(_) => false,
            // So does one by event time.
            Operator::Over(_) if self.relations[relation].clock == Clock::Event => false,
            other => other.inputs().into_iter().all(|input| self.is_of_records(input)),
        }
    }

    /// Returns in words by which time a relation goes.
    fn by(&self, relation: RelationId) -> String {
        if self.relations[relation].clock == Clock::Arrival {
            return "by arrival".to_owned();
        }
        let mut id = relation;
        while let Some(input) = self.relations[id].operator.inputs().first() {
            id = *input;
        }
        let Operator::Read(read) = &self.relations[id].operator else { return String::new() };
        match find(self.streams, &read.stream).map(|stream| (&stream.time, stream)) {
            Some((Time::Event { column, .. }, stream)) => format!("by {}", stream.columns[*column].name),
            _ => String::new(),
        }
    }

    /// Adds the relation that a query's `where` leaves of its input.
    fn filtered(&mut self, draft: &Draft<'_>) -> RelationId {
        let Some(text) = &draft.spec.filter else { return draft.input };
        let columns = self.columns(draft.input);
        let filter = match read_filter(&text.value, draft.scope(&columns)) {
            Ok(filter) => filter,
            Err(error) => {
                // What stands behind it may have mistakes of its own.
                self.context.sql(error, text);
                return draft.input;
            }
        };
        let attributes = self.relations[draft.input].attributes.clone();
        let outputs = attributes.iter().map(|attribute| Expr::column(&attribute.name, attribute.sql_type)).collect();
        let operator = Operator::Select(Select { input: draft.input, filter: Some(filter), outputs });
        let clock = self.relations[draft.input].clock;
        self.add(format!("{}:where", draft.spec.name.value), attributes, clock, operator)
    }

    fn add(&mut self, name: String, attributes: Vec<Attribute>, clock: Clock, operator: Operator) -> RelationId {
        self.relations.push(Relation { name, attributes, clock, operator });
        self.relations.len() - 1
    }

    /// Returns the columns that expressions over a relation may name.
    fn columns(&self, relation: RelationId) -> Vec<(String, SqlType)> {
        let attributes = &self.relations[relation].attributes;
        attributes.iter().map(|attribute| (attribute.name.clone(), attribute.sql_type)).collect()
    }

    /// Finds the group columns, and takes their names. Where one is unknown, any column may have been meant: the second
    /// part is what expressions may name outside of aggregates.
    fn keys<'s>(&self, draft: &Draft<'s>, taken: &mut Taken<'s>) -> (Vec<usize>, Vec<String>) {
        let attributes = &self.relations[draft.input].attributes;
        let mut keys = Vec::new();
        let mut unknown = false;
        for name in &draft.spec.group_by {
            let names = attributes.iter().map(|attribute| attribute.name.as_str());
            if let Some(key) = draft.qualified_key(&name.value, attributes) {
                taken.claim_as(self.context, &attributes[key].name, &name.span);
                keys.push(key);
            } else if self.context.known("column", name, names) {
                taken.claim(self.context, name);
                keys.extend(attributes.iter().position(|attribute| attribute.name == name.value));
            } else {
                unknown = true;
            }
        }
        let grouped = if unknown {
            attributes.iter().map(|attribute| attribute.name.clone()).collect()
        } else {
            keys.iter().map(|index| attributes[*index].name.clone()).collect()
        };
        (keys, grouped)
    }
}

/// The names that a row has already.
struct Taken<'s> {
    names: Vec<(String, Option<&'s Span>)>,
}

impl<'s> Taken<'s> {
    fn by(names: &[&'static str]) -> Self {
        Self { names: names.iter().map(|name| ((*name).to_owned(), None)).collect() }
    }

    /// Takes a name for an output column.
    fn claim(&mut self, context: &Context<'_>, name: &'s Spanned<String>) {
        self.claim_as(context, &name.value, &name.span);
    }

    fn claim_as(&mut self, context: &Context<'_>, name: &str, span: &'s Span) {
        if let Some((_, first)) = self.names.iter().find(|(known, _)| *known == name) {
            let diagnostic = Diagnostic::new(format!("a row would have two columns `{name}`"), span.clone());
            let own: Vec<String> =
                self.names.iter().filter(|(_, span)| span.is_none()).map(|(name, _)| format!("`{name}`")).collect();
            context.add(match first {
                None => diagnostic
                    .label("taken")
                    .help(format!("every row has {} already; choose another name", own.join(" and "))),
                Some(first) => diagnostic
                    .label("the second")
                    .other((*first).clone(), "the first")
                    .help("group columns are outputs already; leave one of the two out, or choose another name"),
            });
        }
        self.names.push((name.to_owned(), Some(span)));
    }
}

impl Context<'_> {
    fn late(&self, spec: &QuerySpec, streams: &[Stream]) {
        let Some(late) = &spec.late else { return };
        if find(streams, &late.value).is_none() && !self.findings.is_unread(&late.value) {
            let names = streams.iter().map(|stream| stream.name.as_str());
            let help = nearest(&late.value, names)
                .map_or_else(|| format!("add [streams.{}]", late.value), |near| format!("did you mean `{near}`?"));
            self.add(
                Diagnostic::new(format!("there is no stream `{}`", late.value), late.span.clone())
                    .label("unknown stream")
                    .help(help),
            );
            return;
        }
        let from: Vec<&str> = spec.from.iter().map(|from| from.value.as_str()).collect();
        let producers = |name: &&str| find(streams, name).filter(|stream| stream.source == Source::Producers);
        let by_arrival = from.iter().filter_map(producers).find(|stream| stream.time == Time::Arrival);
        let (conflict, help) = if from.contains(&late.value.as_str()) {
            ("this is the stream that the query reads", "declare another stream for them".to_owned())
        } else if find(streams, &late.value).is_some_and(|stream| matches!(stream.source, Source::Query(_))) {
            ("a query writes this stream", "declare another stream for them".to_owned())
        } else if let Some(stream) = by_arrival
            && !self.findings.is_unread(EVENT_TIME)
        {
            let help = format!("give stream `{}` an `event_time`, or leave `late` out", stream.name);
            ("a row by arrival time is never late", help)
        } else if from.len() > 1 || !spec.joins.is_empty() || from.iter().any(|name| producers(name).is_none()) {
            let help = "only a query that reads one stream has late rows that are records; leave `late` out".to_owned();
            ("these rows are no records of a stream", help)
        } else {
            return;
        };
        self.add(
            Diagnostic::new(format!("`{}` cannot take late rows", late.value), late.span.clone())
                .label(conflict)
                .help(help),
        );
    }
}

impl Query {
    /// Returns the columns of the stream that the query writes.
    pub(super) fn output_columns(&self, relations: &[Relation]) -> Vec<Column> {
        let column = |attribute: &Attribute| Column {
            name: attribute.name.clone(),
            sql_type: attribute.sql_type,
            not_null: attribute.not_null,
            path: vec![attribute.name.clone()],
        };
        relations[self.relation].attributes.iter().map(column).collect()
    }
}
