//! A query as operators at work: records of its streams in, rows out.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion_common::DataFusionError;

use crate::plan::{Clock, Operator as Made, Plan, Query, Relation, Time};
use crate::streams::{Block, Millis, ShardId};
use crate::window::Micros;

use super::closing::Closing;
use super::forest::Scoring;
use super::group;
use super::hotspots::Spotting;
use super::join::Pairing;
use super::lookup::{Joined, LookupError};
use super::operator::{Open, Operator, Turn};
use super::outlook::Outlook;
use super::over::Over;
use super::parallel::in_parallel;
use super::progress::Progress;
use super::rank::Ranked;
use super::rows::{Flow, Rows};
use super::select::Selection;
use super::source::{Point, Shard, Source};
use super::status::{OpenWindow, SHARDS, ShardTime};
use super::union::Union;

/// The operators of one query.
pub(super) struct Graph {
    /// The streams that it reads, in the order of the relations.
    pub(super) sources: Vec<Source>,
    pub(super) time: Progress,
    nodes: Vec<Node>,
}

struct Node {
    kind: Kind,
    /// How far time is behind that of the whole query there.
    delay: Micros,
    inputs: Vec<usize>,
    /// How many others read it.
    readers: usize,
}

enum Kind {
    /// A source, by its number.
    Source(usize),
    Operator(Box<dyn Operator>),
}

/// What was read of one shard: records, and the time before which no other arrives (`None`: the last record's own,
/// because there is more).
pub(super) type ShardRead = (Vec<Block>, Option<Millis>);

impl Graph {
    /// Builds the operators over streams without a shard.
    pub(super) fn new(plan: &Plan, query: &Query) -> Result<Self, DataFusionError> {
        let relations = plan.relations_of(query);
        let mut this = Self { sources: Vec::new(), time: Progress::new(Outlook::new(&relations)), nodes: Vec::new() };
        let mut schemas: Vec<SchemaRef> = Vec::new();
        for (index, relation) in relations.iter().enumerate() {
            let inputs = relation.operator.inputs();
            for input in &inputs {
                this.nodes[*input].readers += 1;
            }
            let schema = schema(relation);
            let mut behind = 0;
            let (kind, schema) = if let Made::Read(read) = &relation.operator {
                let stream = plan.stream(&read.stream).expect("the plan has every stream that it reads");
                let source = Source::new(stream, read, relation.clock);
                let by_arrival = relation.clock == Clock::Arrival;
                this.time.add(index, if by_arrival { &Time::Arrival } else { &stream.time });
                let schema = Arc::clone(source.schema());
                this.sources.push(source);
                (Kind::Source(this.sources.len() - 1), schema)
            } else {
                let given: Vec<&SchemaRef> = inputs.iter().map(|input| &schemas[*input]).collect();
                let delays: Vec<Micros> = inputs.iter().map(|input| this.time.delay(&relations, *input)).collect();
                let slowest = delays.iter().max().copied().unwrap_or(0);
                behind = slowest;
                let leads: Vec<Micros> = delays.iter().map(|delay| slowest.saturating_sub(*delay)).collect();
                (Kind::Operator(operator((plan, relation), &given, &schema, (leads, slowest))?), schema)
            };
            schemas.push(schema);
            this.nodes.push(Node { kind, delay: behind, inputs, readers: 0 });
        }
        Ok(this)
    }

    /// Begins with a shard of a source that goes on from others, where there are such.
    pub(super) fn begin(&mut self, source: usize, shard: ShardId, parents: &[ShardId]) {
        let of = &mut self.sources[source];
        let known: Vec<usize> = parents.iter().filter_map(|parent| of.find(*parent).ok()).collect();
        let Some(number) = of.begin(shard) else { return };
        self.time.watermark.begin((source, number), &known);
    }

    /// Notes that a shard was read to its end.
    pub(super) fn end(&mut self, source: usize, shard: ShardId) {
        let of = &mut self.sources[source];
        if let Ok(number) = of.find(shard) {
            of.shards[number].ended = true;
        }
    }

    /// Returns the shards of a source that are over, but for those that only stay for others.
    pub(super) fn over(&self, source: usize) -> Vec<ShardId> {
        let shards = self.sources[source].shards.iter();
        shards.filter(|shard| shard.is_over() && !shard.stands_aside()).map(|shard| shard.id).collect()
    }

    /// Leaves the shards of a source that are over, but for some that are waited for.
    pub(super) fn leave(&mut self, source: usize, waited_for: &BTreeSet<ShardId>) {
        let shards = &mut self.sources[source].shards;
        for number in (0..shards.len()).rev().filter(|number| shards[*number].is_over()).collect::<Vec<_>>() {
            if waited_for.contains(&shards[number].id) {
                shards[number].stand_aside();
            } else {
                shards.remove(number);
                self.time.watermark.end((source, number));
            }
        }
    }

    /// Returns every shard, with the number of its source, in the order in which records are wanted.
    pub(super) fn shards(&self) -> impl Iterator<Item = (usize, &Shard)> {
        self.sources
            .iter()
            .enumerate()
            .flat_map(|(number, source)| source.shards.iter().map(move |shard| (number, shard)))
    }

    /// Returns of every shard whether its records are wanted: none of it waits for the others.
    pub(super) fn wanted(&self) -> Vec<bool> {
        self.shards().map(|(_, shard)| shard.is_wanted()).collect()
    }

    /// Returns whether no record waits to be passed on.
    pub(super) fn is_idle(&self) -> bool {
        self.sources.iter().all(Source::is_idle)
    }

    /// Returns how far time has come.
    pub(super) fn watermark(&self) -> Option<Micros> {
        self.time.watermark.moment()
    }

    /// Returns what is open in all operators.
    pub(super) fn open(&self) -> Open {
        let mut whole = Open::default();
        for node in &self.nodes {
            if let Kind::Operator(operator) = &node.kind {
                let open = operator.open();
                whole.windows += open.windows;
                whole.groups += open.groups;
            }
        }
        whole
    }

    /// Returns the open windows that close first.
    pub(super) fn closing(&self) -> Vec<OpenWindow> {
        let mut closing = Closing::default();
        for node in &self.nodes {
            if let Kind::Operator(operator) = &node.kind {
                operator.closing(closing.behind(node.delay));
            }
        }
        closing.into_windows()
    }

    /// Returns how far time has come in each shard.
    pub(super) fn shard_times(&self) -> Vec<ShardTime> {
        let lanes =
            self.sources.iter().flat_map(|source| source.shards.iter().map(|shard| (source.stream(), shard.id)));
        let times = self.time.watermark.lanes().zip(lanes).take(SHARDS);
        times.map(|(time, (stream, shard))| time.of(stream, shard)).collect()
    }

    /// Reads every table, before the first turn. `folder` is that of the pipeline file.
    pub(super) fn read_tables(&mut self, folder: &Path) -> Result<(), LookupError> {
        self.operators().try_for_each(|operator| operator.read_table(folder))
    }

    /// Returns what a person should know who looks at the query.
    pub(super) fn troubles(&self) -> Vec<String> {
        let operators = self.nodes.iter().filter_map(|node| match &node.kind {
            Kind::Source(_) => None,
            Kind::Operator(operator) => operator.trouble(),
        });
        operators.map(str::to_owned).collect()
    }

    /// Returns every operator, in the order of the relations.
    pub(super) fn operators(&mut self) -> impl Iterator<Item = &mut Box<dyn Operator>> {
        self.nodes.iter_mut().filter_map(|node| match &mut node.kind {
            Kind::Source(_) => None,
            Kind::Operator(operator) => Some(operator),
        })
    }

    /// Takes what was read of every shard that was wanted; returns the rows, and what else came of it.
    pub(super) fn turn(&mut self, reads: Vec<Option<ShardRead>>) -> Result<(Rows, Turn), DataFusionError> {
        let shards = self.sources.iter_mut().flat_map(|source| &mut source.shards);
        let mut given: Vec<(&mut Shard, ShardRead)> =
            shards.zip(reads).filter_map(|(shard, read)| Some((shard, read?))).collect();
        // Where nothing came there is nothing to decode, and no thread is needed for it.
        for (shard, (blocks, complete_until)) in given.extract_if(.., |(_, (blocks, _))| blocks.is_empty()) {
            shard.receive(blocks, complete_until)?;
        }
        in_parallel(given.into_iter(), |(shard, (blocks, complete_until))| shard.receive(blocks, complete_until))?;
        let mut turn = Turn::default();
        let mut flows = self.advance(&mut turn);
        let mut made: Vec<Option<Flow>> = Vec::with_capacity(self.nodes.len());
        let mut readers: Vec<usize> = self.nodes.iter().map(|node| node.readers).collect();
        for node in &mut self.nodes {
            let flow = match &mut node.kind {
                Kind::Source(source) => flows[*source].take(),
                Kind::Operator(operator) => {
                    let mut take = |input: usize| {
                        readers[input] -= 1;
                        if readers[input] == 0 { made[input].take() } else { made[input].clone() }
                    };
                    let inputs = node.inputs.iter().filter_map(|input| take(*input)).collect();
                    Some(operator.push(inputs, &mut turn)?)
                }
            };
            made.push(flow);
        }
        let last = made.pop().flatten().ok_or_else(|| DataFusionError::Internal("a query of nothing".to_owned()))?;
        // In the order of the log, whichever operator met them; rows that no single record is stand behind.
        turn.bad.sort_by(|(a, _), (b, _)| a.place().cmp(&b.place()));
        Ok((last.merged()?, turn))
    }

    /// Passes every record on up to the point up to which all of them are known, in the order of the log, and lets time
    /// go on to there.
    fn advance(&mut self, turn: &mut Turn) -> Vec<Option<Flow>> {
        let Self { sources, time, .. } = self;
        let all = || sources.iter().flat_map(|source| &source.shards);
        let counts = all().enumerate().filter(|(_, shard)| !shard.stands_aside());
        let bounds = counts.map(|(number, shard)| Some((shard.horizon()?, number)));
        // Before every shard has been read once, nothing is known of all of them.
        let bound: Point = bounds.min().flatten().unwrap_or((Millis::MIN, 0));
        let places: Vec<(usize, usize)> = sources
            .iter()
            .enumerate()
            .flat_map(|(source, of)| (0..of.shards.len()).map(move |shard| (source, shard)))
            .collect();
        let mut arrivals: Vec<Option<Millis>> = all().map(Shard::next_arrival).collect();
        loop {
            let waiting = arrivals.iter().enumerate().filter_map(|(number, arrival)| Some(((*arrival)?, number)));
            let Some((arrival, number)) = waiting.min().filter(|point| *point <= bound) else { break };
            let (source, shard) = places[number];
            let shard = &mut sources[source].shards[shard];
            let latest = shard.pass(time.shard(places[number], arrival), turn);
            time.hold(source, arrival, latest);
            arrivals[number] = shard.next_arrival();
        }
        let watermark = time.arrive(bound.0);
        turn.steps = std::mem::take(&mut time.steps);
        sources.iter_mut().map(|source| Some(source.take(watermark))).collect()
    }
}

/// Returns the schema of a relation's rows.
fn schema(relation: &Relation) -> SchemaRef {
    let field = |attribute: &crate::plan::Attribute| Field::new(&attribute.name, attribute.sql_type.arrow(), true);
    Arc::new(Schema::new(relation.attributes.iter().map(field).collect::<Vec<_>>()))
}

/// Builds the operator of a relation. `leads` is how far time is ahead in each input of where it is in the slowest, and
/// `delay` how far that is behind the query's own time.
fn operator(
    (plan, relation): (&Plan, &Relation),
    inputs: &[&SchemaRef],
    schema: &SchemaRef,
    (leads, delay): (Vec<Micros>, Micros),
) -> Result<Box<dyn Operator>, DataFusionError> {
    Ok(match &relation.operator {
        Made::Select(select) => Box::new(Selection::new(select, inputs[0], schema)?),
        Made::Group(group) => group::operator(group, (relation.clock, delay), inputs[0], schema)?,
        Made::Union(_) => Box::new(Union::new(schema, leads)),
        Made::Over(over) => Box::new(Over::new(over, relation.clock, inputs[0], schema)?),
        Made::Join(join) => Box::new(Pairing::new(join, inputs, schema, leads)?),
        Made::Forest(forest) => Box::new(Scoring::new(forest, schema)?),
        Made::Hotspots(hotspots) => Box::new(Spotting::new(hotspots, schema)),
        Made::Rank(rank) => Box::new(Ranked::new(rank, inputs[0], schema)?),
        Made::Lookup(lookup) => {
            let table = plan.table(&lookup.table).expect("the plan has every table that it reads");
            Box::new(Joined::new(lookup, table, inputs[0], schema)?)
        }
        Made::Read(_) => return Err(DataFusionError::Internal("a stream is a source, not an operator".to_owned())),
    })
}
