//! What the names of an expression stand for.

use std::ops::Range;

use sqlparser::ast::{Expr, Ident, Spanned};

use super::super::{SqlError, SqlType};
use super::place::Places;
use super::rewrite::{Step, rewrite};
use super::tree::Name;

/// The name of the hidden column that holds the time of a row.
pub const ROWTIME: &str = "ROWTIME";

/// The column that expressions over one relation name for the time of its rows.
pub const INPUT_TIME: &str = "$input_time";
/// What `ROWTIME` without a qualifier becomes: the time of the row that is about to be made.
pub const OUTPUT_TIME: &str = "$output_time";

/// The names of everything in a FROM clause.
#[derive(Debug, Clone, Default)]
pub struct NameScope {
    /// Its items in order.
    pub items: Vec<ScopeItem>,
}

/// One item of a FROM clause.
#[derive(Debug, Clone)]
pub struct ScopeItem {
    /// What it is called, where it has a name.
    pub name: Option<String>,
    /// Its columns in order.
    pub columns: Vec<ScopeColumn>,
    /// The attribute that holds the time of its rows.
    pub row_time: String,
}

/// One column of an item.
#[derive(Debug, Clone)]
pub struct ScopeColumn {
    /// What it is called.
    pub name: String,
    /// The attribute of the relation that holds it.
    pub attribute: String,
    /// The type of its values.
    pub sql_type: SqlType,
    /// Whether `*` leaves it out.
    pub hidden: bool,
    /// Which field of the record of that name it is, where it is one.
    pub field: Option<String>,
}

impl ScopeColumn {
    fn is(&self, name: &str, field: Option<&str>) -> bool {
        self.name == name && self.field.as_deref() == field
    }
}

impl NameScope {
    /// Returns the expression with attributes in the place of names.
    pub fn resolve(&self, expr: &Expr, places: &Places<'_>) -> Result<Expr, SqlError> {
        let mut resolved = expr.clone();
        rewrite(&mut resolved, &mut |part| match part {
            Expr::Identifier(name) => self.unqualified(name, places).map(Step::with),
            Expr::CompoundIdentifier(parts) => self.qualified(parts, part, places).map(Step::with),
            _ => Ok(Step::Into),
        })?;
        Ok(resolved)
    }

    /// Returns the columns that `*` stands for, or those of one item.
    pub fn all(&self, of: Option<&Name>) -> Result<Vec<&ScopeColumn>, SqlError> {
        let items: Vec<&ScopeItem> = match of {
            None => self.items.iter().collect(),
            Some(name) => vec![self.item(&name.text, Some(name.span.clone()))?],
        };
        Ok(items.into_iter().flat_map(|item| &item.columns).filter(|column| !column.hidden).collect())
    }

    /// Returns every attribute that an expression may name, with its type.
    pub fn attributes(&self) -> Vec<(String, SqlType)> {
        let mut attributes: Vec<(String, SqlType)> = Vec::new();
        for column in self.items.iter().flat_map(|item| &item.columns) {
            if !attributes.iter().any(|(name, _)| *name == column.attribute) {
                attributes.push((column.attribute.clone(), column.sql_type));
            }
        }
        attributes
    }

    fn unqualified(&self, name: &Ident, places: &Places<'_>) -> Result<Expr, SqlError> {
        let found: Vec<&ScopeColumn> =
            self.items.iter().filter_map(|item| item.columns.iter().find(|column| column.name == name.value)).collect();
        match found.as_slice() {
            [column] => Ok(attribute(&column.attribute, name)),
            [] if name.value == ROWTIME => Ok(attribute(OUTPUT_TIME, name)),
            [] => Err(unknown(name, &self.items.iter().collect::<Vec<_>>()).at(places.range(name.span))),
            _ => Err(SqlError::new(format!("several of what is read have a column `{}`", name.value))
                .at(places.range(name.span))
                .label("which one is not clear")
                .help("write its name with that of its stream before it")),
        }
    }

    fn qualified(&self, parts: &[Ident], whole: &Expr, places: &Places<'_>) -> Result<Expr, SqlError> {
        if let Some(column) = self.field(parts) {
            let last = parts.last().unwrap_or(&parts[0]);
            return Ok(attribute(&column.attribute, last));
        }
        let [qualifier, name] = parts else {
            return Err(SqlError::new(format!("`{whole}` is no column"))
                .at(places.range(whole.span()))
                .help("a name has at most one qualifier; a field of a record has one more, such as t.r.COLUMN1"));
        };
        let item = self.item(&qualifier.value, places.range(qualifier.span))?;
        let column = item.columns.iter().find(|column| column.is(&name.value, None));
        match column {
            Some(column) => Ok(attribute(&column.attribute, name)),
            None if name.value == ROWTIME => Ok(attribute(&item.row_time, name)),
            None => Err(unknown(name, &[item]).at(places.range(name.span))),
        }
    }

    /// Finds the field of a record: `t.r.COLUMN1` or `r.COLUMN1`.
    fn field(&self, parts: &[Ident]) -> Option<&ScopeColumn> {
        let (item, record, field) = match parts {
            [item, record, field] => (Some(&item.value), record, field),
            [record, field] => (None, record, field),
            _ => return None,
        };
        let items = self.items.iter().filter(|known| item.is_none_or(|item| known.name.as_ref() == Some(item)));
        items.flat_map(|item| &item.columns).find(|column| column.is(&record.value, Some(&field.value)))
    }

    fn item(&self, name: &str, place: Option<Range<usize>>) -> Result<&ScopeItem, SqlError> {
        self.items.iter().find(|item| item.name.as_deref() == Some(name)).ok_or_else(|| {
            let known: Vec<&str> = self.items.iter().filter_map(|item| item.name.as_deref()).collect();
            SqlError::new(format!("nothing that is read here is called `{name}`"))
                .at(place)
                .label("unknown name")
                .legal(name, known)
        })
    }
}

/// A name that no column has.
fn unknown(name: &Ident, items: &[&ScopeItem]) -> SqlError {
    let columns = || {
        let all = items.iter().flat_map(|item| &item.columns);
        all.filter(|column| column.field.is_none()).map(|column| column.name.as_str())
    };
    let error = SqlError::new(format!("there is no column `{}`", name.value)).label("unknown column");
    let same = columns().find(|column| name.quote_style.is_none() && column.eq_ignore_ascii_case(&name.value));
    match same {
        Some(column) => error.help(format!("write \"{column}\": KDA reads a name without double quotes in upper case")),
        None => error.legal(&name.value, columns()),
    }
}

/// Returns the column that stands for a name, at the name's place.
pub(super) fn attribute(name: &str, at: &Ident) -> Expr {
    Expr::Identifier(Ident::with_quote_and_span('"', at.span, name))
}
