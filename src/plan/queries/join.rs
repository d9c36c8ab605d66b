//! Joins with other rows and with tables.

use crate::document::{Diagnostic, Spanned};
use crate::spec::{JoinSpec, On, QuerySpec};
use crate::sql::{Expr, ExprKind, Operator as Sign, Scope, SqlType, Visible, read_filter};

use super::super::relation::micros;
use super::super::{Attribute, Join, JoinKind, Lookup, Operator, RelationId};
use super::Building;

/// What a join is made of: the attributes of a pair, which of them are equal, and what else must hold.
struct Pairs {
    attributes: Vec<Attribute>,
    on: Vec<(usize, usize)>,
    filter: Option<Expr>,
}

/// The left side of a join: its rows, and its columns by the names of what they come from.
type Left<'q> = (RelationId, &'q mut Vec<Visible>);

impl Building<'_> {
    /// Adds the relation of a join.
    pub(super) fn join(&mut self, spec: &QuerySpec, left: Left<'_>, join: &JoinSpec) -> Option<RelationId> {
        let first = spec.joins.iter().find(|other| other.with.value == join.with.value)?;
        if first.with.span != join.with.span {
            self.context.add(
                Diagnostic::new(
                    format!("query `{}` joins with `{}` twice", spec.name.value, join.with.value),
                    join.with.span.clone(),
                )
                .label("the second")
                .other(first.with.span.clone(), "the first")
                .help("let a query of another name read it, and join with that"),
            );
            return None;
        }
        if self.tables.iter().any(|table| table.name == join.with.value) {
            return self.lookup(spec, left, join);
        }
        let streams = self.streams.iter().map(|stream| stream.name.as_str());
        let queries = self.context.spec.queries.iter().map(|query| query.name.value.as_str());
        let tables = self.tables.iter().map(|table| table.name.as_str());
        if !self.context.known("stream, query or table", &join.with, streams.chain(queries).chain(tables)) {
            return None;
        }
        let right = self.named(&join.with, spec)?;
        if join.after.is_none() && join.before.is_none() {
            self.context.add(
                Diagnostic::new(format!("the join with `{}` has no bounds", join.with.value), join.span.clone())
                    .label("`after` or `before` is needed here")
                    .help("say how far apart the times of a pair may be, such as `after = \"10m\"`"),
            );
            return None;
        }
        let (one, other) = (&self.relations[left.0], &self.relations[right]);
        if one.clock != other.clock {
            self.context.add(
                Diagnostic::new(
                    format!("`{}` goes by another time than what it is joined with", join.with.value),
                    join.with.span.clone(),
                )
                .label("one goes by event time, the other by arrival")
                .help("give both streams an `event_time`, or none"),
            );
            return None;
        }
        let clock = one.clock;
        let (left, qualified) = left;
        let Pairs { attributes, on, filter } = self.pairs((left, qualified), &other.attributes, join)?;
        let bound =
            |bound: &Option<Spanned<std::time::Duration>>| bound.as_ref().map_or(0, |bound| micros(bound.value));
        let operator = Operator::Join(Join {
            left,
            right,
            kind: if join.left { JoinKind::Left } else { JoinKind::Inner },
            before: bound(&join.before),
            after: bound(&join.after),
            on,
            filter,
            later: false,
        });
        Some(self.add(name(spec, join), attributes, clock, operator))
    }

    /// Adds the relation of a join with a table.
    fn lookup(&mut self, spec: &QuerySpec, (left, qualified): Left<'_>, join: &JoinSpec) -> Option<RelationId> {
        let table = self.tables.iter().find(|table| table.name == join.with.value)?;
        for bound in [&join.before, &join.after].into_iter().flatten() {
            self.context.add(
                Diagnostic::new(format!("a join with the table `{}` has no bounds", table.name), bound.span.clone())
                    .label("the rows of a table have no time")
                    .help("leave `before` and `after` out"),
            );
        }
        let Pairs { attributes, on, filter } = self.pairs((left, qualified), &table.columns, join)?;
        let kind = if join.left { JoinKind::Left } else { JoinKind::Inner };
        let operator = Operator::Lookup(Lookup { input: left, table: table.name.clone(), kind, on, filter });
        let clock = self.relations[left].clock;
        Some(self.add(name(spec, join), attributes, clock, operator))
    }

    /// Says what a join is made of, and adds what the right side is called.
    fn pairs(&self, (left, qualified): Left<'_>, right: &[Attribute], join: &JoinSpec) -> Option<Pairs> {
        let ours = &self.relations[left].attributes;
        let mut attributes = ours.clone();
        for attribute in right {
            let taken = ours.iter().any(|other| other.name == attribute.name);
            let name = if taken { format!("{}.{}", join.with.value, attribute.name) } else { attribute.name.clone() };
            let not_null = attribute.not_null && !join.left;
            let joined = Attribute { name, sql_type: attribute.sql_type, not_null };
            qualified.push(joined.qualified(&join.with.value, &attribute.name));
            attributes.push(joined);
        }
        let mut on = Vec::new();
        let mut rest = Vec::new();
        match &join.on {
            On::Columns(names) => {
                for name in names {
                    let known = |attributes: &[Attribute]| {
                        let names = attributes.iter().map(|attribute| attribute.name.as_str());
                        self.context.known("column", name, names);
                        attributes.iter().position(|attribute| attribute.name == name.value)
                    };
                    if let (Some(one), Some(other)) = (known(ours), known(right)) {
                        self.comparable(name, ours[one].sql_type, right[other].sql_type);
                        on.push((one, other));
                    }
                }
            }
            On::Condition(text) => {
                let columns: Vec<(String, SqlType)> =
                    attributes.iter().map(|attribute| (attribute.name.clone(), attribute.sql_type)).collect();
                let condition = match read_filter(&text.value, Scope { columns: &columns, qualified }) {
                    Ok(condition) => condition,
                    Err(error) => {
                        self.context.sql(error, text);
                        return None;
                    }
                };
                for part in conjuncts(condition) {
                    match equal_columns(&part, &attributes, ours.len()) {
                        Some(pair) => on.push(pair),
                        None => rest.push(part),
                    }
                }
                if on.is_empty() {
                    self.context.add(
                        Diagnostic::new(
                            "a join without an equality pairs every row with every other",
                            text.span.clone(),
                        )
                        .label("no column of one side equals one of the other")
                        .help(format!(
                            "add one, such as `{} = {}.{}`; columns of two types do not count",
                            ours.first().map_or("id", |attribute| &attribute.name),
                            join.with.value,
                            right.first().map_or("id", |attribute| &attribute.name),
                        )),
                    );
                    return None;
                }
            }
        }
        let filter = rest.into_iter().reduce(both);
        (!on.is_empty()).then_some(Pairs { attributes, on, filter })
    }

    fn comparable(&self, name: &Spanned<String>, left: SqlType, right: SqlType) {
        if left != right && !of_one_kind(left, Some(right)) {
            self.context.add(
                Diagnostic::new(
                    format!("`{}` has two types on the two sides of a join", name.value),
                    name.span.clone(),
                )
                .label(format!("{left} and {right}"))
                .help("let a query of its own make them one type with CAST(… AS …), and join with that"),
            );
        }
    }
}

fn name(spec: &QuerySpec, join: &JoinSpec) -> String {
    format!("{}:{}", spec.name.value, join.with.value)
}

/// Returns whether values of two types are equal where they look the same.
fn of_one_kind(one: SqlType, other: Option<SqlType>) -> bool {
    let text = |sql_type| matches!(sql_type, SqlType::Varchar(_));
    other.is_some_and(|other| (text(one) && text(other)) || (one.is_integer() && other.is_integer()))
}

/// Puts two conditions together.
pub(super) fn both(left: Expr, right: Expr) -> Expr {
    Expr::new(ExprKind::Binary(Box::new(left), Sign::And, Box::new(right)), SqlType::Boolean)
}

/// Takes a condition apart at its ANDs.
pub(super) fn conjuncts(condition: Expr) -> Vec<Expr> {
    match condition.kind {
        ExprKind::Binary(left, Sign::And, right) => {
            let mut parts = conjuncts(*left);
            parts.extend(conjuncts(*right));
            parts
        }
        kind => vec![Expr { kind, sql_type: condition.sql_type }],
    }
}

/// Returns the columns of a pair that a condition says are equal: by index on each side.
pub(super) fn equal_columns(condition: &Expr, attributes: &[Attribute], left: usize) -> Option<(usize, usize)> {
    let ExprKind::Binary(one, Sign::Equal, other) = &condition.kind else { return None };
    let index = |expr: &Expr| {
        // Texts of two lengths, and whole numbers of two, are compared as they are.
        let bare = match (&expr.kind, expr.sql_type) {
            (ExprKind::Cast { expr: inner, implicit: true }, Some(to)) if of_one_kind(to, inner.sql_type) => inner,
            _ => expr,
        };
        let ExprKind::Column(name) = &bare.kind else { return None };
        attributes.iter().position(|attribute| attribute.name == *name)
    };
    match (index(one)?, index(other)?) {
        (a, b) if a < left && b >= left => Some((a, b - left)),
        (a, b) if b < left && a >= left => Some((b, a - left)),
        _ => None,
    }
}
