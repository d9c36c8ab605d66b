//! The streams of a program: those that it is given, and those that its pumps fill.

use crate::document::{Diagnostic, Spanned, nearest};
use crate::sql::SqlError;
use crate::sql::kda::{CreatePump, CreateStream, Name, Program, Statement};

use super::super::super::resolve::find;
use super::super::super::{Attribute, Clock, ERROR_STREAM, Operator, Query, Read, RelationId, Source, SystemColumn};
use super::rows::{Record, RowColumn, Rows};
use super::{Binder, MOMENT};
use crate::sql::SqlType;

/// What is known of a record besides its columns: only the first stream of an application has these.
const SYSTEM_COLUMNS: [(&str, SystemColumn, SqlType); 4] = [
    ("APPROXIMATE_ARRIVAL_TIME", SystemColumn::ApproximateArrivalTime, MOMENT),
    ("SHARD_ID", SystemColumn::ShardId, SqlType::Varchar(64)),
    ("PARTITION_KEY", SystemColumn::PartitionKey, SqlType::Varchar(512)),
    ("SEQUENCE_NUMBER", SystemColumn::SequenceNumber, SqlType::Varchar(128)),
];

/// A stream that the program creates.
pub(super) struct InApplication<'a> {
    pub(super) stream: &'a CreateStream,
    pub(super) pumps: Vec<&'a CreatePump>,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Open,
    /// Its pumps are being looked at.
    Begun,
    Failed,
    Built(RelationId),
}

/// Returns the streams that a program creates, each with the pumps that fill it.
pub(super) fn declared(program: &Program) -> Vec<InApplication<'_>> {
    let mut streams: Vec<InApplication<'_>> = Vec::new();
    for statement in &program.statements {
        let Statement::Stream(stream) = statement else { continue };
        // One that is there twice is a mistake by itself.
        if !streams.iter().any(|known| known.stream.name.text == stream.name.text) {
            streams.push(InApplication { stream, pumps: Vec::new(), state: State::Open });
        }
    }
    for statement in &program.statements {
        let Statement::Pump(pump) = statement else { continue };
        if let Some(into) = streams.iter_mut().find(|known| known.stream.name.text == pump.insert.into.text) {
            into.pumps.push(pump);
        }
    }
    streams
}

impl Binder<'_, '_> {
    /// Builds every stream of the program, and returns a query for each that leaves it.
    pub(super) fn queries(mut self) -> Option<Vec<Query>> {
        for mistake in &self.spec.reading.mistakes {
            self.report(mistake.clone());
        }
        self.bindings();
        self.names();
        for index in 0..self.streams.len() {
            self.build(index);
        }
        let app = &self.spec.name.value;
        let mut queries = Vec::new();
        for (name, stream) in &self.outputs {
            let Some(index) = self.streams.iter().position(|known| known.stream.name.text == *name) else { continue };
            let State::Built(relation) = self.streams[index].state else { continue };
            queries.push(Query {
                name: if self.outputs.len() == 1 { app.clone() } else { format!("{app}.{stream}") },
                relation,
                stream: Some(stream.clone()),
                // What is made of several records spreads by all that it holds.
                partition_by: if self.building.is_of_records(relation) {
                    Vec::new()
                } else {
                    (0..self.building.relations[relation].attributes.len()).collect()
                },
                late: None,
                summary: format!("{name} of a KDA SQL application, by arrival"),
            });
        }
        let built = self.streams.iter().all(|stream| matches!(stream.state, State::Built(_)));
        (self.spec.reading.is_whole() && built && queries.len() == self.outputs.len()).then_some(queries)
    }

    /// Reports names of the file that are not those of streams.
    fn bindings(&self) {
        let readable = self.spec.reading.is_whole();
        let context = self.building.context;
        let streams = || self.building.streams.iter().map(|stream| stream.name.as_str());
        for (_, stream) in &self.spec.inputs {
            context.known("stream", stream, streams());
        }
        for (name, stream) in &self.spec.outputs {
            if readable {
                let created = self.streams.iter().map(|known| known.stream.name.text.as_str());
                context.known("in-application stream", name, created);
            }
            context.known("stream", stream, streams());
        }
        for (_, output) in &self.outputs {
            let writers = context.spec.applications.iter().filter(|application| {
                super::outputs(context.spec, application).iter().any(|(_, stream)| stream == output)
            });
            let declared = context.spec.queries.iter().any(|query| query.name.value == *output);
            let twice = self.outputs.iter().filter(|(_, stream)| stream == output).count() > 1;
            if declared || twice || writers.count() > 1 {
                let written = self.spec.outputs.iter().find(|(_, stream)| stream.value == *output);
                let place = written.map_or(&self.spec.name.span, |(_, stream)| &stream.span);
                context.add(
                    Diagnostic::new(format!("stream `{output}` is written by something else too"), place.clone())
                        .label("a stream has one writer")
                        .help("declare another stream for these rows"),
                );
            }
        }
        if readable && self.outputs.is_empty() {
            let created: Vec<&str> = self.streams.iter().map(|known| known.stream.name.text.as_str()).collect();
            let help = match created.last() {
                Some(last) => format!("add outputs = {{ {last} = \"…\" }}, or a stream of that name"),
                None => "let the text create a stream, and a pump that fills it".to_owned(),
            };
            context.add(
                Diagnostic::new(
                    format!("application `{}` writes no stream of this file", self.spec.name.value),
                    self.spec.name.span.clone(),
                )
                .label("its rows go nowhere")
                .help(help),
            );
        }
    }

    /// Reports names that are there twice, and pumps into nowhere.
    fn names(&self) {
        let mut seen: Vec<&Name> = Vec::new();
        for statement in &self.program.statements {
            let (name, what) = match statement {
                Statement::Stream(stream) => (&stream.name, "stream"),
                Statement::Pump(pump) => (&pump.name, "pump"),
            };
            if seen.iter().any(|other| other.text == name.text) {
                let error = SqlError::new(format!("`{}` is created twice", name.text))
                    .label("the second one")
                    .help(format!("give the {what} another name"));
                self.refuse(&name.span, error);
            }
            seen.push(name);
            match statement {
                Statement::Stream(_) if name.text.eq_ignore_ascii_case(ERROR_STREAM) => self.refuse(
                    &name.span,
                    SqlError::new(format!("`{}` is reserved", name.text))
                        .help("every application has a stream of this name, which takes the rows that fail"),
                ),
                Statement::Stream(_) if self.given(&name.text).is_some() => self.refuse(
                    &name.span,
                    SqlError::new(format!("`{}` is an input of the application", name.text))
                        .label("it is there already"),
                ),
                Statement::Stream(_) => {}
                Statement::Pump(pump) => self.pump(pump),
            }
        }
    }

    fn pump(&self, pump: &CreatePump) {
        let into = &pump.insert.into;
        if let Some(place) = &pump.stopped {
            let error = SqlError::new(format!("pump `{}` is STOPPED", pump.name.text))
                .label("nothing starts it")
                .help("leave STOPPED out, or the pump");
            self.refuse(place, error);
        }
        if self.streams.iter().any(|known| known.stream.name.text == into.text) {
            return;
        }
        if self.given(&into.text).is_some() {
            let error = SqlError::new(format!("`{}` is an input of the application", into.text));
            self.refuse(&into.span, error.label("a pump cannot fill it"));
        } else if self.spec.reading.is_whole() {
            self.refuse(&into.span, self.no_stream(into));
        }
    }

    /// Returns the stream of the pipeline that an input of the application stands for.
    fn given(&self, name: &str) -> Option<&str> {
        self.inputs.iter().find(|(known, _)| known == name).map(|(_, stream)| stream.as_str())
    }

    /// Returns whether a name is that of a stream.
    pub(super) fn is_stream(&self, name: &str) -> bool {
        self.given(name).is_some() || self.streams.iter().any(|known| known.stream.name.text == name)
    }

    fn no_stream(&self, name: &Name) -> SqlError {
        let created = self.streams.iter().map(|known| known.stream.name.text.as_str());
        let given = self.inputs.iter().map(|(known, _)| known.as_str());
        // Whoever joins a table may have misspelt that.
        let tables = self.building.tables.iter().map(|table| table.name.as_str());
        let known: Vec<&str> = given.chain(created).chain(tables).collect();
        let error = SqlError::new(format!("there is no stream `{}`", name.text)).label("unknown stream");
        let folded = known.iter().find(|known| **known != name.text && known.eq_ignore_ascii_case(&name.text));
        match folded {
            Some(known) => {
                error.help(format!("write \"{known}\": KDA reads a name without double quotes in upper case"))
            }
            None if nearest(&name.text, known.iter().copied()).is_none() => error.help(format!(
                "CREATE STREAM makes one; an input is named in the pipeline file, as inputs = {{ {} = \"…\" }}",
                name.text
            )),
            None => error.legal(&name.text, known),
        }
    }

    /// Returns the rows of a stream.
    pub(super) fn stream(&mut self, name: &Name) -> Option<Rows> {
        if let Some(index) = self.streams.iter().position(|known| known.stream.name.text == name.text) {
            self.build(index);
            return match self.streams[index].state {
                State::Built(relation) => Some(self.created(index, relation)),
                State::Begun => {
                    self.refuse(
                        &name.span,
                        SqlError::new(format!("stream `{}` is made of its own rows", name.text))
                            .label("read here, and written from here")
                            .help("rows go one way"),
                    );
                    None
                }
                State::Open | State::Failed => None,
            };
        }
        if let Some(stream) = self.given(&name.text).map(str::to_owned) {
            return self.source(&stream);
        }
        let error = if name.text.eq_ignore_ascii_case(ERROR_STREAM) {
            SqlError::new("error_stream cannot be read")
                .label("as on KDA")
                .help("`pipe tail --stream error_stream` shows its rows")
        } else if self.table(&name.text).is_some() {
            SqlError::new(format!("`{}` is a table", name.text))
                .label("a stream is needed here")
                .help("join a stream with it")
        } else if self.spec.reading.is_whole() {
            self.no_stream(name)
        } else {
            return None;
        };
        self.refuse(&name.span, error);
        None
    }

    fn created(&self, index: usize, relation: RelationId) -> Rows {
        let columns =
            self.streams[index].stream.columns.iter().map(|column| RowColumn::of(&column.name.text, column.sql_type));
        Rows { relation, columns: columns.collect() }
    }

    /// Returns the records of a stream of the pipeline, by arrival, with those system columns that the text names.
    fn source(&mut self, stream: &str) -> Option<Rows> {
        let stream = find(self.building.streams, stream)?;
        if let Source::Query(query) = &stream.source {
            let name = Spanned::new(stream.name.clone(), self.spec.name.span.clone());
            let relation = self.building.written(query, &name)?;
            let columns =
                self.attributes(relation).iter().map(|attribute| RowColumn::of(&attribute.name, attribute.sql_type));
            return Some(Rows { relation, columns: columns.collect() });
        }
        if let Source::Late(query) = &stream.source {
            self.building.context.add(
                Diagnostic::new(
                    format!("application `{}` reads the late rows of `{query}`", self.spec.name.value),
                    self.spec.name.span.clone(),
                )
                .help("read the stream that the other query reads"),
            );
            return None;
        }
        // Without columns there is nothing to name, and why is said already.
        if stream.columns.is_empty() {
            return None;
        }
        let mut columns: Vec<RowColumn> = Vec::new();
        let mut attributes: Vec<Attribute> = Vec::new();
        for column in &stream.columns {
            attributes.push(Attribute {
                name: column.name.clone(),
                sql_type: column.sql_type,
                not_null: column.not_null,
            });
            columns.push(RowColumn::of(&column.name, column.sql_type));
        }
        let mut system = Vec::new();
        for (name, column, sql_type) in SYSTEM_COLUMNS {
            if !self.program.words.contains(name) || attributes.iter().any(|known| known.name == name) {
                continue;
            }
            system.push(column);
            attributes.push(Attribute { name: name.to_owned(), sql_type, not_null: true });
            columns.push(RowColumn {
                name: name.to_owned(),
                attribute: name.to_owned(),
                sql_type,
                hidden: true,
                own_time: false,
                record: Record::None,
            });
        }
        let known = self.building.relations.iter().position(|relation| {
            relation.clock == Clock::Arrival
                && matches!(&relation.operator, Operator::Read(read) if read.stream == stream.name && read.system == system)
        });
        let relation = known.unwrap_or_else(|| {
            let operator = Operator::Read(Read { stream: stream.name.clone(), system });
            self.add(&stream.name, attributes, operator)
        });
        Some(Rows { relation, columns })
    }

    fn build(&mut self, index: usize) {
        if !matches!(self.streams[index].state, State::Open) {
            return;
        }
        self.streams[index].state = State::Begun;
        let pumps = self.streams[index].pumps.clone();
        let stream = self.streams[index].stream;
        // Of a text with mistakes it is not known what else it has.
        if pumps.is_empty() && self.spec.reading.is_whole() {
            let error = SqlError::new(format!("no pump fills stream `{}`", stream.name.text))
                .label("it never has a row")
                .help("CREATE PUMP … AS INSERT INTO … does; or leave the stream out");
            self.refuse(&stream.name.span, error);
        }
        let filled: Vec<Option<RelationId>> = pumps.iter().map(|pump| self.insert(pump, stream)).collect();
        let filled: Option<Vec<RelationId>> = filled.into_iter().collect();
        self.streams[index].state = match filled.as_deref() {
            None | Some([]) => State::Failed,
            Some([one]) => State::Built(*one),
            Some(several) => {
                let mut attributes = self.attributes(several[0]).to_vec();
                for (at, attribute) in attributes.iter_mut().enumerate() {
                    attribute.not_null = several.iter().all(|input| self.attributes(*input)[at].not_null);
                }
                State::Built(self.add(&stream.name.text, attributes, Operator::Union(several.to_vec())))
            }
        };
    }
}
