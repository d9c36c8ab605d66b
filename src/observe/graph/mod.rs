//! A pipeline as a picture: what brings records, where they lie, what reads and writes them.
//!
//! The same plan gives the same text, always; rates are the only thing that a running pipeline adds.

mod dot;
mod layout;
mod mermaid;
mod svg;

use serde::Serialize;

use crate::plan::{Operator, Plan, Query, RelationId, Source};
use crate::ui::count;

use super::Rates;

/// The version of the JSON form: raised where something in it changes its meaning.
const VERSION: u32 = 1;

/// The graph of a pipeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Graph {
    /// The version of this form.
    pub version: u32,
    /// The pipeline.
    pub pipeline: String,
    /// Where it runs.
    pub target: String,
    /// Its nodes, by kind and then by name.
    pub nodes: Vec<Node>,
    /// Its edges, by where they begin and then by where they end.
    pub edges: Vec<Edge>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Its name in the file.
    pub name: String,
    /// Unlike that of any other node: letters, digits and underscores.
    pub id: String,
    /// More of it, in a few words.
    pub detail: String,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    /// A generator.
    Generator,
    /// A stream.
    Stream,
    /// A table that queries join with.
    Table,
    /// A query.
    Query,
}

/// An edge: records go from one node to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Edge {
    /// The id of the node where it begins.
    pub from: String,
    /// The id of the node where it ends.
    pub to: String,
    /// Whether only late rows go there.
    pub late: bool,
    /// How many records go there in a second, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_second: Option<f64>,
}

impl NodeKind {
    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Generator => "generator",
            Self::Stream => "stream",
            Self::Table => "table",
            Self::Query => "query",
        }
    }

    /// Returns the id of the node of a name.
    fn id(self, name: &str) -> String {
        let mut id = format!("{}_", self.word());
        let mut before = '_';
        for letter in name.chars() {
            // Two underscores are how a letter begins that an id cannot have.
            if letter.is_ascii_alphanumeric() || (letter == '_' && before != '_') {
                id.push(letter);
            } else {
                id += &format!("__{:x}__", u32::from(letter));
            }
            before = letter;
        }
        id
    }
}

impl Node {
    fn new(kind: NodeKind, name: &str, detail: String) -> Self {
        Self { kind, name: name.to_owned(), id: kind.id(name), detail }
    }
}

impl Edge {
    /// Returns what is written at it, where something is.
    pub fn label(&self) -> Option<String> {
        let rate = self.per_second.map(rate_text);
        match (self.late, rate) {
            (false, rate) => rate,
            (true, None) => Some("late".to_owned()),
            (true, Some(rate)) => Some(format!("late {rate}")),
        }
    }
}

/// Writes a rate for reading: three digits that count.
pub fn rate_text(per_second: f64) -> String {
    match per_second {
        rate if rate >= 1_000_000.0 => format!("{:.2}M/s", rate / 1_000_000.0),
        rate if rate >= 10_000.0 => format!("{:.1}k/s", rate / 1_000.0),
        rate if rate >= 10.0 || rate == 0.0 => format!("{rate:.0}/s"),
        rate => format!("{rate:.1}/s"),
    }
}

impl Graph {
    /// Draws a plan, with the rates of a run where they are known.
    pub fn of(plan: &Plan, rates: Option<&Rates>) -> Self {
        let mut edges = Vec::new();
        for generator in &plan.generators {
            let records = rates.and_then(|rates| rates.generators.get(&generator.stream).copied());
            edges.push(edge((NodeKind::Generator, &generator.stream), (NodeKind::Stream, &generator.stream), records));
        }
        for query in &plan.queries {
            let own = (NodeKind::Query, query.name.as_str());
            let rate = rates.and_then(|rates| rates.queries.get(&query.name));
            let inputs = inputs(plan, query);
            for (kind, name) in &inputs {
                let records = match kind {
                    // What one of several inputs brings is what comes into it.
                    NodeKind::Stream => rates.and_then(|rates| Some(rates.streams.get(*name)?.records)),
                    _ => None,
                };
                edges.push(edge((*kind, *name), own, records));
            }
            if let Some(stream) = &query.stream {
                edges.push(edge(own, (NodeKind::Stream, stream), rate.map(|rate| rate.rows)));
            }
            if let Some(stream) = &query.late {
                let late = edge(own, (NodeKind::Stream, stream), rate.map(|rate| rate.late));
                edges.push(Edge { late: true, ..late });
            }
        }
        edges.sort_by(|one, other| (&one.from, &one.to, one.late).cmp(&(&other.from, &other.to, other.late)));
        let (pipeline, target) = (plan.name.clone(), plan.target.name.clone());
        Self { version: VERSION, pipeline, target, nodes: nodes(plan), edges }
    }

    /// Writes it as a flow chart of Mermaid, which GitHub draws.
    pub fn mermaid(&self) -> String {
        mermaid::write(self)
    }

    /// Writes it in the language of Graphviz.
    pub fn dot(&self) -> String {
        dot::write(self)
    }

    /// Draws it.
    pub fn svg(&self) -> String {
        svg::write(self)
    }
}

fn edge(from: (NodeKind, &str), to: (NodeKind, &str), per_second: Option<f64>) -> Edge {
    Edge { from: from.0.id(from.1), to: to.0.id(to.1), late: false, per_second }
}

fn nodes(plan: &Plan) -> Vec<Node> {
    let generators = plan.generators.iter().map(|it| Node::new(NodeKind::Generator, &it.stream, it.rate.to_string()));
    let streams = plan.streams.iter().map(|stream| {
        let shards = count(stream.capacity.initial_shards() as usize, "shard", "shards");
        let late = if matches!(stream.source, Source::Late(_)) { ", late rows" } else { "" };
        Node::new(NodeKind::Stream, &stream.name, format!("{shards}{late}"))
    });
    let tables = plan.tables.iter().map(|table| Node::new(NodeKind::Table, &table.name, table.file.clone()));
    let queries = plan.queries.iter().map(|query| {
        // What it reads is what the edges say.
        let summary = query.summary.split_once(", from ").map_or(query.summary.as_str(), |(what, _)| what);
        Node::new(NodeKind::Query, &query.name, summary.to_owned())
    });
    let mut nodes: Vec<Node> = generators.chain(streams).chain(tables).chain(queries).collect();
    nodes.sort();
    nodes
}

/// Returns what a query is made of, each once: of another query, the stream that it writes where it writes one.
fn inputs<'a>(plan: &'a Plan, query: &Query) -> Vec<(NodeKind, &'a str)> {
    let mut found = Vec::new();
    let mut open: Vec<RelationId> = plan.relations[query.relation].operator.inputs();
    let of_query = |id: RelationId| plan.queries.iter().find(|other| other.relation == id && other.name != query.name);
    if let Operator::Lookup(lookup) = &plan.relations[query.relation].operator {
        found.push((NodeKind::Table, lookup.table.as_str()));
    }
    while let Some(id) = open.pop() {
        if let Some(other) = of_query(id) {
            found.push(
                other.stream.as_deref().map_or((NodeKind::Query, other.name.as_str()), |it| (NodeKind::Stream, it)),
            );
            continue;
        }
        let operator = &plan.relations[id].operator;
        match operator {
            Operator::Read(read) => found.push((NodeKind::Stream, read.stream.as_str())),
            Operator::Lookup(lookup) => found.push((NodeKind::Table, lookup.table.as_str())),
            _ => {}
        }
        open.extend(operator.inputs());
    }
    found.sort_unstable();
    found.dedup();
    found
}
