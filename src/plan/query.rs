//! Queries.

use super::{Clock, Operator, Plan, Relation, RelationId};

/// A query: a relation, and where its rows go.
#[derive(Debug, Clone)]
pub struct Query {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub relation: RelationId,
    /// The stream that it writes; none where only other queries read it.
    pub stream: Option<String>,
    /// The columns of its rows that make the partition key, by index, joined with `|`. Where there is none, a row has the
    /// partition key of the record that it is made of.
    pub partition_by: Vec<usize>,
    /// The stream that takes late rows as they were, where one is declared.
    pub late: Option<String>,
    /// What it does in words, such as `tumbling 10s`.
    pub summary: String,
}

impl Plan {
    /// Returns the relations that a query consists of, numbered among themselves; the last one is the query's own.
    pub fn relations_of(&self, query: &Query) -> Vec<Relation> {
        let mut wanted = vec![false; self.relations.len()];
        wanted[query.relation] = true;
        for id in (0..=query.relation).rev() {
            if wanted[id] {
                for input in self.relations[id].operator.inputs() {
                    wanted[input] = true;
                }
            }
        }
        let chosen: Vec<RelationId> = (0..wanted.len()).filter(|id| wanted[*id]).collect();
        let number = |id: RelationId| chosen.partition_point(|other| *other < id);
        let renumbered = |id: &RelationId| {
            let mut relation = self.relations[*id].clone();
            relation.operator.renumber(&number);
            relation
        };
        chosen.iter().map(renumbered).collect()
    }

    /// Returns the streams that a query reads, each once, in the order in which it names them.
    pub fn streams_read(&self, query: &Query) -> Vec<&str> {
        let mut streams: Vec<&str> = Vec::new();
        let mut open = vec![query.relation];
        while let Some(id) = open.pop() {
            if let Operator::Read(read) = &self.relations[id].operator
                && !streams.contains(&read.stream.as_str())
            {
                streams.push(&read.stream);
            }
            open.extend(self.relations[id].operator.inputs().into_iter().rev());
        }
        streams
    }

    /// Returns a query's rows as a relation.
    pub fn rows_of(&self, query: &Query) -> &Relation {
        &self.relations[query.relation]
    }

    /// Returns whether a query's windows go by event time.
    pub fn by_event(&self, query: &Query) -> bool {
        self.relations[query.relation].clock == Clock::Event
    }

    /// Returns the queries that write a stream.
    pub fn outputs(&self) -> impl Iterator<Item = (&Query, &str)> {
        self.queries.iter().filter_map(|query| Some((query, query.stream.as_deref()?)))
    }
}
