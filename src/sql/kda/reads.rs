//! Which streams a program reads that it does not create.

use super::tree::{Body, FromItem, Program, Query, Statement};

impl Program {
    /// Returns the names of what the program reads and does not create, each once, in the order of the text.
    pub fn names_read(&self) -> Vec<String> {
        let mut names = Vec::new();
        for statement in &self.statements {
            if let Statement::Pump(pump) = statement {
                query(&pump.insert.query, &mut names);
            }
        }
        let created = |name: &str| {
            self.statements
                .iter()
                .any(|statement| matches!(statement, Statement::Stream(stream) if stream.name.text == name))
        };
        names.retain(|name| !created(name));
        names
    }
}

fn query(read: &Query, names: &mut Vec<String>) {
    match &read.body {
        Body::Select(select) => select.from.iter().for_each(|from| item(from, names)),
        Body::Query(inner) => query(inner, names),
        Body::UnionAll(queries) => queries.iter().for_each(|inner| query(inner, names)),
    }
}

fn item(from: &FromItem, names: &mut Vec<String>) {
    match from {
        FromItem::Relation { name, .. } if !names.contains(&name.text) => names.push(name.text.clone()),
        FromItem::Relation { .. } => {}
        FromItem::Query { query: inner, .. } => query(inner, names),
        FromItem::Function(function) => query(&function.cursor, names),
        FromItem::Join(join) => {
            item(&join.left, names);
            item(&join.right, names);
        }
    }
}
