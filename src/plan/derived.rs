//! Generated columns that are derived from others: computed, or looked up.

use std::path::Path;
use std::sync::Arc;

use crate::document::{Diagnostic, Spanned};
use crate::field::{Depends, From, Lookup, Way};
use crate::spec::FieldSpec;
use crate::sql::{Aggregates, Expr, Folding, Found, Space, SqlType, Visible, read_expr};

use super::resolve::Context;
use super::{Column, Computed, FromTable, Making, Origin, PREVIOUS, Stream, Table};

impl Context<'_> {
    /// Resolves `expression`.
    pub(super) fn computed(
        &self,
        spec: &FieldSpec,
        (text, per): (&Spanned<String>, Option<usize>),
        column: &Column,
        stream: &Stream,
    ) -> Option<Making> {
        let own = stream.columns.iter().map(|known| Visible::column(&known.name, known.sql_type));
        let before = stream.columns.iter().map(|known| Visible {
            path: vec![PREVIOUS.to_owned(), known.name.clone()],
            expr: Expr::column(&previous(&known.name), known.sql_type),
        });
        let visible: Vec<Visible> = own.chain(before).collect();
        let aggregates =
            Aggregates::Nowhere { place: "a generated column", why: "a generator sees one record and the one before" };
        let space = Space { names: &visible, folding: Folding::Lenient, aggregates };
        let expr = match read_expr(&text.value, &space, &mut Found::default()) {
            Ok(expr) => expr,
            Err(error) => {
                self.sql(error, text);
                return None;
            }
        };
        if let Some(found) = expr.sql_type.filter(|found| !takes(column.sql_type, *found)) {
            let message = format!("field `{}` does not fit its column of type {}", column.name, column.sql_type);
            self.conflict(spec, stream, message, format!("the expression is of type {found}"));
            return None;
        }
        let expr = expr.cast(column.sql_type, false);
        let mut named = Vec::new();
        expr.columns(&mut |name| named.push(name.to_owned()));
        let with = |name: &dyn Fn(&Column) -> String| -> Vec<usize> {
            (0..stream.columns.len()).filter(|index| named.contains(&name(&stream.columns[*index]))).collect()
        };
        let columns = with(&|column| column.name.clone());
        let mut before = with(&|column| previous(&column.name));
        let named_before = !before.is_empty();
        let own = before.iter().position(|index| stream.columns[*index].name == column.name);
        let own = own.map(|at| before.remove(at)).is_some();
        let place = spec.fixed.as_ref().or_else(|| spec.per.as_ref().map(|per| &per.span).filter(|_| !named_before));
        if let Some(place) = place {
            self.add(
                Diagnostic::new(format!("field `{}` is computed from its record", column.name), place.clone())
                    .label("this changes nothing")
                    .help(format!("leave it out: `per` says which record `{PREVIOUS}` means")),
            );
            return None;
        }
        Some(Making::Computed(Computed { expr, columns, previous: before, own, per }))
    }

    /// Resolves `lookup`.
    pub(super) fn looked_up(
        &self,
        spec: &FieldSpec,
        lookup: &Lookup,
        column: &Column,
        (stream, tables): (&Stream, &[Table]),
    ) -> Option<Making> {
        let key = match &lookup.key {
            None => None,
            Some(key) => Some(self.column("column", key, &stream.columns)?),
        };
        match &lookup.from {
            From::Table(name) => self.in_table(spec, (name, lookup, key), column, (stream, tables)),
            From::Generator(name) => self.in_generator(spec, (name, lookup, key), column, stream),
        }
    }

    fn in_table(
        &self,
        spec: &FieldSpec,
        (name, lookup, key): (&Spanned<String>, &Lookup, Option<usize>),
        column: &Column,
        (stream, tables): (&Stream, &[Table]),
    ) -> Option<Making> {
        self.known("table", name, tables.iter().map(|table| table.name.as_str()));
        let table = tables.iter().find(|table| table.name == name.value)?;
        let find = |wanted: &Spanned<String>| {
            self.known("column", wanted, table.columns.iter().map(|column| column.name.as_str()));
            table.columns.iter().position(|column| column.name == wanted.value)
        };
        let found = find(&lookup.column)?;
        if table.columns[found].sql_type != column.sql_type {
            self.differs(spec, stream, column, table.columns[found].sql_type);
            return None;
        }
        let by = match lookup.by.as_ref().or(lookup.key.as_ref()) {
            None => None,
            Some(by) => Some((find(by)?, by)),
        };
        let key = match (key, by) {
            (Some(key), Some((by, place))) => {
                let (one, other) = (stream.columns[key].sql_type, table.columns[by].sql_type);
                let exact = one.is_integer() || matches!(one, SqlType::Varchar(_) | SqlType::Date | SqlType::Boolean);
                if !(alike(one, other) && exact) {
                    self.add(
                        Diagnostic::new(
                            format!("a {one} is not looked up among values of type {other}"),
                            place.span.clone(),
                        )
                        .label("expected whole numbers, text, days or truth values on both sides"),
                    );
                    return None;
                }
                Some((key, by))
            }
            _ => None,
        };
        if table.is_in_s3() {
            self.add(
                Diagnostic::new(format!("table `{}` lies in S3", table.name), name.span.clone())
                    .label("a generator reads files of this machine")
                    .help("declare a second table with a copy of the file"),
            );
            return None;
        }
        let folder = Path::new(self.document.name()).parent().unwrap_or(Path::new(""));
        let path = folder.join(&table.file);
        Some(Making::Table(FromTable { table: table.clone(), path, key, column: found }))
    }

    fn in_generator(
        &self,
        spec: &FieldSpec,
        (name, lookup, key): (&Spanned<String>, &Lookup, Option<usize>),
        column: &Column,
        stream: &Stream,
    ) -> Option<Making> {
        let generators = &self.spec.generators;
        self.known("generator", name, generators.iter().map(|generator| generator.stream.value.as_str()));
        let generator = generators.iter().find(|generator| generator.stream.value == name.value)?;
        let fields = &generator.fields.value;
        self.known("column", &lookup.column, fields.iter().map(|field| field.column.value.as_str()));
        let found = fields.iter().find(|field| field.column.value == lookup.column.value)?;
        let (field, origin) = match &found.way {
            Way::Drawn(field) if found.per.is_none() && field.depends() == Depends::Pool && key.is_none() => {
                (field, None)
            }
            Way::Drawn(field) if found.fixed.is_some() => (field, key),
            _ => {
                let (label, help) = if key.is_none() {
                    ("these values are no pool", "look up a column of kind `pool`, or add `key`")
                } else {
                    (
                        "these values are not the same whenever their key comes again",
                        "give them `per` and `fixed = true`",
                    )
                };
                self.add(
                    Diagnostic::new(
                        format!("column `{}` of generator `{}` cannot be looked up", found.column.value, name.value),
                        lookup.column.span.clone(),
                    )
                    .label("in its records only")
                    .other(found.span.clone(), label)
                    .help(help),
                );
                return None;
            }
        };
        if found.fixed.is_some() && key.is_none() {
            self.add(
                Diagnostic::new(
                    format!("column `{}` of generator `{}` has a value for each key", found.column.value, name.value),
                    lookup.column.span.clone(),
                )
                .label("which one is meant?")
                .help("add `key` with the name of an own column that has the key"),
            );
            return None;
        }
        let declared = self.spec.streams.iter().find(|known| known.name.value == name.value);
        let columns = declared.and_then(|known| known.columns.as_ref()).map_or(&[][..], |columns| &columns.value);
        let of = |name: &str| {
            columns.iter().find(|known| known.name.value == name).map(|known| known.column_type.value.sql_type)
        };
        let theirs = of(&found.column.value)?;
        if let (Some(key), Some(by)) = (key, found.per.as_ref().and_then(|per| of(&per.value)))
            && !alike(stream.columns[key].sql_type, by)
        {
            let own = stream.columns[key].sql_type;
            let place = lookup.key.as_ref().map_or_else(|| lookup.column.span.clone(), |key| key.span.clone());
            self.add(
                Diagnostic::new(format!("a {own} is not looked up among values of type {by}"), place)
                    .label("its values are written otherwise than those of the key there"),
            );
            return None;
        }
        if theirs != column.sql_type {
            self.differs(spec, stream, column, theirs);
            return None;
        }
        let whose = Some(Origin { seed: generator.seed, column: found.column.value.clone() });
        let field = Arc::clone(field);
        Some(match origin {
            None => Making::Drawn { field, per: None, origin: whose },
            Some(per) => Making::Fixed { field, per, origin: whose },
        })
    }

    fn differs(&self, spec: &FieldSpec, stream: &Stream, column: &Column, found: SqlType) {
        let message = format!("field `{}` does not fit its column of type {}", column.name, column.sql_type);
        self.conflict(spec, stream, message, format!("what is looked up is of type {found}"));
    }
}

/// Returns whether equal values of two types are written alike.
fn alike(one: SqlType, other: SqlType) -> bool {
    one == other
        || one.is_integer() && other.is_integer()
        || matches!((one, other), (SqlType::Varchar(_), SqlType::Varchar(_)))
}

/// Returns what a column of the record before is called.
fn previous(column: &str) -> String {
    format!("{PREVIOUS}.{column}")
}

/// Returns whether values of a type go into a column of another: numbers into numbers, and everything into its own kind.
fn takes(column: SqlType, found: SqlType) -> bool {
    column == found
        || column.is_numeric() && found.is_numeric()
        || matches!(
            (column, found),
            (SqlType::Varchar(_), SqlType::Varchar(_)) | (SqlType::Timestamp(_), SqlType::Timestamp(_) | SqlType::Date)
        )
}
