//! A KDA SQL application → relations: one for each stream of its own, and a query for each that leaves it.
//!
//! Owns what the statements of a text mean. May import what the rest of the plan may. Never reads text: the tree of it is
//! in the spec.

mod bindings;
mod from;
mod group;
mod insert;
mod join;
mod over;
mod rows;
mod select;
mod streams;
mod table_function;

use std::ops::Range;

use crate::spec::ApplicationSpec;
use crate::sql::kda::{Parsed, Places, Program, Typing, column_name, with_moments};
use crate::sql::{Expr, ExprKind, Literal, SqlError, SqlType};

use super::super::{Attribute, Clock, Operator, Query, RelationId};
use super::Building;
use bindings::Bound;
use streams::InApplication;

pub(in crate::plan) use bindings::outputs;

/// The type of KDA's moments.
const MOMENT: SqlType = SqlType::Timestamp(3);

/// Builds the relations of one application.
pub(super) struct Binder<'b, 'a> {
    building: &'b mut Building<'a>,
    spec: &'a ApplicationSpec,
    text: &'a str,
    places: Places<'a>,
    program: &'a Program,
    /// The streams of the program, in its order.
    streams: Vec<InApplication<'a>>,
    /// What it reads, by the names that it has for them.
    inputs: Vec<Bound>,
    /// What it writes, by the names that it has for them.
    outputs: Vec<Bound>,
}

impl<'a> Building<'a> {
    /// Builds an application. What it cannot be is a finding.
    pub(super) fn application(&mut self, spec: &'a ApplicationSpec) -> Option<Vec<Query>> {
        let streams = streams::declared(&spec.reading.program);
        let inputs = bindings::inputs(self.context.spec, spec);
        let outputs = outputs(self.context.spec, spec);
        let binder = Binder {
            building: self,
            spec,
            text: &spec.text.value,
            places: Places::new(&spec.text.value),
            program: &spec.reading.program,
            streams,
            inputs,
            outputs,
        };
        binder.queries()
    }
}

impl Binder<'_, '_> {
    /// Reports a mistake in the text.
    fn report(&self, error: SqlError) {
        self.building.context.application(error, self.spec);
    }

    /// Reports a mistake at a place of the text.
    fn refuse(&self, place: &Range<usize>, error: SqlError) {
        self.report(error.at(Some(place.clone())));
    }

    /// Passes a value on, or reports why there is none.
    fn check<T>(&self, found: Result<T, SqlError>) -> Option<T> {
        found.map_err(|error| self.report(error)).ok()
    }

    /// Returns the attribute that a key is: one that there is already, or another behind them, which is computed.
    fn key(
        &self,
        typing: &Typing<'_>,
        key: &Parsed,
        (attributes, computed): (&mut Vec<Attribute>, &mut Vec<Expr>),
    ) -> Option<usize> {
        let own = &attributes[..attributes.len() - computed.len()];
        let known = column_name(key).and_then(|name| own.iter().position(|attribute| attribute.name == name));
        if known.is_some() {
            return known;
        }
        let typed = with_moments(self.check(typing.plain(key, &self.places))?);
        let sql_type = typed.sql_type.unwrap_or(MOMENT);
        attributes.push(Attribute::new(unlike("$key", attributes), sql_type));
        computed.push(typed);
        Some(attributes.len() - 1)
    }

    fn add(&mut self, what: &str, attributes: Vec<Attribute>, operator: Operator) -> RelationId {
        let count = self.building.relations.len();
        let name = format!("{}:{what}:{count}", self.spec.name.value);
        self.building.add(name, attributes, Clock::Arrival, operator)
    }

    fn attributes(&self, relation: RelationId) -> &[Attribute] {
        &self.building.relations[relation].attributes
    }
}

/// Returns whether an expression always has a value.
fn never_null(expr: &Expr, attributes: &[Attribute]) -> bool {
    match &expr.kind {
        ExprKind::Column(name) => attributes.iter().any(|attribute| attribute.name == *name && attribute.not_null),
        ExprKind::WindowStart
        | ExprKind::WindowEnd
        | ExprKind::RowTime
        | ExprKind::IsNull(_)
        | ExprKind::IsNotNull(_) => true,
        ExprKind::Literal(literal) => *literal != Literal::Null,
        ExprKind::Cast { expr, .. } | ExprKind::Negate(expr) | ExprKind::Not(expr) => never_null(expr, attributes),
        ExprKind::Binary(left, _, right) => never_null(left, attributes) && never_null(right, attributes),
        _ => false,
    }
}

/// Returns a name that none of those taken has.
fn unlike(name: &str, taken: &[Attribute]) -> String {
    let mut unlike = name.to_owned();
    let mut count = 1;
    while taken.iter().any(|attribute| attribute.name == unlike) {
        count += 1;
        unlike = format!("{name}${count}");
    }
    unlike
}
