//! INSERT: the rows of a query as those of a stream.

use crate::sql::kda::{CreatePump, CreateStream, StreamColumn};
use crate::sql::{Expr, SqlError, SqlType};

use super::super::super::{Attribute, Operator, RelationId, Select};
use super::rows::RowColumn;
use super::{Binder, never_null};

impl Binder<'_, '_> {
    /// Returns the rows that a pump brings into a stream, in its columns.
    pub(super) fn insert(&mut self, pump: &CreatePump, stream: &CreateStream) -> Option<RelationId> {
        let insert = &pump.insert;
        let named = !insert.columns.is_empty();
        let mut into: Vec<&StreamColumn> = Vec::new();
        for name in &insert.columns {
            let known = stream.columns.iter().find(|column| column.name.text == name.text);
            let error = match known {
                Some(column) if into.iter().any(|other| other.name.text == column.name.text) => {
                    SqlError::new(format!("column `{}` is there twice", name.text)).label("the second time")
                }
                Some(column) => {
                    into.push(column);
                    continue;
                }
                None => SqlError::new(format!("stream `{}` has no column `{}`", stream.name.text, name.text))
                    .label("unknown column")
                    .legal(&name.text, stream.columns.iter().map(|column| column.name.text.as_str())),
            };
            self.refuse(&name.span, error);
        }
        let known = into.len() == insert.columns.len();
        if !named {
            into = stream.columns.iter().collect();
        }
        let rows = self.query(&insert.query)?;
        self.no_record(&rows, &insert.query.span)?;
        if !known {
            return None;
        }
        let mut given: Vec<&RowColumn> = rows.columns.iter().filter(|column| !column.hidden).collect();
        // The time of a row goes along by itself; where there is a column for it, it is a value like another.
        if given.len() > into.len() {
            given.retain(|column| !column.own_time);
        }
        if given.len() != into.len() {
            let error = SqlError::new(format!(
                "{} columns are selected, and {} of stream `{}` are to be filled",
                given.len(),
                into.len(),
                stream.name.text
            ))
            .help(if named {
                "select one for each that INSERT names"
            } else {
                "name those to be filled behind INSERT INTO"
            });
            self.refuse(&insert.into.span, error);
            return None;
        }
        let source = self.attributes(rows.relation).to_vec();
        let (mut attributes, mut outputs) = (Vec::new(), Vec::new());
        let mut fits = true;
        for column in &stream.columns {
            let at = into.iter().position(|known| known.name.text == column.name.text);
            let value = match at {
                None => Some(Expr::null().cast(column.sql_type, true)),
                Some(at) => {
                    let value = assigned(given[at], column.sql_type);
                    if value.is_none() {
                        let error = SqlError::new(format!(
                            "{} cannot go into column `{}` of type {}",
                            given[at].sql_type, column.name.text, column.sql_type
                        ))
                        .help("make it one with CAST(… AS …)");
                        let place = if named { &insert.columns[at].span } else { &insert.into.span };
                        self.refuse(place, error);
                    }
                    value
                }
            };
            let Some(value) = value else {
                fits = false;
                continue;
            };
            let not_null = never_null(&value, &source);
            if column.not_null && !not_null {
                let error = SqlError::new(format!("column `{}` is NOT NULL, and its value may be", column.name.text))
                    .label("a row with NULL here would have to be refused")
                    .help("leave NOT NULL out, or select a value that is never NULL");
                self.refuse(&column.name.span, error);
            }
            attributes.push(Attribute { name: column.name.text.clone(), sql_type: column.sql_type, not_null });
            outputs.push(value);
        }
        let select = Select { input: rows.relation, filter: None, outputs };
        fits.then(|| self.add(&pump.name.text, attributes, Operator::Select(select)))
    }
}

/// Returns a column as a value of a type, where KDA assigns the one to the other.
fn assigned(column: &RowColumn, to: SqlType) -> Option<Expr> {
    let value = Expr::column(&column.attribute, column.sql_type);
    match (column.sql_type, to) {
        (from, to) if from == to => Some(value),
        (from, to) if from.is_numeric() && to.is_numeric() => Some(value.cast(to, false)),
        // What is too long is cut, as at the application's input.
        (SqlType::Varchar(from), SqlType::Varchar(length)) => Some(value.cast(to, from <= length)),
        (SqlType::Timestamp(_), SqlType::Timestamp(_)) => Some(value.cast(to, false)),
        _ => None,
    }
}
