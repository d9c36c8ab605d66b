//! Reference tables.

use crate::document::Diagnostic;
use crate::spec::TableSpec;

use super::resolve::Context;
use super::{Attribute, Table, TableFormat};

impl Context<'_> {
    pub(super) fn tables(&self) -> Vec<Table> {
        self.spec.tables.iter().map(|table| self.table(table)).collect()
    }

    fn table(&self, spec: &TableSpec) -> Table {
        let name = &spec.name;
        let streams = self.spec.streams.iter().map(|stream| &stream.name);
        let mut others = streams.chain(self.spec.queries.iter().map(|query| &query.name));
        if let Some(other) = others.find(|other| other.value == name.value) {
            self.add(
                Diagnostic::new(format!("there are two things with the name `{}`", name.value), name.span.clone())
                    .label("a table")
                    .other(other.span.clone(), "the other one")
                    .help("a query could mean either; choose another name for one of them"),
            );
        }
        self.places(&spec.columns.value);
        let columns: Vec<Attribute> = spec
            .columns
            .value
            .iter()
            .map(|column| Attribute {
                name: column.name.value.clone(),
                sql_type: column.column_type.value.sql_type,
                not_null: column.column_type.value.not_null,
            })
            .collect();
        let mut key = Vec::new();
        for wanted in &spec.key {
            self.known("column", wanted, columns.iter().map(|column| column.name.as_str()));
            key.extend(columns.iter().position(|column| column.name == wanted.value));
        }
        Table {
            name: name.value.clone(),
            file: spec.file.value.clone(),
            format: if spec.csv { TableFormat::Csv } else { TableFormat::Json },
            paths: spec.columns.value.iter().map(|column| column.path.clone()).collect(),
            columns,
            key,
        }
    }
}
