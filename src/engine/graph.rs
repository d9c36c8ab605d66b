//! A query as operators at work: records of its streams in, rows out.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion_common::DataFusionError;

use crate::plan::{Operator as Made, Plan, Query, Relation};
use crate::streams::{Block, Millis};
use crate::window::Micros;

use super::group;
use super::operator::{Open, Operator, Turn};
use super::outlook::Outlook;
use super::over::Over;
use super::parallel::in_parallel;
use super::rows::{Flow, Rows};
use super::select::Selection;
use super::source::{Shard, Source};
use super::union::Union;

/// The operators of one query.
pub(super) struct Graph {
    /// The streams that it reads, in the order of the relations.
    pub(super) sources: Vec<Source>,
    nodes: Vec<Node>,
}

struct Node {
    /// The relation's name.
    name: String,
    kind: Kind,
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
    /// Builds the operators. `shards` says how many shards a stream has.
    pub(super) fn new(plan: &Plan, query: &Query, shards: impl Fn(&str) -> usize) -> Result<Self, DataFusionError> {
        let relations = plan.relations_of(query);
        let outlook = Arc::new(Outlook::new(&relations));
        let mut this = Self { sources: Vec::new(), nodes: Vec::new() };
        let mut schemas: Vec<SchemaRef> = Vec::new();
        for (index, relation) in relations.iter().enumerate() {
            let inputs = relation.operator.inputs();
            for input in &inputs {
                this.nodes[*input].readers += 1;
            }
            let schema = schema(relation);
            let (kind, schema) = if let Made::Read(read) = &relation.operator {
                let stream = plan.stream(&read.stream).expect("the plan has every stream that it reads");
                let count = shards(&stream.name);
                let source = Source::new(stream, (read, relation.clock), count, &outlook, index);
                let schema = Arc::clone(source.schema());
                this.sources.push(source);
                (Kind::Source(this.sources.len() - 1), schema)
            } else {
                let given: Vec<&SchemaRef> = inputs.iter().map(|input| &schemas[*input]).collect();
                (Kind::Operator(operator(relation, &given, &schema)?), schema)
            };
            schemas.push(schema);
            this.nodes.push(Node { name: relation.name.clone(), kind, inputs, readers: 0 });
        }
        Ok(this)
    }

    /// Returns the stream and the number of every shard, in the order in which records are wanted.
    pub(super) fn shards(&self) -> impl Iterator<Item = (&str, usize, &Shard)> {
        self.sources.iter().flat_map(|source| {
            source.shards.iter().enumerate().map(|(index, shard)| (source.stream.as_str(), index, shard))
        })
    }

    /// Returns of every shard whether its records are wanted: none of it waits for the others.
    pub(super) fn wanted(&self) -> Vec<bool> {
        let wants = |source: &Source| (0..source.shards.len()).map(|shard| source.wants(shard)).collect::<Vec<_>>();
        self.sources.iter().flat_map(wants).collect()
    }

    /// Returns whether no record waits to be passed on.
    pub(super) fn is_idle(&self) -> bool {
        self.sources.iter().all(Source::is_idle)
    }

    /// Returns how far time is in the slowest stream.
    pub(super) fn watermark(&self) -> Option<Micros> {
        self.sources.iter().map(|source| source.watermark.moment()).min().flatten()
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

    /// Returns every operator with the name of its relation.
    pub(super) fn operators(&mut self) -> impl Iterator<Item = (&str, &mut Box<dyn Operator>)> {
        self.nodes.iter_mut().filter_map(|node| match &mut node.kind {
            Kind::Source(_) => None,
            Kind::Operator(operator) => Some((node.name.as_str(), operator)),
        })
    }

    /// Takes what was read of every shard that was wanted; returns the rows, and what else came of it.
    pub(super) fn turn(&mut self, reads: Vec<Option<ShardRead>>) -> Result<(Rows, Turn), DataFusionError> {
        let shards = self.sources.iter_mut().flat_map(|source| &mut source.shards);
        let given = shards.zip(reads).filter_map(|(shard, read)| Some((shard, read?)));
        in_parallel(given, |(shard, (blocks, complete_until))| shard.receive(blocks, complete_until))?;
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

    /// Lets every source go on to the point up to which all records of all of them are known.
    fn advance(&mut self, turn: &mut Turn) -> Vec<Option<Flow>> {
        let mut firsts = Vec::with_capacity(self.sources.len());
        let mut count = 0;
        for source in &self.sources {
            firsts.push(count);
            count += source.shards.len();
        }
        let bounds = self.sources.iter().zip(&firsts).map(|(source, first)| source.bound(*first));
        // Before every shard has been read once, nothing is known of all of them.
        let bound = bounds.min().flatten().unwrap_or((Millis::MIN, 0));
        self.sources.iter_mut().zip(firsts).map(|(source, first)| Some(source.advance(bound, first, turn))).collect()
    }
}

/// Returns the schema of a relation's rows.
fn schema(relation: &Relation) -> SchemaRef {
    let field = |attribute: &crate::plan::Attribute| Field::new(&attribute.name, attribute.sql_type.arrow(), true);
    Arc::new(Schema::new(relation.attributes.iter().map(field).collect::<Vec<_>>()))
}

fn operator(
    relation: &Relation,
    inputs: &[&SchemaRef],
    schema: &SchemaRef,
) -> Result<Box<dyn Operator>, DataFusionError> {
    Ok(match &relation.operator {
        Made::Select(select) => Box::new(Selection::new(select, inputs[0], schema)?),
        Made::Group(group) => group::operator(group, relation.clock, inputs[0], schema)?,
        Made::Union(of) => Box::new(Union::new(schema, of.len())),
        Made::Over(over) => Box::new(Over::new(over, relation.clock, inputs[0], schema)?),
        Made::Read(_) | Made::Join(_) | Made::Lookup(_) => {
            return Err(DataFusionError::NotImplemented(format!("the relation {}", relation.name)));
        }
    })
}
